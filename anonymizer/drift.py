"""What a policy should know and the catalog does not tell: the paths inside of documents, by samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from anonymizer import arrays, documents, sampling, suggest
from anonymizer.catalog import Column, Connection, Table
from anonymizer.maskers import Mask
from anonymizer.plan import Finding
from anonymizer.policy import Policy

_SHOWN = 20
"""How many new paths of one column are listed."""


def inside(connection: Connection, policy: Policy, tables: Sequence[Table], sample: int) -> Iterator[Finding]:
    """New paths in documents: those that samples have and that no rule of the column's mask names.

    A mask that names no path and no key at all treats every document alike, and has no new ones.

    Args:
        connection: a session that reads.
        policy: what may leave.
        tables: of the source, partitions among them.
        sample: how many rows of each table to look at; 0 for none.
    """
    for table in tables if sample else ():
        entry = policy.tables.get(table.name)
        if table.name != table.root or table.foreign or entry is None or entry.drops_rows:
            continue
        watched = [
            (column, mask)
            for column in table.columns
            if not column.generated and (mask := entry.mask_of(column.name)) and _names_parts(mask)
        ]
        if watched:
            values = sampling.values(connection, sampling.parts_of(table, tables), [c for c, _ in watched], sample)
            for column, mask in watched:
                yield from _of_column(table, column, mask, values[column.name])


def _names_parts(mask: Mask) -> bool:
    return mask.name in ("json", "hstore") and bool(mask.options.get("paths") or mask.options.get("keys"))


def _of_column(table: Table, column: Column, mask: Mask, values: Sequence[str]) -> Iterator[Finding]:
    if column.is_array:
        values = [element for value in values for _, element in arrays.tokens(value, column.delimiter) if element]
    if mask.name == "hstore":
        from anonymizer.maskers.hstore import pairs

        keys = {key for value in values for key, _ in pairs(value) if not documents.is_data(key)}
        found = sorted(keys - set(mask.options["keys"]))
        kind, word = "hstore-key", "key"
    else:
        found = documents.unnamed([*mask.options.get("paths", ())], [*mask.options.get("keys", ())], values)
        kind, word = "json-path", "path"
    for place in found[:_SHOWN]:
        message = f"the {word} {place} stands in samples, and no rule of its mask names it"
        yield Finding(kind, str(table.name), column.name, message, f'{suggest.toml(place)} = "?"')
    if len(found) > _SHOWN:
        message = f"{len(found) - _SHOWN} more {word}s stand in samples that no rule of its mask names"
        yield Finding(kind, str(table.name), column.name, message)
