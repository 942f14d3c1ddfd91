"""The policy laid over the catalog: what happens to each column, and everything that speaks against it.

Nothing is decided here by default. A column that the policy does not name is a finding, and a finding refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from anonymizer import catalog, demands, ends, maskers, suggest
from anonymizer.catalog import Column, ForeignKey, Table
from anonymizer.errors import CloneRefused
from anonymizer.finding import Finding
from anonymizer.identifiers import TableName
from anonymizer.keys import Key
from anonymizer.lookups import Lookup, Lookups, named
from anonymizer.maskers import DROP_ROWS, KEEP, UNKNOWN, Mask, Masker, Setting
from anonymizer.odds import weighted
from anonymizer.policy import Policy, TablePolicy

_NO_KEY = Key(bytes(32))
"""What a mask says of itself depends on no key."""

_SHOWN = 20
"""How many findings an error lists; the others are counted."""


class PolicyIncomplete(CloneRefused):
    """the policy does not fit the source"""


@dataclass(frozen=True)
class ColumnPlan:
    """What happens to a column, and what its mask must know of it."""

    name: str
    mask: Mask
    kind: str = "text"
    is_array: bool = False
    max_length: int | None = None
    cidr: bool = False
    base: str = ""
    precision: int | None = None
    scale: int | None = None
    fields: tuple[str, ...] = ()
    delimiter: str = ","

    def setting(self, key: Key, locale: str, codec: str) -> Setting:
        """Where the column's mask works."""
        return Setting(
            key,
            locale,
            self.kind,
            self.max_length,
            codec,
            self.cidr,
            self.base,
            self.precision,
            self.scale,
            self.fields,
        )

    @property
    def masked(self) -> bool:
        """Whether its values change."""
        return self.mask.name != KEEP


@dataclass(frozen=True)
class TablePlan:
    """What happens to a table.

    Attributes:
        columns: those that are copied, in the table's order.
        lookups: what its masks need of other tables.
    """

    table: Table
    columns: tuple[ColumnPlan, ...]
    drops_rows: bool
    lookups: tuple[Lookup, ...] = ()

    @property
    def name(self) -> TableName:
        """The table."""
        return self.table.name

    @property
    def masked(self) -> tuple[ColumnPlan, ...]:
        """The columns whose values change."""
        return tuple(column for column in self.columns if column.masked)


def lay(
    policy: Policy, tables: Sequence[Table], foreign_keys: Sequence[ForeignKey], *, partial: bool = False
) -> list[TablePlan]:
    """The plan for every table that holds rows.

    Args:
        policy: what may leave.
        tables: the tables, partitions among them.
        foreign_keys: what refers to what.
        partial: whether these are not all tables of the source, so that the policy may name others, and whether rows
            may come through a partitioned table, which then has a plan too: as in a dump.

    Raises:
        PolicyIncomplete: something speaks against it; all of it is listed.
    """
    found = findings(policy, tables, foreign_keys)
    if partial:
        found = [finding for finding in found if finding.kind != "gone" or finding.column is not None]
    if found:
        raise refusal(found)
    aligned = _aligned(tables, foreign_keys)
    lookups = Lookups(policy, {table.name: table for table in aligned}, foreign_keys)
    return [
        _plan(policy, table, lookups) for table in aligned if not table.foreign and (partial or not table.partitioned)
    ]


def fitting(
    policy: Policy, tables: Sequence[Table], foreign_keys: Sequence[ForeignKey], found: Sequence[Finding]
) -> list[TablePlan]:
    """The plans of the tables that hold rows and against which nothing was found."""
    refused = {finding.table for finding in found}
    aligned = _aligned(tables, foreign_keys)
    lookups = Lookups(policy, {table.name: table for table in aligned}, foreign_keys)
    return [
        _plan(policy, table, lookups)
        for table in aligned
        if not table.foreign
        and not table.partitioned
        and table.root in policy.tables
        and str(table.root) not in refused
    ]


def _plan(policy: Policy, table: Table, lookups: Lookups) -> TablePlan:
    entry = policy.tables[table.root]
    columns = tuple(
        column_plan(column, entry.mask_of(column.name) or Mask(UNKNOWN))
        for column in table.columns
        if not column.generated
    )
    return TablePlan(table, columns, entry.drops_rows, () if entry.drops_rows else lookups.of(table))


