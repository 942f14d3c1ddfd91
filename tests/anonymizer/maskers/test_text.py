"""The mask `text`."""

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
    values = ["Called Maria at 10:30.", "Called Anna at 10:30."]
    expected = ["Wpnomg Fjhde nq 16:72.", "Izvfgo Bruw sz 58:94."]
    assert masked("text", values) == expected


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=60))
def test_the_shape_is_kept(value: str) -> None:
    """As many characters; capitals, digits, spaces where they were, nothing outside ASCII."""
    masker = maskers.build(Mask("text"), Setting(KEY))
    assert masker is not None
    (out,) = masker.mask(pl.Series([value]))
    assert len(out) == len(value)
    assert out.isascii()
    for before, after in zip(value, out, strict=True):
        if before.isascii():
            assert (before.isdigit(), before.islower(), before.isupper()) == (
                after.isdigit(),
                after.islower(),
                after.isupper(),
            )
