"""Columns of another table that a mask needs beside a row: which, and how the source is asked for them.

The source joins them to the rows that it sends, in the same snapshot. So a chunk stays a value, memory stays bounded
whatever the other table's size, and nobody keeps anybody's name outside of the row that is being masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from anonymizer import maskers, subjects
from anonymizer.catalog import Column, ForeignKey, Table
from anonymizer.identifiers import TableName, quote
from anonymizer.maskers import DROP_ROWS, KEEP, Mask
from anonymizer.subjects import Step, Subject

if TYPE_CHECKING:
    from anonymizer.plan import ColumnPlan
    from anonymizer.policy import Policy

_FAMILIES = ({"text", "varchar"}, {"int2", "int4", "int8"})
"""Types that are compared as they are."""


@dataclass(frozen=True)
class Lookup:
    """Columns of the row of another table that a row refers to, directly or over others; NULL where it refers to none.

    Attributes:
        steps: for each table on the way, it as FROM names it, and how a row `c` of the one before refers to a row `p`
            of it, in SQL: to one at most.
        fields: the names of the columns at the end.
        columns: the same as that table's own plan has them, under the names by which masks know them.
    """

    steps: tuple[tuple[str, str], ...]
    fields: tuple[str, ...]
    columns: tuple[ColumnPlan, ...]

    def sql(self) -> str:
        """The row at the end of the way, its columns named f0, f1, ..., for a row `c` at its beginning."""
        fields = ", ".join(f"p.{quote(field)} AS f{n}" for n, field in enumerate(self.fields))
        *before, (relation, condition) = self.steps
        query = f"SELECT {fields} FROM {relation} p WHERE {condition}"
        for passed, condition in reversed(before):
            # within, the row that was come to is `c` for the next step
            query = f"SELECT i.* FROM (SELECT p.* FROM {passed} p WHERE {condition}) c CROSS JOIN LATERAL ({query}) i"
        return query


def joined(table: str, names: Sequence[str], lookups: Sequence[Lookup]) -> tuple[str, str]:
    """What to select of a table and from what, for its own columns and those of the lookups behind them.

    Args:
        table: as FROM names it. In what is returned it is `c`, and nothing else has a `ctid`.
        names: its own columns.
        lookups: the others.
    """
    selected, source = [f"c.{quote(name)}" for name in names], f"{table} c"
    for number, one in enumerate(lookups):
        source += f" LEFT JOIN LATERAL ({one.sql()}) l{number} ON true"
        selected += [f"l{number}.f{n}" for n in range(len(one.fields))]
    return ", ".join(selected), source


def columns(lookups: Iterable[Lookup]) -> tuple[ColumnPlan, ...]:
    """The columns that `joined` selects behind the table's own, in its order."""
    return tuple(column for lookup in lookups for column in lookup.columns)


def named(policy: Policy) -> Iterator[tuple[TableName, str, Subject]]:
    """Every subject that the masks of a policy name, with the table and the column whose texts it is about."""
    for name, entry in policy.tables.items():
        for column, mask in (*entry.columns.items(), *((("*", entry.rest),) if entry.rest else ())):
            yield from ((name, column, subject) for subject in _subjects(mask))


@dataclass(frozen=True)
class Lookups:
    """What can be looked up in a source by a policy."""

    policy: Policy
    tables: Mapping[TableName, Table]
    foreign_keys: Sequence[ForeignKey]

    def of(self, table: Table) -> tuple[Lookup, ...]:
        """What the masks of a table or a partition look up, each reference once; nothing of what does not fit."""
        root, wanted = self.tables[table.root], dict[str, list[Subject]]()
        for column in table.columns:
            mask = self.policy.tables[table.root].mask_of(column.name)
            for subject in _subjects(mask):
                if self.objection(root, subject) is None:
                    wanted.setdefault(subject.reference, []).append(subject)
        return tuple(self._lookup(root, some) for some in wanted.values())

    def _lookup(self, table: Table, some: Sequence[Subject]) -> Lookup:
        from anonymizer.plan import column_plan

        other, entry = self.tables[some[0].table], self.policy.tables[some[0].table]
        known = {column.name: column for column in other.columns}
        fields = tuple(dict.fromkeys(field for subject in some for field in subject.fields))
        plans = [column_plan(known[field], entry.mask_of(field) or Mask(KEEP)) for field in fields]
        names = [subjects.named(some[0].reference, field) for field in fields]
        steps, begin = [], table
        for step in some[0].steps:
            end = self.tables[step.table]
            relation = end.name.sql if end.partitioned else f"ONLY {end.name.sql}"
            steps.append((relation, self._condition(begin, step) or "false"))
            begin = end
        renamed = (replace(plan, name=name) for plan, name in zip(plans, names, strict=True))
        return Lookup(tuple(steps), fields, tuple(renamed))

    def objection(self, table: Table, subject: Subject) -> str | None:
        """Why a subject cannot be looked up from a table, as a clause; None where it can."""
        begin = table
        for step in subject.steps:
            if why := self._impassable(begin, step):
                return why
            begin = self.tables[step.table]
        entry = self.policy.tables.get(begin.name)
        if entry is not None and entry.drops_rows:
            return f"no rows of {begin.name} are copied"
        known = {column.name: column for column in begin.columns}
        for field in subject.fields:
            if why := self._unfit(known.get(field), entry.mask_of(field) if entry else None):
                return f"{begin.name}.{field} {why}"
        return None

    def _impassable(self, table: Table, step: Step) -> str | None:
        other, own = self.tables.get(step.table), {column.name for column in table.columns}
        if other is None:
            return f"there is no table {step.table}"
        if other.root != other.name:
            return f"{other.name} is a partition of {other.root}: name that"
        if other.foreign:
            return f"no rows of {other.name} are copied"
        if missing := [name for name in step.by if name not in own]:
            return f"{table.name} has no column {missing[0]}"
        if self._condition(table, step) is None:
            return f"no foreign key says to which row of {other.name} it refers, and its primary key is another"
        return None

    @staticmethod
    def _unfit(column: Column | None, mask: Mask | None) -> str | None:
        if column is None:
            return "does not exist"
        if column.generated:
            return "is generated: it is recomputed, not copied"
        if column.is_array:
            return "is an array"
        if mask is None or maskers.undecided(mask) or mask.name in (KEEP, DROP_ROWS):
            return None  # where it is not decided, that is a finding of its own
        return "looks at other columns itself" if maskers.find(mask.name).aside else None

    def _condition(self, table: Table, step: Step) -> str | None:
        """How a row `c` refers to one row `p` at most: by a declared foreign key, or else to the primary key."""
        for key in self.foreign_keys:
            declared = key.table == table.name and key.referenced == step.table
            # a key over periods refers to several rows: its last operator is not that of equality
            if declared and set(key.columns) == set(step.by) and key.equal:
                return " AND ".join(key.conditions)
        other = self.tables[step.table]
        types = {column.name: column.base for column in table.columns}
        keys = {column.name: column.base for column in other.columns}
        if len(other.key) != len(step.by) or not other.key:
            return None
        pairs = list(zip(other.key, step.by, strict=True))
        if not all(_comparable(keys[theirs], types[ours]) for theirs, ours in pairs):
            return None
        return " AND ".join(f"p.{quote(theirs)} = c.{quote(ours)}" for theirs, ours in pairs)


def _subjects(mask: Mask | None) -> tuple[Subject, ...]:
    return subjects.of(mask.options) if mask is not None and mask.name == "entity" else ()


def _comparable(one: str, other: str) -> bool:
    return one == other or any(one in family and other in family for family in _FAMILIES)
