"""The mask `geo`."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer import maskers
from anonymizer.errors import PolicyError
from anonymizer.keys import Key
from anonymizer.maskers import Mask, Setting

Masked = Callable[..., list[str | None]]


KEY = Key(b"an example key of 32 bytes or so")


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["(45.0703,7.6869)", "(41.9028,12.4964)"]
    expected = ["(45.0959,7.7263)", "(41.8926,12.4942)"]
    assert masked("geo", values, {"km": 5}, kind="point") == expected


@given(st.floats(-90, 90).map(lambda x: round(x, 6)), st.floats(0.1, 500))
def test_nothing_moves_further_than_it_may(latitude: float, km: float) -> None:
    """At most so many kilometres, and never off the globe."""
    masker = maskers.build(Mask("geo", {"km": km, "axis": "lat"}), Setting(KEY, kind="number", base="float8"))
    assert masker is not None
    (out,) = masker.mask(pl.Series([f"{latitude:.6f}"]))
    assert abs(float(out)) <= 90
    assert abs(float(out) - latitude) <= km / 111 + 1e-6


def test_a_text_that_is_no_place_is_nowhere(masked: Masked) -> None:
    """It does not pass."""
    assert masked("geo", ["home"]) == ["0,0"]
    with pytest.raises(PolicyError, match="km above zero"):
        masked("geo", [], {"km": 0})
