"""What a verification finds. Counts and names only: no value of a row is ever in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from anonymizer.identifiers import TableName


@dataclass(frozen=True)
class ColumnCheck:
    """What was found of one masked column.

    Attributes:
        values: how many different values the source has.
        survivors: how many different ones of them stand in the clone's column and can only be the originals.
        coincidences: how many stand in the clone's column and could be the mask's own.
    """

    column: str
    mask: str
    values: int
    survivors: int
    coincidences: int


@dataclass(frozen=True)
class TableCheck:
    """What was found of one table. `expected_rows` is what the policy makes of the source's rows."""

    table: TableName
    expected_rows: int
    rows: int
    columns: tuple[ColumnCheck, ...]


@dataclass(frozen=True)
class Elsewhere:
    """Originals of one column that stand in another.

    Attributes:
        column: the column of the clone, as `schema.table.column`; or `catalog` for comments, defaults and the like.
        of: whose originals, likewise; `canary N` for the N-th canary.
        values: how many different ones can only be the originals.
        coincidences: how many could be made by the mask of the column where they stand.
        accepted: the policy's reason to let them, None where it gives none.
    """

    column: str
    of: str
    values: int
    coincidences: int = 0
    accepted: str | None = None


@dataclass(frozen=True)
class Disclosure:
    """How well people hide in a crowd, by some columns of a table taken together.

    Attributes:
        k: the size of the smallest group of rows that agree in all of them; 0 for an empty table.
        unique: how many rows are alone.
        groups: how many combinations there are.
        smallest: the sizes of the smallest groups, ascending.
        declared: whether the policy names them as quasi-identifiers.
    """

    table: TableName
    columns: tuple[str, ...]
    rows: int
    k: int
    unique: int
    groups: int
    smallest: tuple[int, ...]
    declared: bool

    @property
    def unique_share(self) -> float:
        """The share of rows that are alone."""
        return self.unique / self.rows if self.rows else 0.0

    def record(self) -> dict[str, Any]:
        """The same for a JSON document."""
        return {
            "table": str(self.table),
            "columns": list(self.columns),
            "declared": self.declared,
            "rows": self.rows,
            "groups": self.groups,
            "k": self.k,
            "unique": self.unique,
            "unique_share": round(self.unique_share, 6),
            "smallest": list(self.smallest),
        }


@dataclass(frozen=True)
class PromiseCheck:
    """One thing that a mask promises to leave of a column's distribution.

    Attributes:
        column: the column; "*" for how the columns of one row belong together.
        mask: its mask, `keep` where it is kept.
        promise: in one word (docs/commands/verify.md).
        verdict: "held", "broken", or "unasked" where the source has values of which nothing is promised, or too many.
        said: why it is broken, as half a sentence; else empty.
    """

    table: TableName
    column: str
    mask: str
    promise: str
    verdict: str
    said: str = ""

    def record(self) -> dict[str, Any]:
        """The same for a JSON document; why it is broken stands among the problems."""
        return {
            "table": str(self.table),
            "column": self.column,
            "mask": self.mask,
            "promise": self.promise,
            "verdict": self.verdict,
        }


@dataclass(frozen=True)
class RowCheck:
    """Rows of a masked column beside those they were made of, found by a primary key that is kept.

    Attributes:
        rows: how many were compared.
        same: how many have the value that they had.
        values: how many different originals they have.
        stayed: how many of these stand in a row that had them.
        expected: how many the odds of the mask leave, at most; None where nobody can say.
        said: what cannot be chance, as sentences without their full stop.
    """

    table: TableName
    column: str
    mask: str
    rows: int
    same: int
    values: int
    stayed: int
    expected: float | None
    said: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """The same for a JSON document; what cannot be chance stands among the problems."""
        return {
            "table": str(self.table),
            "column": self.column,
            "rows": self.rows,
            "same": self.same,
            "values": self.values,
            "stayed": self.stayed,
            "expected": self.expected,
        }


@dataclass(frozen=True)
class Verification:
    """Everything that was checked. `problems` is empty when the clone is what it must be."""

    tables: tuple[TableCheck, ...]
    constraints: int
    problems: tuple[str, ...]
    elsewhere: tuple[Elsewhere, ...] = ()
    disclosure: tuple[Disclosure, ...] = ()
    promises: tuple[PromiseCheck, ...] = ()
    rows: tuple[RowCheck, ...] = ()

    @property
    def survivors(self) -> int:
        """How many original values survive: in their own columns, and in others."""
        own = sum(column.survivors for table in self.tables for column in table.columns)
        return own + sum(found.values for found in self.elsewhere if found.accepted is None)

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the clone."""
        return not self.problems