def column_plan(column: Column, mask: Mask) -> ColumnPlan:
    """What happens to a column by a mask."""
    return ColumnPlan(
        column.name,
        mask,
        column.kind,
        column.is_array,
        column.max_length,
        column.base == "cidr",
        column.base,
        column.precision,
        column.scale,
        column.fields,
        column.delimiter,
    )


@dataclass(frozen=True)
class Repetition:
    """How likely it is that a column repeats itself: how many values and outputs there are, and the odds in words."""

    values: int
    outputs: int
    odds: str


Counts = Mapping[tuple[TableName, str], Repetition]
"""The odds for columns whose values somebody counted."""


def findings(
    policy: Policy, tables: Sequence[Table], foreign_keys: Sequence[ForeignKey], counts: Counts | None = None
) -> list[Finding]:
    """Everything that speaks against cloning these tables by this policy, in the order of the tables.

    Args:
        policy: what may leave.
        tables: the tables, partitions among them.
        foreign_keys: what refers to what.
        counts: for the exact odds of a repetition; without them the planner's estimate of the rows does.
    """
    tables = _aligned(tables, foreign_keys)
    own = {table.name: _strictest(table, tables) for table in tables if table.name == table.root and not table.foreign}
    found = [item for table in own.values() for item in _of_table(policy, table, counts or {})]
    found += _lookups(policy, tables, foreign_keys)
    found += _gone(policy, tables)
    found += _subset(policy, tables)
    found += ends.differing(policy, foreign_keys, {table.name: table for table in tables})
    return found


def _aligned(tables: Sequence[Table], foreign_keys: Sequence[ForeignKey]) -> list[Table]:
    """The tables, every two columns of a foreign key with the shorter one's length: equal values stay equal."""
    roots = {table.name: table.root for table in tables}
    limits = {
        (table.root, column.name): column.max_length
        for table in tables
        for column in table.columns
        if column.max_length
    }
    pairs = [
        ((roots[key.table], ours), (roots[key.referenced], theirs))
        for key in foreign_keys
        if key.table in roots and key.referenced in roots
        for ours, theirs in zip(key.columns, key.referenced_columns, strict=True)
    ]
    changed = True
    while changed:
        changed = False
        for pair in pairs:
            known = [limits[end] for end in pair if end in limits]
            for end in pair:
                if known and limits.get(end) != min(known):
                    limits[end], changed = min(known), True

    def aligned(table: Table) -> Table:
        columns = (replace(c, max_length=limits.get((table.root, c.name), c.max_length)) for c in table.columns)
        return replace(table, columns=tuple(columns))

    return [aligned(table) for table in tables]


def _strictest(root: Table, tables: Sequence[Table]) -> Table:
    """A table as its strictest partition would have it: what holds in one of them must hold for the masks of all."""
    parts = [table for table in tables if table.root == root.name]

    def strictest(column: Column) -> Column:
        own = [other for part in parts for other in part.columns if other.name == column.name]
        return replace(
            column,
            unique=any(other.unique for other in own),
            not_null=any(other.not_null for other in own),
            partition_key=any(other.partition_key for other in own),
            demands=tuple(dict.fromkeys(demand for other in own for demand in other.demands)),
        )

    return replace(root, columns=tuple(strictest(column) for column in root.columns))


def _of_table(policy: Policy, table: Table, counts: Counts) -> Iterator[Finding]:
    entry = policy.tables.get(table.name)
    if entry is None:
        lines = "\n".join(f"{suggest.key(c.name)} = {suggest.line(c)}" for c in table.columns if not c.generated)
        names = ", ".join(column.name for column in table.columns)
        header = suggest.header(table.name)
        yield Finding("unnamed", str(table.name), None, f"the table is not named ({names})", f"{header}\n{lines}")
        return
    for column in table.columns:
        if not column.generated and not entry.drops_rows:
            recorded = policy.types.get(table.name, {}).get(column.name)
            yield from _of_column(entry, table, column, policy.locale, recorded, counts)
    yield from _circles(entry, table, policy.locale)
    known = {column.name for column in table.columns}
    for name in entry.columns:
        if name not in known:
            yield Finding("gone", str(table.name), name, "the policy names it, and the table has no such column")
        elif any(column.generated for column in table.columns if column.name == name):
            yield Finding("gone", str(table.name), name, "the column is generated: it is recomputed, not copied")


