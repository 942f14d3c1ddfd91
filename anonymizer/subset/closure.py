"""Which rows come, by rules of sets alone: no database, no values, only numbers of rows and pairs of them.

A row is a number in its table; a reference is pairs of numbers, a row and one that it refers to. The rules:

1. Chosen. Rows of named tables are chosen by their rule. A named table that refers, be it over others, to another
   named table is limited by it: of its chosen rows those come that belong to a row that came that way, and those that
   refer to no row of such tables at all.
2. Up. Everything a row refers to comes with it, and everything that refers to, whatever the table, in circles too.
3. Down. Of a table that refers, be it over others, to a named one, those rows come that belong: a row that refers to
   one that was chosen or belongs itself (not to one that only came up), and to none in these tables that cannot come.
   Whatever nothing forbids can come, so that an order and its last payment, which refer to each other, both do.
4. Beside. Every other table has all rows that refer to nothing that is left out. They bring nothing in.

So every reference of a row that comes is satisfied, by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

import polars as pl

from anonymizer.identifiers import TableName

CHOSEN, BELONGS, REFERRED, BESIDE = "chosen", "belongs", "referred", "beside"


@dataclass(frozen=True)
class Edge:
    """References of one table to another (or itself) by one constraint.

    Attributes:
        constraint: its name.
        pairs: columns `child` and `parent`, numbers of rows.
    """

    constraint: str
    child: TableName
    parent: TableName
    pairs: pl.DataFrame


@dataclass(frozen=True)
class Reason:
    """Why rows of a table came.

    Attributes:
        kind: chosen by the table's own rule; belongs to rows of `table`; referred to by rows of `table`; beside.
        table, constraint: the other end, None where there is none.
        rows: how many came for this reason first.
    """

    kind: str
    table: TableName | None
    constraint: str | None
    rows: int


@dataclass(frozen=True)
class Closed:
    """What comes of a table: a boolean for each row, and why."""

    rows: pl.Series
    reasons: tuple[Reason, ...]


def close(
    sizes: Mapping[TableName, int], edges: Sequence[Edge], chosen: Mapping[TableName, pl.Series]
) -> dict[TableName, Closed]:
    """Which rows of each table come.

    Args:
        sizes: how many rows each table has.
        edges: every reference between these tables.
        chosen: of each named table, a boolean for each row: whether its rule chooses it.
    """
    closure = _Closure(sizes, sorted(edges, key=lambda edge: (edge.child, edge.constraint, edge.parent)), chosen)
    return closure.run()


def below(starts: Iterable[TableName], links: Sequence[tuple[TableName, TableName]]) -> set[TableName]:
    """The tables given and all that refer to them, be it over others. A link is (child, parent)."""
    found, waiting = set(starts), list(starts)
    children: dict[TableName, set[TableName]] = {}
    for child, parent in links:
        children.setdefault(parent, set()).add(child)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def above(starts: Iterable[TableName], links: Sequence[tuple[TableName, TableName]]) -> set[TableName]:
    """The tables given and all that they refer to, be it over others."""
    return below(starts, [(parent, child) for child, parent in links])


def circles(tables: Iterable[TableName], links: Sequence[tuple[TableName, TableName]]) -> list[frozenset[TableName]]:
    """Tables put together that refer to each other in circles, parents before children."""
    inner = set(tables)
    within = [(child, parent) for child, parent in links if child in inner and parent in inner]
    together = {table: frozenset(below([table], within) & above([table], within)) for table in inner}
    waits: dict[frozenset[TableName], set[frozenset[TableName]]] = {group: set() for group in together.values()}
    for child, parent in sorted(within):
        if together[child] != together[parent]:
            waits[together[child]].add(together[parent])
    return list(TopologicalSorter(waits).static_order())


class _Closure:
    def __init__(
        self, sizes: Mapping[TableName, int], edges: Sequence[Edge], chosen: Mapping[TableName, pl.Series]
    ) -> None:
        self._sizes, self._edges, self._chosen = sizes, edges, chosen
        self._links = [(edge.child, edge.parent) for edge in edges]
        self._restricted = below(chosen, self._links)
        self._can: dict[TableName, pl.Series] = {}
        self._owned = {table: self._all(table, False) for table in self._restricted}
        self._reasons: dict[TableName, list[Reason]] = {table: [] for table in sizes}

    def run(self) -> dict[TableName, Closed]:
        for group in circles(self._restricted, self._links):
            self._down(group)
        reduced = above(self._restricted, self._links)
        come = {table: self._all(table, False) for table in reduced} | {
            table: rows.clone() for table, rows in self._owned.items()
        }
        self._up(come, self._edges, note=True)
        come |= self._beside(come)
        return {table: Closed(rows, tuple(self._reasons[table])) for table, rows in come.items()}

    def _all(self, table: TableName, value: bool) -> pl.Series:
        return pl.repeat(value, self._sizes[table], dtype=pl.Boolean, eager=True)

    def _note(self, table: TableName, kind: str, rows: int, edge: Edge | None = None) -> None:
        """Count rows that came for a reason: `edge` is the reference, of which the table is one end."""
        other = None if edge is None else (edge.parent if kind == BELONGS else edge.child)
        constraint = None if edge is None else edge.constraint
        reasons = self._reasons[table]
        for at, known in enumerate(reasons):
            if (known.kind, known.table, known.constraint) == (kind, other, constraint):
                reasons[at] = Reason(kind, other, constraint, known.rows + rows)
                return
        if rows:
            reasons.append(Reason(kind, other, constraint, rows))

    def _down(self, group: frozenset[TableName]) -> None:
        """Rules 1 and 3 for tables in a circle (mostly one table), everything above them being done."""
        inside = [edge for edge in self._edges if edge.child in group and edge.parent in group]
        outside = [
            edge
            for edge in self._edges
            if edge.child in group and edge.parent in self._restricted and edge.parent not in group
        ]
        can = {table: self._all(table, True) for table in group}
        for edge in outside:
            can[edge.child].scatter(_children(edge, ~self._can[edge.parent]), False)
        _shrink(can, inside)
        named = sorted(table for table in group if table in self._chosen)
        for table in named:
            self._owned[table] = self._start(table, can[table], outside)
            self._note(table, CHOSEN, int(self._owned[table].sum()))
        if named:
            up = {table: self._owned[table].clone() for table in group}
            self._up(up, inside)
            # of a named table only what was chosen and what that brings can come
            can |= {table: up[table] for table in named}
            _shrink(can, inside)
        self._can |= can
        for edge in outside:
            self._belong(edge)
        while any([self._belong(edge) for edge in inside]):  # noqa: C419 - each of them, every time
            pass

    def _start(self, table: TableName, can: pl.Series, outside: Sequence[Edge]) -> pl.Series:
        """Rule 1 for a named table."""
        mine = [edge for edge in outside if edge.child == table]
        free = self._all(table, True)
        for edge in mine:
            free.scatter(edge.pairs.get_column("child"), False)
        for edge in mine:
            free.scatter(_children(edge, self._owned[edge.parent]), True)
        return self._chosen[table] & can & free

    def _belong(self, edge: Edge) -> bool:
        """Rule 3 for a reference: whether more rows came."""
        if edge.child in self._chosen:
            return False
        owned = self._owned[edge.child]
        rows = _children(edge, self._owned[edge.parent])
        fresh = rows.filter(self._can[edge.child].gather(rows) & ~owned.gather(rows)).unique()
        owned.scatter(fresh, True)
        self._note(edge.child, BELONGS, len(fresh), edge)
        return len(fresh) > 0

    def _up(self, come: dict[TableName, pl.Series], edges: Sequence[Edge], *, note: bool = False) -> None:
        """Rule 2: add to rows all that they refer to."""
        changed = set(come)
        while changed:
            looked, changed = changed, set()
            for edge in edges:
                if edge.child not in looked and edge.child not in changed:
                    continue
                if edge.child not in come or not come[edge.child].any():
                    continue
                parents = edge.pairs.get_column("parent").filter(
                    come[edge.child].gather(edge.pairs.get_column("child"))
                )
                fresh = parents.filter(~come[edge.parent].gather(parents)).unique()
                if len(fresh):
                    come[edge.parent].scatter(fresh, True)
                    changed.add(edge.parent)
                    if note:
                        self._note(edge.parent, REFERRED, len(fresh), edge)

    def _beside(self, come: Mapping[TableName, pl.Series]) -> dict[TableName, pl.Series]:
        """Rule 4."""
        can = {table: self._all(table, True) for table in self._sizes if table not in come}
        for edge in self._edges:
            if edge.child in can and edge.parent in come:
                can[edge.child].scatter(_children(edge, ~come[edge.parent]), False)
        _shrink(can, [edge for edge in self._edges if edge.child in can and edge.parent in can])
        for table, rows in can.items():
            self._note(table, BESIDE, int(rows.sum()))
        return can


def _children(edge: Edge, parents: pl.Series) -> pl.Series:
    """The rows that refer to one of these."""
    return edge.pairs.get_column("child").filter(parents.gather(edge.pairs.get_column("parent")))


def _shrink(can: Mapping[TableName, pl.Series], edges: Sequence[Edge]) -> None:
    """Leave out rows that refer to what is left out, until none does."""
    changed = {edge.parent for edge in edges}
    while changed:
        looked, changed = changed, set()
        for edge in edges:
            if edge.parent not in looked and edge.parent not in changed:
                continue
            rows = _children(edge, ~can[edge.parent])
            lost = rows.filter(can[edge.child].gather(rows))
            if len(lost):
                can[edge.child].scatter(lost, False)
                changed.add(edge.child)
