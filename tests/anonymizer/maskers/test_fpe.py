"""The mask `fpe`."""

from __future__ import annotations

import itertools
import string
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer import maskers
from anonymizer.keys import Key
from anonymizer.maskers import Mask, Masker, Setting

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


KEY = Key(b"an example key of 32 bytes or so")


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["AB-1234-cd", "AB1234cd", "0042"]
    expected = ["AB-5402-re", "AB5402re", "3916"]
    assert masked("fpe", values) == expected


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_all_digit_strings_map_one_to_one(masked: Masked, width: int) -> None:
    """Every string of so many digits comes out exactly once."""
    every = [f"{n:0{width}d}" for n in range(10**width)]
    assert sorted(map(str, masked("fpe", every))) == every


@pytest.mark.parametrize("shape", ["a", "aA", "a0", "A0a", "-a.00"])
def test_all_strings_of_a_shape_map_one_to_one(masked: Masked, shape: str) -> None:
    """Letters and digits mixed, with punctuation in between."""
    classes = {"a": string.ascii_lowercase, "A": string.ascii_uppercase, "0": string.digits}
    every = sorted(map("".join, itertools.product(*(classes.get(place, place) for place in shape))))
    assert sorted(map(str, masked("fpe", every))) == every


def test_all_small_integers_map_one_to_one(masked: Masked) -> None:
    """Every smallint comes out exactly once, with its sign and its number of digits."""
    every = [str(n) for n in range(-(2**15), 2**15)]
    out = [str(text) for text in masked("fpe", every, kind="number", base="int2")]
    assert sorted(map(int, out)) == list(range(-(2**15), 2**15))
    assert [len(text) for text in out] == [len(text) for text in every]


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_bigint_stays_one(value: int) -> None:
    """In range, sign and digits kept, up to both ends."""
    masker = maskers.build(Mask("fpe"), Setting(KEY, kind="number", base="int8"))
    assert masker is not None
    out = masker.mask(pl.Series([str(value)]))[0]
    assert -(2**63) <= int(out) < 2**63
    assert len(out) == len(str(value))


def test_decimals_keep_their_places(masked: Masked) -> None:
    """Every amount below a thousand comes out exactly once."""
    every = [f"{n // 100}.{n % 100:02d}" for n in range(100_000)]
    setting = {"kind": "number", "base": "numeric", "precision": 10, "scale": 2}
    assert sorted(map(str, masked("fpe", every, **setting))) == sorted(every)


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=90), unique=True))
def test_texts_never_meet(values: list[str]) -> None:
    """Any different texts, of any script and length, stay different and as long."""
    masker = maskers.build(Mask("fpe"), Setting(KEY))
    assert masker is not None
    out = masker.mask(pl.Series(values, dtype=pl.String)).to_list()
    assert len(set(out)) == len(values)
    assert [len(text) for text in out] == [len(text) for text in values]


def test_no_letter_of_another_script_passes(masked: Masked) -> None:
    """Greek, Cyrillic, Chinese: what goes in does not come out."""
    for text in ("Ελληνικά γράμματα", "Кириллица здесь", "漢字漢字漢字", "Łukasz Żółć"):
        (out,) = masked("fpe", [text])
        assert sum(a == b for a, b in zip(text, str(out), strict=True) if a.isalpha()) <= 2


def test_what_has_no_digits_of_its_own_is_refused(masker: Made) -> None:
    """A float is no string of digits; of an unconstrained numeric 1.0 equals 1.00, so it does not promise."""
    assert masker("fpe", kind="number", base="float8").objection()
    assert not masker("fpe", kind="number", base="numeric").injective
    assert masker("fpe", kind="number", base="int4").injective
