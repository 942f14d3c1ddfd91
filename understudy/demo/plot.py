"""The geometry of a plot of paired bars; the template turns it into SVG, so that all text passes its escaping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH = 760
LEFT, RIGHT = 190, 640
"""Where the bars begin, and where the end of the scale is. What is right of it belongs to the values."""

BAR, GAP, ROW = 13, 3, 46
TOP, BOTTOM = 8, 26


@dataclass(frozen=True)
class Pair:
    """One thing, measured on both sides; None where there is nothing to divide by. The texts are those values'."""

    label: str
    source: Decimal | None
    target: Decimal | None
    source_text: str
    target_text: str
    equal: bool


@dataclass(frozen=True)
class Bar:
    """One bar: its place and length in pixels, which side it is of, and its value as text."""

    y: float
    length: float
    side: str
    text: str


@dataclass(frozen=True)
class Row:
    """One pair: the height of its label's middle and its two bars."""

    label: str
    y: float
    bars: tuple[Bar, Bar]
    equal: bool


@dataclass(frozen=True)
class Tick:
    """A line of the scale and what stands below it."""

    x: float
    text: str


@dataclass(frozen=True)
class Plot:
    """A plot, ready to be drawn. `title` is what a screen reader says of it."""

    title: str
    height: int
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    width: int = WIDTH
    left: int = LEFT
    right: int = RIGHT
    bar: int = BAR
    top: int = TOP

    @property
    def bottom(self) -> int:
        """Where the scale ends."""
        return self.height - BOTTOM


def paired_bars(title: str, pairs: Sequence[Pair], *, end: Decimal | None = None, unit: str = "") -> Plot:
    """Lay out two bars for each pair.

    Args:
        title: what the plot shows, in a sentence.
        pairs: from top to bottom.
        end: the end of the scale; the next round number above all values when None.
        unit: written after the numbers of the scale.
    """
    values = [value for pair in pairs for value in (pair.source, pair.target) if value is not None]
    limit = end or round_up(max(values, default=Decimal(0)))
    rows = tuple(_row(pair, TOP + ROW * place, limit) for place, pair in enumerate(pairs))
    ticks = tuple(
        Tick(LEFT + float(part) / 4 * (RIGHT - LEFT), f"{_plain(limit * part / 4)}{unit}") for part in range(5)
    )
    return Plot(title, TOP + ROW * len(pairs) + BOTTOM, rows, ticks)


def _row(pair: Pair, top: float, limit: Decimal) -> Row:
    first = top + (ROW - 2 * BAR - GAP) / 2

    def bar(value: Decimal | None, text: str, side: str, y: float) -> Bar:
        share = min(1.0, float((value or 0) / limit))
        return Bar(y, round(share * (RIGHT - LEFT), 1), side, text)

    bars = (
        bar(pair.source, pair.source_text, "source", first),
        bar(pair.target, pair.target_text, "target", first + BAR + GAP),
    )
    return Row(pair.label, top + ROW / 2, bars, pair.equal)


def round_up(value: Decimal) -> Decimal:
    """The least of 1, 2, 4, 6, 8 or 10 times a power of ten that is not below the value; 1 for zero."""
    if value <= 0:
        return Decimal(1)
    power = Decimal(10) ** value.adjusted()
    return next(factor * power for factor in map(Decimal, (1, 2, 4, 6, 8, 10)) if factor * power >= value)


def _plain(number: Decimal) -> str:
    """`0`, `25`, `2,500`, `1.5`: without an exponent and without zeros after the point."""
    text = f"{number:,.2f}".rstrip("0").rstrip(".")
    return text or "0"
