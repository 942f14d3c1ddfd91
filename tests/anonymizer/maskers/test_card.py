"""The mask `card`."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from anonymizer import maskers
from anonymizer.errors import PolicyError
from anonymizer.keys import Key
from anonymizer.maskers import Mask, Masker, Setting

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


KEY = Key(b"an example key of 32 bytes or so")


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["4111 1111 1111 1111", "378282246310005"]
    expected = ["4501 3995 8217 9273", "328098914319610"]
    assert masked("card", values) == expected


@given(st.text("0123456789", min_size=11, max_size=18), st.integers(0, 8))
def test_valid_numbers_become_valid_ones(payload: str, keep: int) -> None:
    """python-stdnum, an independent judge, agrees; and the beginning stays as far as it was asked to."""
    masker = maskers.build(Mask("card", {"keep": keep}), Setting(KEY))
    assert masker is not None
    (out,) = masker.mask(pl.Series([payload + luhn.calc_check_digit(payload)]))
    assert luhn.is_valid(out)
    assert out[:keep] == payload[:keep]


def test_no_two_meet(masked: Masked) -> None:
    """Ten thousand neighbours, valid or not, have as many images."""
    assert len(set(masked("card", [f"411111111111{n:04d}" for n in range(10_000)]))) == 10_000


def test_too_much_cannot_be_kept(masker: Made) -> None:
    """Nothing would be left to mask."""
    with pytest.raises(PolicyError, match="between 0 and 8"):
        masker("card", {"keep": 12})
