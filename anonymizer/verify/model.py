"""What a verification finds. Counts and names only: no value of a row is ever in it."""

from __future__ import annotations

from dataclasses import dataclass, field

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


@dataclass(frozen=True)
class Verification:
    """Everything that was checked. `problems` is empty when the clone is what it must be."""

    tables: tuple[TableCheck, ...]
    constraints: int
    problems: tuple[str, ...]
    elsewhere: tuple[Elsewhere, ...] = ()
    disclosure: tuple[Disclosure, ...] = ()
    integrity: dict[str, int] = field(default_factory=dict)

    @property
    def survivors(self) -> int:
        """How many original values survive: in their own columns, and in others."""
        own = sum(column.survivors for table in self.tables for column in table.columns)
        return own + sum(found.values for found in self.elsewhere if found.accepted is None)

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against the clone."""
        return not self.problems
