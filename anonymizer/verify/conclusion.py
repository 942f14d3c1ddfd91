"""Everything that was found, put together: counts, and a sentence for each thing that speaks against the clone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from anonymizer.catalog import Connection
from anonymizer.identifiers import TableName
from anonymizer.plan import TablePlan
from anonymizer.policy import Policy
from anonymizer.verify import disclosure, promised
from anonymizer.verify.check import Piece
from anonymizer.verify.model import ColumnCheck, Disclosure, Elsewhere, TableCheck, Verification
from anonymizer.verify.promised import Beside
from anonymizer.verify.record import Memory
from anonymizer.verify.scan import Search
from anonymizer.verify.tokens import Hashes, distinct

CATALOG = "catalog"
_CATALOG_TEXTS = """
SELECT description FROM pg_catalog.pg_description WHERE objoid >= 16384 OR classoid = 'pg_namespace'::regclass
UNION ALL SELECT description FROM pg_catalog.pg_shdescription d
    WHERE d.classoid = 'pg_database'::regclass
    AND d.objoid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
UNION ALL SELECT enumlabel::text FROM pg_catalog.pg_enum
UNION ALL SELECT pg_catalog.pg_get_expr(adbin, adrelid) FROM pg_catalog.pg_attrdef
UNION ALL SELECT prosrc FROM pg_catalog.pg_proc WHERE oid >= 16384
UNION ALL SELECT pg_catalog.pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint WHERE oid >= 16384
UNION ALL SELECT pg_catalog.pg_get_viewdef(oid) FROM pg_catalog.pg_class WHERE relkind IN ('v', 'm') AND oid >= 16384
UNION ALL SELECT pg_catalog.pg_get_expr(polqual, polrelid) FROM pg_catalog.pg_policy
UNION ALL SELECT pg_catalog.pg_get_indexdef(indexrelid) FROM pg_catalog.pg_index WHERE indexrelid >= 16384
"""
"""Whatever is written in the clone and is no row: comments, labels, defaults, bodies, conditions."""


def count(connection: Connection, table: TableName) -> int:
    """A table's own rows."""
    row = connection.execute(f"SELECT count(*) FROM ONLY {table.sql}".encode()).fetchone()
    assert row is not None  # noqa: S101 - an aggregate has a row
    return int(row[0])


def pages(connection: Connection, table: TableName) -> int:
    """How many blocks a table has."""
    row = connection.execute(
        "SELECT pg_catalog.pg_relation_size(%s::regclass) / current_setting('block_size')::bigint", [table.sql]
    ).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has a row
    return int(row[0])


def draw(
    plans: Sequence[TablePlan],
    policy: Policy,
    memory: Memory,
    expected: dict[TableName, int],
    pieces: Sequence[Piece],
    search: Search,
    held: tuple[int, list[str]],
    clone: Connection,
) -> Verification:
    """The verdict; `held` is what `integrity.Held` returned.

    Raises:
        psycopg.Error: a catalog or a table could not be read.
    """
    tables = tuple(sorted((_table(plan, memory, expected, pieces) for plan in plans), key=lambda check: check.table))
    roots = {plan.name: plan.table.root for plan in plans}
    elsewhere = tuple(_elsewhere(memory, policy, [*pieces, _catalog(search, clone)], roots))
    checked, broken = held
    crowds = tuple(disclosure.declared(clone, policy.quasi_identifiers))
    problems = [
        *(problem for check in tables for problem in _problems(check)),
        *(_leak(found) for found in elsewhere if found.values and found.accepted is None),
        *broken,
        *_lonely(crowds, policy.k),
    ]
    return Verification(tables, checked, tuple(problems), elsewhere, crowds)


def with_others(found: Verification, results: Sequence[Beside], alone: Sequence[Disclosure]) -> Verification:
    """A verdict with what came of laying both sides beside each other, and with the crowds of single columns.

    Of tables that lack rows their count is said, and not what else differs for it.
    """
    short = {check.table for check in found.tables if check.rows != check.expected_rows}
    rows = tuple(check for compared, _ in results for check in compared)
    checks = promised.merged(check for _, made in results for check in made)
    problems = [
        *(f"{check.table}.{check.column}: {said} (mask {check.mask})" for check in rows for said in check.said),
        *(
            f"{check.table}{'' if check.column == '*' else '.' + check.column}: {check.said} (mask {check.mask})"
            for check in checks
            if check.verdict == "broken" and check.table not in short
        ),
    ]
    crowds = sorted([*found.disclosure, *alone], key=lambda crowd: (crowd.table, len(crowd.columns), crowd.columns))
    problems = [*found.problems, *problems]
    return replace(found, problems=tuple(problems), promises=checks, rows=rows, disclosure=tuple(crowds))


