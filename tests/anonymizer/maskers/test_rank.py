"""The mask `rank`."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from anonymizer import maskers
from anonymizer.keys import Key
from anonymizer.maskers import Mask, Setting

Masked = Callable[..., list[str | None]]


KEY = Key(b"an example key of 32 bytes or so")


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["17", "34", "35", "92"]
    expected = ["30", "56", "57", "166"]
    assert masked("rank", values, kind="number", base="int4") == expected


@given(st.lists(st.integers(-(2**28), 2**28), unique=True))
def test_order_survives_strictly(values: list[int]) -> None:
    """Whoever was third stays third; no two meet."""
    masker = maskers.build(Mask("rank"), Setting(KEY, kind="number", base="int4"))
    assert masker is not None
    out = masker.mask(pl.Series([str(value) for value in sorted(values)], dtype=pl.String)).to_list()
    images = [int(text) for text in out]
    assert images == sorted(set(images))


def test_decimals_too(masked: Masked) -> None:
    """At a numeric's own scale."""
    values = [f"{n / 100:.2f}" for n in range(-500, 500)]
    out = masked("rank", values, kind="number", base="numeric", precision=12, scale=2)
    images = [float(str(text)) for text in out]
    assert images == sorted(set(images))


def test_the_end_of_the_range_is_the_end(masked: Masked) -> None:
    """Beyond it numbers are cut, and never overflow."""
    assert masked("rank", [str(2**31 - 1), str(-(2**31))], kind="number", base="int4") == ["2147483647", "-2147483647"]
