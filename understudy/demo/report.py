"""The report: one HTML page that holds everything it shows, for whoever must decide whether a clone may be used.

The page loads nothing: no script, no font, no image; its own Content-Security-Policy forbids it. Every text passes
through the template's escaping, names of tables above all: they come from a database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from understudy.demo.figures import Figure, Figures
from understudy.demo.plot import Pair, Plot, paired_bars

_TELLING_SECONDS = 0.05
"""A rate over less time than this says more about the clock than about the work."""


@dataclass(frozen=True)
class ClonedTable:
    """A table of the clone. `seconds` are those of the workers, `columns` are (name, mask) in the table's order."""

    table: str
    rows: int
    bytes: int
    seconds: float
    columns: Sequence[tuple[str, str]]
    dropped: bool = False

    @property
    def kept(self) -> list[str]:
        """The columns that arrived as they were."""
        return [column for column, mask in self.columns if mask == "keep"]

    @property
    def masked(self) -> list[tuple[str, str]]:
        """The columns that were masked, with their masks."""
        return [(column, mask) for column, mask in self.columns if mask != "keep"]

    @property
    def rate(self) -> float | None:
        """Rows per second; None where it was too quick to tell."""
        return self.rows / self.seconds if self.seconds >= _TELLING_SECONDS and self.rows else None


@dataclass(frozen=True)
class CheckedColumn:
    """What the leak check found of a masked column: see `anonymizer.verify.ColumnCheck`."""

    table: str
    column: str
    mask: str
    values: int
    survivors: int
    coincidences: int


@dataclass(frozen=True)
class LeakCheck:
    """The leak check. `problems` are sentences; empty when nothing speaks against the clone."""

    columns: Sequence[CheckedColumn]
    rows: int
    constraints: int
    problems: Sequence[str] = ()

    @property
    def survivors(self) -> int:
        """How many original values stand in the clone."""
        return sum(column.survivors for column in self.columns)

    @property
    def values(self) -> int:
        """How many different original values were looked for."""
        return sum(column.values for column in self.columns)


@dataclass(frozen=True)
class SchemaDifference:
    """One difference between the two schemas, each side as text."""

    kind: str
    path: str
    attribute: str
    source: str
    target: str


@dataclass(frozen=True)
class SchemaParity:
    """The answer (`same`, `differ`, `cannot tell`), how many objects each side has, the differences and notes."""

    answer: str
    objects: tuple[int, int]
    differences: Sequence[SchemaDifference] = ()
    notes: Sequence[str] = ()

    @property
    def same(self) -> bool:
        """Whether the two schemas are the same."""
        return self.answer == "same"


@dataclass(frozen=True)
class ReportInput:
    """Everything that the report shows.

    Attributes:
        made: when the clone was made.
        source, target: what the two databases are called; never with a password.
        server: the source's version, for example `PostgreSQL 18.1`.
        seconds: wall time of each step, by its name, in order.
        attestation: facts of the signed record, by name: fingerprints, digests, the file.
        left_out: what of the source is not in the clone.
    """

    made: datetime
    source: str
    target: str
    server: str
    version: str
    tables: Sequence[ClonedTable]
    leaks: LeakCheck
    parity: SchemaParity
    source_figures: Figures
    target_figures: Figures
    seconds: Mapping[str, float]
    attestation: Mapping[str, str] = field(default_factory=dict)
    left_out: Sequence[str] = ()

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def bytes(self) -> int:
        """Bytes read from all tables."""
        return sum(table.bytes for table in self.tables)

    @property
    def clone_seconds(self) -> float:
        """How long the clone took, all its steps."""
        return sum(self.seconds.values())

    @property
    def rate(self) -> float | None:
        """Rows per second of the step that loads them, all workers together; None where it was too quick to tell."""
        seconds = self.seconds.get("load", 0)
        return self.rows / seconds if seconds >= _TELLING_SECONDS else None

    @property
    def figures(self) -> list[tuple[Figure, Figure | None]]:
        """Each figure of the source with the target's of the same name, None where it lacks it."""
        theirs = {figure.name: figure for figure in self.target_figures.figures}
        return [(figure, theirs.get(figure.name)) for figure in self.source_figures.figures]

    @property
    def figures_equal(self) -> int:
        """How many figures are equal on both sides, counts and all."""
        return sum(ours == theirs for ours, theirs in self.figures)

    @property
    def proven(self) -> bool:
        """Whether the clone is what it must be: nothing leaked, one schema, all figures equal."""
        return not self.leaks.problems and not self.leaks.survivors and self.parity.same and same_figures(self)


def same_figures(given: ReportInput) -> bool:
    """Whether every figure and every step of the funnel is the same on both sides."""
    return given.source_figures == given.target_figures


def render(given: ReportInput) -> str:
    """The page."""
    environment = Environment(
        loader=PackageLoader("understudy.demo", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": _number, "size": _size, "duration": _duration}
    return environment.get_template("report.html").render(given=given, plots=_plots(given))


def write(given: ReportInput, path: Path) -> None:
    """Write the page to a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".new")
    aside.write_text(render(given), encoding="utf-8")
    aside.replace(path)


def _plots(given: ReportInput) -> dict[str, Plot]:
    shares = [_pair(ours, theirs) for ours, theirs in given.figures if ours.unit == "%"]
    times = [_pair(ours, theirs) for ours, theirs in given.figures if ours.unit != "%"]
    return {
        "shares": paired_bars("Business figures in percent, source and target", shares, end=Decimal(100), unit=" %"),
        "times": paired_bars("Average completion time in hours, source and target", times, unit=" h"),
        "funnel": paired_bars("Users who reached each step of the onboarding, source and target", _funnel(given)),
    }


def _pair(ours: Figure, theirs: Figure | None) -> Pair:
    value, text = (theirs.value, theirs.text) if theirs else (None, "missing")
    return Pair(ours.name, ours.value, value, ours.text, text, ours == theirs)


def _funnel(given: ReportInput) -> list[Pair]:
    ours, theirs = _reached(given.source_figures), _reached(given.target_figures)
    return [
        Pair(
            label,
            count,
            theirs.get(label),
            _number(count),
            _number(theirs[label]) if label in theirs else "missing",
            count == theirs.get(label),
        )
        for label, count in ours.items()
    ]


def _reached(figures: Figures) -> dict[str, Decimal]:
    """How many users came how far."""
    reached = {"began": Decimal(figures.funnel[0].entered)} if figures.funnel else {}
    return reached | {f"{step.number} {step.name}": Decimal(step.finished) for step in figures.funnel}


def _number(value: float | Decimal) -> str:
    return f"{value:,.0f}"


def _size(value: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:,.0f} {unit}" if unit == "bytes" else f"{value:,.1f} {unit}"


def _duration(seconds: float) -> str:
    if seconds < 0.95:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