def _catalog(search: Search, clone: Connection) -> Piece:
    """The clone's catalog as one more text."""
    found = Piece(TableName("", CATALOG))
    texts = [str(row[0]) for row in clone.execute(_CATALOG_TEXTS) if row[0]]
    for owner, hashes in search.owners(search.look(pl.Series(texts, dtype=pl.String)).value).items():
        found.leaks[CATALOG, owner].append(hashes)
    return found


def _table(plan: TablePlan, memory: Memory, expected: dict[TableName, int], pieces: Sequence[Piece]) -> TableCheck:
    own = [piece for piece in pieces if piece.table == plan.name]
    columns = []
    for column in () if plan.drops_rows else plan.masked:
        number = memory.number(plan.name, column.name)
        values = sum(len(np.load(path, mmap_mode="r")) for path in memory.folder.glob(f"{number}.*.values.npy"))
        survivors = _different(own, "survivors", column.name)
        coincidences = _different(own, "coincidences", column.name)
        columns.append(ColumnCheck(column.name, column.mask.name, values, survivors, coincidences))
    return TableCheck(plan.name, expected[plan.name], sum(piece.rows for piece in own), tuple(columns))


def _different(pieces: Sequence[Piece], what: str, column: str) -> int:
    """How many different values of a column there are over all pieces, group by group."""
    groups: dict[str, list[Hashes]] = defaultdict(list)
    for piece in pieces:
        for name, some in getattr(piece, what).items():
            if name.rpartition(".")[0] == column:
                groups[name] += some
    return sum(_count(some) for some in groups.values())


def _count(some: Sequence[Hashes]) -> int:
    return len(distinct(np.concatenate(some))) if some else 0


def _elsewhere(
    memory: Memory, policy: Policy, pieces: Sequence[Piece], roots: Mapping[TableName, TableName]
) -> Iterator[Elsewhere]:
    """What stands elsewhere, by the names that a policy has: a partition goes by its table's."""
    found: dict[tuple[str, str], tuple[list[Hashes], list[Hashes]]] = defaultdict(lambda: ([], []))
    for piece in pieces:
        for place, kind in ((piece.leaks, 0), (piece.excused, 1)):
            for (column, owner), some in place.items():
                where = column if column == CATALOG else f"{roots[piece.table]}.{column}"
                found[where, _name(memory, owner, roots)][kind].extend(some)
    for (where, owner), (leaks, excused) in sorted(found.items()):
        # no policy accepts a canary
        accepted = None if owner.startswith("canary ") else policy.reason(where, owner)
        yield Elsewhere(where, owner, _count(leaks), _count(excused), accepted)


def _name(memory: Memory, owner: str, roots: Mapping[TableName, TableName]) -> str:
    if owner.startswith("canary-"):
        return f"canary {int(owner.removeprefix('canary-')) + 1}"
    table, column = memory.owners[int(owner)]
    return f"{roots[table]}.{column}"


def _leak(found: Elsewhere) -> str:
    if found.of.startswith("canary "):
        return f"{found.column}: {found.of} stands in it"
    return f"{found.column}: {found.values} original values of {found.of} stand in it"


def _lonely(crowds: Iterable[Disclosure], k: int) -> Iterator[str]:
    for crowd in crowds:
        if crowd.declared and crowd.rows and crowd.k < k:
            names = ", ".join(crowd.columns)
            yield f"{crowd.table}: by {names} the smallest group has {crowd.k} rows, and k is {k}"


def _problems(check: TableCheck) -> Iterator[str]:
    if check.rows != check.expected_rows:
        yield f"{check.table}: {check.rows} rows, and {check.expected_rows} were expected"
    for column in check.columns:
        if column.survivors:
            yield (
                f"{check.table}.{column.column}: {column.survivors} of {column.values} original values survive "
                f"(mask {column.mask})"
            )
