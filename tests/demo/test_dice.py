"""Random numbers that depend on seed, stream and row only."""

from __future__ import annotations

import polars as pl
import pytest

from understudy.demo.dice import Dice, chosen, spread

ROWS = pl.DataFrame({"row": range(100_000)})
ROW = pl.col("row")


def test_the_bits_are_the_same_on_any_machine() -> None:
    """The first throws of two streams, written down once; in any order and chunk they are those."""
    thrown = ROWS.head(3).select(Dice(1).bits("a", ROW).alias("a"), Dice(1).bits("b", ROW).alias("b"))
    assert thrown["a"].to_list() == [1861670117909211827, 11528804819985847379, 9440725887208063136]
    assert thrown["b"].to_list() == [935399666238614137, 10995992017280177413, 14083776339810228143]
    backwards = ROWS.head(3).reverse().select(Dice(1).bits("a", ROW).alias("a")).reverse()
    assert backwards["a"].to_list() == thrown["a"].to_list()


def test_seeds_and_streams_differ() -> None:
    """Another seed or another stream throws something else in nearly every row."""
    thrown = ROWS.select(
        one=Dice(1).below("a", ROW, 1000), seed=Dice(2).below("a", ROW, 1000), stream=Dice(1).below("b", ROW, 1000)
    )
    for other in ("seed", "stream"):
        assert (thrown["one"] == thrown[other]).mean() == pytest.approx(0.001, abs=0.0005)


def test_throws_are_even() -> None:
    """Whole numbers, fractions and chances come out as often as they should."""
    dice = Dice(7)
    thrown = ROWS.select(below=dice.below("a", ROW, 10), unit=dice.unit("b", ROW), chance=dice.chance("c", ROW, 12.5))
    assert thrown["below"].value_counts()["count"].to_list() == pytest.approx([10_000] * 10, rel=0.05)
    assert thrown["unit"].mean() == pytest.approx(0.5, abs=0.005)
    assert 0 <= thrown["unit"].min() < thrown["unit"].max() < 1  # type: ignore[operator]
    assert thrown["chance"].mean() == pytest.approx(0.125, abs=0.005)


@pytest.mark.parametrize("of", [1, 2, 10, 18, 89, 1000])
def test_spread_gives_each_rank_its_own_place(of: int) -> None:
    """The places are the middles of equal parts, each taken once."""
    places = ROWS.head(of).select(spread(ROW, of)).to_series().sort().to_list()
    assert places == pytest.approx([(n + 0.5) / of for n in range(of)])


@pytest.mark.parametrize(("wanted", "of"), [(0, 5), (5, 5), (1, 18), (94, 100), (0, 0), (333, 1000)])
def test_chosen_chooses_exactly_so_many(wanted: int, of: int) -> None:
    """No more and no fewer, for every pair."""
    assert ROWS.head(of).select(chosen(ROW, wanted, of).alias("x").sum()).item() == wanted