def _of_column(
    entry: TablePolicy, table: Table, column: Column, locale: str, recorded: str | None, counts: Counts
) -> Iterator[Finding]:
    def finding(kind: str, message: str, suggestion: str | None = None) -> Finding:
        return Finding(kind, str(table.name), column.name, message, suggestion)

    mask = entry.mask_of(column.name)
    suggestion = f"{suggest.key(column.name)} = {suggest.line(column)}"
    # before domains were recorded with the type below them, they were by their names alone
    if recorded is not None and recorded not in (catalog.described(column), column.below and column.type):
        yield finding(
            "retyped", f"its type was {recorded} and is {catalog.described(column)}: decide again, then record it"
        )
    if mask is None:
        yield finding("unnamed", f"the column is not named ({column.type})", suggestion)
    elif maskers.undecided(mask):
        inside = "" if mask.name == UNKNOWN else " inside the mask " + mask.name
        yield finding("unknown", f'the policy says "?"{inside}: somebody must decide', None if inside else suggestion)
    elif mask.name != KEEP:
        yield from _of_mask(finding, mask, column, locale, table, counts)


def _of_mask(
    finding: Callable[..., Finding], mask: Mask, column: Column, locale: str, table: Table, counts: Counts
) -> Iterator[Finding]:
    if column.kind not in maskers.find(mask.name).kinds:
        yield finding("unsuitable", f"the mask {mask.name} does not suit the type {column.type}")
        return
    if mask.name == "null" and column.not_null:
        yield finding("not-null", "the mask null, and the column is NOT NULL")
    if column.partition_key:
        yield finding("partition", "rows are put into partitions by it, and a masked value may belong into none")
    masker = maskers.build(mask, column_plan(column, mask).setting(_NO_KEY, locale, "utf-8"))
    assert masker is not None  # noqa: S101 - only `keep` has none
    if objection := masker.objection():
        yield finding("unsuitable", f"the mask {mask.name} {objection}")
    if why := _unlisted(mask, column):
        yield finding("unsuitable", why)
    if mask.options.get("unique") and column.kind != "text":
        yield finding("unsuitable", f"unique = true adds a text, and the type is {column.type}")
    elif mask.options.get("unique") and not masker.tagged:
        yield finding("unsuitable", f"unique = true adds a text, with which the output of {mask.name} means nothing")
    copied = {other.name for other in table.columns if not other.generated}
    copied |= {name for subject in masker.subjects for name in subject.names}  # see _lookups
    for other in (*masker.needs, *masker.follows):
        if other not in copied:
            yield finding("unsuitable", f"the mask {mask.name} looks at {other}, and no such column is copied")
    yield from _of_index(finding, masker, column, table.rows, counts.get((table.name, column.name)))


def _unlisted(mask: Mask, column: Column) -> str | None:
    """What a mask lists of an enum, and the enum does not; or the other way round, for one that takes what it lists."""
    if not column.labels:
        return None
    options, labels = mask.options, set(column.labels)
    makes = {
        "constant": [options.get("value")],
        "fpe": options.get("among", []),
        "generalize": [*options.get("map", {}).values(), options.get("others")],
    }.get(mask.name, [])
    if unknown := [str(label) for label in makes if label is not None and str(label) not in labels]:
        return f"the mask {mask.name} names {unknown[0]!r}, and the enum has no such label"
    if mask.name == "fpe" and (new := sorted(labels - set(map(str, makes)))):
        return f"the enum has the label {new[0]!r}, and the mask fpe does not list it"
    return None


def _of_index(
    finding: Callable[..., Finding], masker: Masker, column: Column, rows: int, counted: Repetition | None
) -> Iterator[Finding]:
    if column.unique and masker.name != "null" and not maskers.never_repeats(masker):
        yield _repeats(finding, masker, column, rows, counted)
        return
    if column.unique and column.loose and not maskers.plainly_apart(masker):
        yield finding("unique", f"its collation holds texts for equal that differ, and the mask {masker.name} does not")
    for demand in column.demands:
        if why := demands.unmet(demand, column.name, masker):
            yield finding("unique", why)


