"""What a policy should know and the catalog does not tell: the paths inside of documents, by samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from anonymizer import arrays, documents, maskers, sampling, suggest
from anonymizer.catalog import Column, Connection, Table
from anonymizer.finding import Finding
from anonymizer.identifiers import TableName
from anonymizer.maskers import KEEP, Mask
from anonymizer.policy import Policy

_SHOWN = 20
"""How many new paths of one column are listed."""

Paths = Mapping[TableName, Mapping[str, Sequence[str]]]


def inside(connection: Connection, policy: Policy, tables: Sequence[Table], sample: int) -> Iterator[Finding]:
    """New paths in documents: those that samples have and that no rule of the column's mask names.

    A mask that names no path and no key at all treats every document alike, and has no new ones. Where documents are
    kept, be it below a path, what is new is what was not there when somebody recorded what was.

    Args:
        connection: a session that reads.
        policy: what may leave.
        tables: of the source, partitions among them.
        sample: how many rows of each table to look at; 0 for none.
    """
    for table, column, mask, values in _documents(connection, policy, tables, sample):
        if _names_parts(mask):
            yield from _unnamed(table, column, mask, values)
        recorded = policy.paths.get(table.name, {}).get(column.name)
        if recorded is not None and column.kind == "json":
            yield from _unseen(table, column, sorted(set(_kept(mask, values)) - recorded))


def kept(connection: Connection, policy: Policy, tables: Sequence[Table], sample: int) -> Paths:
    """What stands inside of documents where they are kept, and no rule names: by table and column, with samples."""
    found: dict[TableName, dict[str, list[str]]] = {}
    for table, column, mask, values in _documents(connection, policy, tables, sample):
        if column.kind == "json" and _keeps(mask):
            known = policy.paths.get(table.name, {}).get(column.name, frozenset())
            found.setdefault(table.name, {})[column.name] = sorted(known | set(_kept(mask, values)))
    return found


def _documents(
    connection: Connection, policy: Policy, tables: Sequence[Table], sample: int
) -> Iterator[tuple[Table, Column, Mask, Sequence[str]]]:
    """The columns in which paths matter, with some of their documents."""
    for table in tables if sample else ():
        entry = policy.tables.get(table.name)
        if table.name != table.root or table.foreign or entry is None or entry.drops_rows:
            continue
        watched = [
            (column, mask)
            for column in table.columns
            if not column.generated
            and (mask := entry.mask_of(column.name))
            and (_names_parts(mask) or (column.kind == "json" and _keeps(mask)))
        ]
        if watched:
            values = sampling.values(connection, sampling.parts_of(table, tables), [c for c, _ in watched], sample)
            for column, mask in watched:
                found = values[column.name]
                if column.is_array:
                    found = [item for value in found for _, item in arrays.tokens(value, column.delimiter) if item]
                yield table, column, mask, found


def _names_parts(mask: Mask) -> bool:
    return mask.name in ("json", "hstore") and bool(mask.options.get("paths") or mask.options.get("keys"))


def _rules(mask: Mask) -> list[object]:
    """What a json mask does by each of its rules, in the order in which they hold."""
    return [*mask.options.get("paths", {}).values(), *mask.options.get("keys", {}).values()]


def _is_keep(spec: object) -> bool:
    return maskers.parse(spec).name == KEEP


def _keeps(mask: Mask) -> bool:
    """Whether a document keeps anything by this mask."""
    inner = mask.name == "json" and any(map(_is_keep, (*_rules(mask), mask.options["others"])))
    return mask.name == KEEP or inner


def _kept(mask: Mask, values: Sequence[str]) -> list[str]:
    """The paths of what is kept without being named: below a path that is, or anywhere if all is kept."""
    if mask.name == KEEP:
        return documents.unnamed([], [], values)
    if not _keeps(mask):
        return []
    paths, keys = [*mask.options.get("paths", ())], [*mask.options.get("keys", ())]
    by = {number for number, spec in enumerate(_rules(mask)) if _is_keep(spec)}
    of = {*by, None} if _is_keep(mask.options["others"]) else by
    named = set(paths)
    found = documents.reached(paths, keys, of, values)
    return [path for path in found if path not in named and not path.endswith(tuple(map(documents.step, keys)))]


def _unnamed(table: Table, column: Column, mask: Mask, values: Sequence[str]) -> Iterator[Finding]:
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


def _unseen(table: Table, column: Column, found: Sequence[str]) -> Iterator[Finding]:
    for path in found[:_SHOWN]:
        message = f"the path {path} stands in samples and is kept, and was not there when somebody recorded what is"
        yield Finding("json-path", str(table.name), column.name, message)
    if len(found) > _SHOWN:
        message = f"{len(found) - _SHOWN} more paths stand in samples that are kept and not recorded"
        yield Finding("json-path", str(table.name), column.name, message)
