"""The mask `noise`."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer import maskers
from anonymizer.errors import PolicyError
from anonymizer.keys import Key
from anonymizer.maskers import Mask, Masker, Setting

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


KEY = Key(b"an example key of 32 bytes or so")


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["1200.00", "38.50"]
    expected = ["1175.74", "42.08"]
    assert (
        masked(
            "noise",
            values,
            {"percent": 10, "min": 0},
            kind="number",
            base="numeric",
            precision=10,
            scale=2,
        )
        == expected
    )


@given(st.integers(-(2**31), 2**31 - 1), st.integers(1, 10**6))
def test_bounds_hold(value: int, amount: int) -> None:
    """Never further than the amount, never out of the type."""
    masker = maskers.build(Mask("noise", {"amount": amount}), Setting(KEY, kind="number", base="int4"))
    assert masker is not None
    (out,) = masker.mask(pl.Series([str(value)]))
    assert -(2**31) <= int(out) < 2**31
    assert abs(int(out) - value) <= amount


def test_the_mean_is_about_kept(masked: Masked) -> None:
    """Of ten thousand numbers, within a percent."""
    out = masked("noise", [str(n) for n in range(10_000)], {"percent": 20}, kind="number", base="int4")
    assert abs(sum(int(str(n)) for n in out) / 49_995_000 - 1) < 0.01


def test_min_and_max(masked: Masked) -> None:
    """Hold, whatever the noise."""
    out = masked("noise", ["1.00"] * 3, {"amount": 50, "min": 0.5, "max": 0.5}, kind="number", base="numeric", scale=2)
    assert out == ["0.50"] * 3
    assert masked("noise", ["NaN"], {"amount": 50}, kind="number", base="float8") == ["NaN"]


def test_one_must_say_how_far(masker: Made) -> None:
    """Amount or percent, not both and not none."""
    for options in ({}, {"amount": 1, "percent": 1}):
        with pytest.raises(PolicyError, match="one of the options"):
            masker("noise", options)