def _circles(entry: TablePolicy, table: Table, locale: str) -> Iterator[Finding]:
    """Masks that wait for each other's output."""
    follows: dict[str, tuple[str, ...]] = {}
    for column in table.columns:
        mask = entry.mask_of(column.name)
        if mask is None or mask.name in (KEEP, DROP_ROWS) or maskers.undecided(mask):
            continue
        if maskers.find(mask.name).aside:
            masker = maskers.build(mask, column_plan(column, mask).setting(_NO_KEY, locale, "utf-8"))
            follows[column.name] = masker.follows if masker else ()
    try:
        TopologicalSorter(follows).prepare()
    except CycleError as error:
        names = ", ".join(dict.fromkeys(error.args[1]))
        yield Finding("unsuitable", str(table.name), error.args[1][0], f"these masks wait for each other: {names}")


def _repeats(
    finding: Callable[..., Finding], masker: Masker, column: Column, rows: int, counted: Repetition | None
) -> Finding:
    message = f"the column is unique, and the mask {masker.name} repeats itself"
    known = counted
    if known is None and (spread := maskers.spread(masker)):
        known = Repetition(rows, sum(spread.values()), weighted(rows, spread))
    if known is not None:
        what = "rows" if counted is None else "different values"
        message += f": {known.outputs:,} outputs for {known.values:,} {what}, so some value comes twice with odds of "
        message += known.odds
    line = None
    if column.kind == "text" and masker.tagged and not masker.mask_options.get("unique"):
        line = f'{suggest.key(column.name)} = {{ mask = "{masker.name}", unique = true }}'
    return finding("unique", message, line)


def _lookups(policy: Policy, tables: Sequence[Table], foreign_keys: Sequence[ForeignKey]) -> Iterator[Finding]:
    """People of other tables that texts name must be found there."""
    by_name = {table.name: table for table in tables}
    lookups = Lookups(policy, by_name, foreign_keys)
    for name, column, subject in named(policy):
        if name in by_name and (why := lookups.objection(by_name[name], subject)):
            yield Finding("unsuitable", str(name), column, f"the mask entity looks at {subject}: {why}")


def _gone(policy: Policy, tables: Sequence[Table]) -> Iterator[Finding]:
    by_name = {table.name: table for table in tables}
    for name in policy.tables:
        table = by_name.get(name)
        if table is None:
            yield Finding("gone", str(name), None, "the policy names it, and the source has no such table")
        elif table.root != name:
            yield Finding("partition", str(name), None, f"it is a partition: the entry of {table.root} covers it")


def _subset(policy: Policy, tables: Sequence[Table]) -> Iterator[Finding]:
    """Rows can be chosen of a table that has a policy of its own, and rows that are copied."""
    by_name = {table.name: table for table in tables}
    for name in policy.subset:
        table = by_name.get(name)
        if table is None:
            message = "the subset names it, and the source has no such table"
        elif table.root != name:
            message = f"the subset names it, and it is a partition: name {table.root}"
        elif table.foreign or policy.tables.get(name, TablePolicy()).drops_rows:
            message = "the subset names it, and none of its rows are copied"
        else:
            continue
        yield Finding("subset", str(name), None, message)


def refusal(found: Sequence[Finding]) -> PolicyIncomplete:
    """The error that lists findings, with what would settle them."""
    shown = [f"{f.table}{'.' + f.column if f.column else ''}: {f.message}" for f in found[:_SHOWN]]
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    undecided = f'= "{UNKNOWN}"'
    lines = [
        f.suggestion
        for f in found[:_SHOWN]
        if f.suggestion and (f.kind == "literal" or not f.suggestion.endswith(undecided))
    ]
    hint = "Run `understudy policy check` for the whole list."
    if lines:
        hint = "Decide, and write for example:\n" + "\n".join(lines)
    return PolicyIncomplete(detail="; ".join(shown) + more + ".", hint=hint)
