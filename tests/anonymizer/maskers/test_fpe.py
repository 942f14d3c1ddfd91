"""The mask `fpe`."""

from __future__ import annotations

import datetime
import itertools
import string
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer import maskers
from anonymizer.errors import AnonymizerError, PolicyError
from anonymizer.keys import Key
from anonymizer.maskers import Mask, Masker, Setting

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


KEY = Key(b"an example key of 32 bytes or so")


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["AB-1234-cd", "AB1234cd", "0042"]
    expected = ["IQ-4770-ku", "IQ4770ku", "3916"]
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
    """A float is no string of digits."""
    assert masker("fpe", kind="number", base="float8").objection()
    assert masker("fpe", kind="number", base="numeric").injective
    assert masker("fpe", kind="number", base="int4").injective


def _scaled(numbers: Iterable[int], scale: int) -> list[str]:
    return [f"{Decimal(n).scaleb(-scale):f}" for n in numbers]


NUMERICS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "numeric(4, 2)": ({"precision": 4, "scale": 2}, _scaled(range(-9999, 10_000), 2)),
    "numeric(5, -2)": ({"precision": 3, "scale": -2}, [f"{n}00" if n else "0" for n in range(-999, 1000)]),
    "numeric(3, 5)": ({"precision": 3, "scale": 5}, _scaled(range(-999, 1000), 5)),
    "numeric(2, 30)": ({"precision": 2, "scale": 30}, _scaled(range(-99, 100), 30)),
    "numeric(25, 23)": ({"precision": 25, "scale": 23}, _scaled(range(-999, 1000), 23)),
    "numeric": (
        {},
        sorted({f"{Decimal(n).scaleb(-places):f}" for n in range(-999, 1000) for places in (0, 1, 2, 3, 22)}),
    ),
}


@pytest.mark.parametrize("type_", NUMERICS)
def test_numbers_that_differ_stay_different_numbers(masked: Masked, type_: str) -> None:
    """As numbers and not only as texts: -0.00 is 0.00, 1.50 is 1.5, and what does not fit would be rounded."""
    facts, values = NUMERICS[type_]
    out = masked("fpe", values, kind="number", base="numeric", **facts)
    pairs = {Decimal(value): Decimal(str(image)) for value, image in zip(values, out, strict=True)}
    assert len(set(pairs.values())) == len(pairs)
    assert all(Decimal(str(image)).scaleb(facts.get("scale", 0)) % 1 == 0 for image in out if facts)
    assert all(len(Decimal(str(image)).as_tuple().digits) <= 25 for image in out)
    if facts:
        greatest = Decimal(10) ** (facts["precision"] - facts["scale"])
        assert all(abs(image) < greatest for image in pairs.values())


YEARS = {"2001": 365, "2000": 366, "1900": 365, "0001 BC": 366, "0044 BC": 365, "12024": 366, "4714 BC": 38}


@pytest.mark.parametrize("year", YEARS)
def test_all_days_of_a_year_map_one_to_one(masked: Masked, year: str) -> None:
    """Every day comes out exactly once, in common and leap years, before and after, back to PostgreSQL's first day."""
    number, _, era = year.partition(" ")
    first = datetime.date(2000 if YEARS[year] == 366 else 2001, 1, 1)
    days = [first + datetime.timedelta(days=n) for n in range(366 if first.year == 2000 else 365)][-YEARS[year] :]
    every = [f"{number}-{day:%m-%d}{' BC' if era else ''}" for day in days]
    out = [str(text) for text in masked("fpe", every, kind="time", base="date")]
    assert sorted(out) == every
    assert out != every


def test_all_seconds_of_a_day_map_one_to_one(masked: Masked) -> None:
    """Of a time; what stands behind the second and the zone stay, and so does midnight's other name."""
    every = [f"{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}" for n in range(86_400)]
    assert sorted(map(str, masked("fpe", every, kind="time", base="time"))) == every
    for text in ("10:11:12.000001", "10:11:12.5+05:30"):
        (out,) = masked("fpe", [text], kind="time", base="timetz")
        assert str(out)[8:] == text[8:]
    assert masked("fpe", ["24:00:00"], kind="time", base="time") == ["24:00:00"]


@given(
    st.lists(
        st.one_of(
            st.datetimes().map(lambda t: t.isoformat(" ") + "+00"),
            st.sampled_from(["infinity", "-infinity", "0044-03-15 01:02:03+00 BC", "294276-12-31 23:59:59.999999+00"]),
        ),
        unique=True,
    )
)
def test_moments_never_meet_and_stay_in_their_year(values: list[str]) -> None:
    """Any different moments stay different; year, fraction, zone and era are kept."""
    masker = maskers.build(Mask("fpe"), Setting(KEY, kind="time", base="timestamptz"))
    assert masker is not None
    out = masker.mask(pl.Series(values, dtype=pl.String)).to_list()
    assert len(set(out)) == len(values)
    for before, after in zip(values, out, strict=True):
        assert (before.split("-")[0], before[len(before) - 3 :]) == (after.split("-")[0], after[len(after) - 3 :])


def test_a_closed_list_is_permuted_within_itself(masked: Masked, masker: Made) -> None:
    """Texts, labels and truth values; what is not among them stays outside, and no two meet."""
    words = ["email", "sms", "whatsapp"]
    out = masked("fpe", [*words, "fax", "pager", "xyz"], {"among": words})
    assert sorted(map(str, out[:3])) == words
    assert not set(out[3:]) & set(words)
    every = [chr(97 + a) + chr(97 + b) for a in range(26) for b in range(26)]
    assert sorted(map(str, masked("fpe", every, {"among": every[5:40]}))) == every
    assert sorted(map(str, masked("fpe", ["t", "f"], {"among": [True, False]}, kind="boolean"))) == ["f", "t"]
    assert masker("fpe", kind="enum").objection()
    with pytest.raises(AnonymizerError, match="not among"):
        masked("fpe", ["unheard of"], {"among": words}, kind="enum")
    with pytest.raises(PolicyError, match="twice"):
        masker("fpe", {"among": ["a", "a"]})


def test_a_range_is_permuted_within_itself(masked: Masked, masker: Made) -> None:
    """So that a CHECK (n BETWEEN 1 AND 4) holds; what is outside stays outside, and no two meet."""
    every = [str(n) for n in range(-999, 1000)]
    out = [int(str(text)) for text in masked("fpe", every, {"min": 95, "max": 203}, kind="number", base="int4")]
    assert sorted(out) == list(range(-999, 1000))
    assert {n for n, image in zip(range(-999, 1000), out, strict=True) if 95 <= image <= 203} == {*range(95, 204)}
    assert masker("fpe", {"min": 1, "max": 4}).objection()
    for options in ({"min": 1}, {"min": 4, "max": 1}, {"min": 1, "max": 4, "among": ["1"]}):
        with pytest.raises(PolicyError, match="both"):
            masker("fpe", options)
