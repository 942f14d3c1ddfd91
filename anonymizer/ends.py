"""The two ends of a foreign key: masked alike, or the reference dangles in the clone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from anonymizer import maskers
from anonymizer.catalog import Column, ForeignKey, Table
from anonymizer.finding import Finding
from anonymizer.identifiers import TableName
from anonymizer.maskers import DROP_ROWS, KEEP, Mask
from anonymizer.policy import Policy, TablePolicy


def differing(
    policy: Policy, foreign_keys: Sequence[ForeignKey], tables: Mapping[TableName, Table]
) -> Iterator[Finding]:
    """What is wrong with references under a policy, each constraint once."""
    seen = set()
    for key in foreign_keys:
        table, referenced = tables.get(key.table), tables.get(key.referenced)
        if table is None or referenced is None:
            continue
        ours, theirs = policy.tables.get(table.root), policy.tables.get(referenced.root)
        if ours is None or theirs is None or ours.drops_rows or (table.root, key.name) in seen:
            continue
        seen.add((table.root, key.name))
        if theirs.drops_rows and not _all_null(ours, key):
            message = f"it refers to {referenced.root}, whose rows are dropped (foreign key {key.name})"
            yield Finding("foreign-key", str(table.root), key.columns[0], message)
        elif not theirs.drops_rows:
            yield from _pairs(ours, theirs, key, table, referenced)


def _all_null(entry: TablePolicy, key: ForeignKey) -> bool:
    masks = [entry.mask_of(column) for column in key.columns]
    return any(mask is not None and mask.name == "null" for mask in masks)


def _pairs(
    ours: TablePolicy, theirs: TablePolicy, key: ForeignKey, table: Table, referenced: Table
) -> Iterator[Finding]:
    if _all_null(ours, key):
        if key.full and not all(mask and mask.name == "null" for mask in map(ours.mask_of, key.columns)):
            message = f"a key of MATCH FULL is NULL in all columns or in none (foreign key {key.name})"
            yield Finding("foreign-key", str(table.root), key.columns[0], message)
        return
    for column, referenced_column in zip(key.columns, key.referenced_columns, strict=True):
        mine, other = ours.mask_of(column), theirs.mask_of(referenced_column)
        if mine == other and mine is not None and mine.name not in (KEEP, DROP_ROWS) and not maskers.undecided(mine):
            ends = ((table, column), (referenced, referenced_column))
            if why := _told_apart(mine, *(_column(*end) for end in ends), loose=key.loose):
                message = f"it refers to {referenced.root}.{referenced_column}, {why} (foreign key {key.name})"
                yield Finding("foreign-key", str(table.root), column, message)
        if mine is not None and other is not None and mine != other:
            message = (
                f"its mask is {mine}, that of {referenced.root}.{referenced_column}, to which it refers, is {other} "
                f"(foreign key {key.name})"
            )
            yield Finding("foreign-key", str(table.root), column, message)


_ALIKE = {"varchar": "text", "bpchar": "text", "name": "text", "int2": "whole", "int4": "whole", "int8": "whole"}


def _told_apart(mask: Mask, mine: Column, other: Column, *, loose: bool) -> str | None:
    """Why a mask may make two of values that the two ends of a reference hold for equal; None where it does not."""
    if mask.name == "null":
        return None
    if maskers.find(mask.name).aside:
        return f"and the mask {mask.name} looks at other columns, which differ there"
    if loose and mine.kind == "text" and mask.name != "constant":
        return "whose collation holds texts for equal that are not the same, and masks tell them apart"
    if _form(mine) != _form(other):
        return "whose type writes equal values in another way, so that masks tell them apart"
    return None


def _column(table: Table, name: str) -> Column:
    return next(column for column in table.columns if column.name == name)


def _form(column: Column) -> tuple[str, int | None]:
    """How a column's type writes its values: two of one form write equal values alike."""
    if column.base == "numeric" and column.scale == 0:
        return "whole", None
    return _ALIKE.get(column.base, column.base), column.scale
