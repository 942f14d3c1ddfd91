"""The mask `birth_date`."""

from __future__ import annotations

import datetime
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
    values = ["1985-07-14", "1989-12-31", "1990-01-01"]
    expected = ["1988-06-18", "1985-12-20", "1990-06-15"]
    assert masked("birth_date", values, {"band": 5}, kind="time", base="date") == expected


@given(st.dates(), st.integers(1, 100))
def test_the_band_is_kept(born: datetime.date, band: int) -> None:
    """Whatever the day and the band, the year stays within it."""
    masker = maskers.build(Mask("birth_date", {"band": band}), Setting(KEY, kind="time", base="date"))
    assert masker is not None
    (out,) = masker.mask(pl.Series([str(born).zfill(10)]))
    assert datetime.date.fromisoformat(out).year // band == born.year // band


def test_a_band_has_years(masker: Made) -> None:
    """A band of none means nothing; an interval has no birthday."""
    with pytest.raises(PolicyError, match="between 1 and 100"):
        masker("birth_date", {"band": 0})
    assert masker("birth_date", kind="time", base="interval").objection()
