"""The mask `phone`."""

from __future__ import annotations

from collections.abc import Callable

import phonenumbers
import polars as pl
import pytest

from anonymizer.errors import PolicyError
from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["+39 06 1234567", "333 1234567"]
    expected = ["05 36 49 13 73", "02 61 91 28 60"]
    assert masked("phone", values, {"format": "national"}, locale="fr_FR") == expected


@pytest.mark.parametrize(
    ("locale", "region"), [("en_US", "US"), ("en_GB", "GB"), ("fr_FR", "FR"), ("en_AU", "AU"), ("de_DE", "DE")]
)
def test_numbers_for_fiction_are_valid_in_form(masked: Masked, locale: str, region: str) -> None:
    """Google's libphonenumber, an independent judge, finds every one valid, in either form."""
    for form in ("international", "national"):
        for text in masked("phone", [str(n) for n in range(100)], {"format": form}, locale=locale):
            assert phonenumbers.is_valid_number(phonenumbers.parse(str(text), region))


def test_where_no_range_is_kept_for_fiction_the_country_is_nobodys(masked: Masked, masker: Made) -> None:
    """Italy keeps none, so the number is of +999, which the ITU has given to nobody; so it is on demand elsewhere."""
    assert str(masked("phone", ["333 1234567"])[0]).startswith("+999 ")
    (out,) = masked("phone", ["333 1234567"], {"range": "unassigned"}, locale="en_US")
    assert str(out).startswith("+999 ")
    assert masker("phone").outputs == 10**10
    assert masker("phone", locale="fr_FR").outputs == 5 * 10**4


def test_a_short_column_gets_it_without_spaces(masked: Masked) -> None:
    """Fifteen characters are enough for fourteen, and nothing is cut."""
    (out,) = masked("phone", ["333 1234567"], max_length=14)
    assert out is not None
    assert len(out) == 14
    assert out[1:].isdigit()


def test_it_knows_its_own(masked: Masked, masker: Made) -> None:
    """What is in a range could be ours; a real number could not."""
    for locale in ("it_IT", "en_US", "de_DE"):
        out = masked("phone", ["1", "2"], locale=locale)
        assert masker("phone", locale=locale).could_be_ours(pl.Series(out)).all()
        assert not masker("phone", locale=locale).could_be_ours(pl.Series(["+39 06 1234567"])).any()


def test_an_unknown_range_is_refused(masker: Made) -> None:
    """The options have two values each."""
    with pytest.raises(PolicyError, match="range"):
        masker("phone", {"range": "any"})
    with pytest.raises(PolicyError, match="format"):
        masker("phone", {"format": "any"})


@pytest.mark.parametrize("locale", ["it_IT", "es_ES", "nl_NL", "pt_BR", "da_DK", "ja_JP", "en_IN", "en_US"])
def test_where_an_application_insists_a_number_is_valid(locale: str, masked: Masked) -> None:
    """`range = "valid"`: libphonenumber takes every one, of countries whose regulator keeps none for fiction too."""
    for form in ("international", "national"):
        out = masked("phone", [str(n) for n in range(200)], {"range": "valid", "format": form}, locale=locale)
        assert len(set(out)) > 150
        for text in out:
            assert phonenumbers.is_valid_number(phonenumbers.parse(str(text), locale[-2:]))
