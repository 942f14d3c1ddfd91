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
    expected = ["04 65 71 13 73", "03 53 01 28 60"]
    assert masked("phone", values, {"format": "national"}, locale="fr_FR") == expected


@pytest.mark.parametrize(("locale", "region"), [("en_US", "US"), ("en_GB", "GB"), ("fr_FR", "FR"), ("en_AU", "AU")])
def test_numbers_for_fiction_are_valid_in_form(masked: Masked, locale: str, region: str) -> None:
    """Google's libphonenumber, an independent judge, finds every one possible, in either form."""
    for form in ("international", "national"):
        for text in masked("phone", [str(n) for n in range(100)], {"format": form}, locale=locale):
            assert phonenumbers.is_possible_number(phonenumbers.parse(str(text), region))


def test_where_no_range_is_kept_for_fiction_the_country_is_nobodys(masked: Masked, masker: Made) -> None:
    """Italy keeps none, so the number is of +999, which the ITU has given to nobody; so it is on demand elsewhere."""
    assert str(masked("phone", ["333 1234567"])[0]).startswith("+999 ")
    (out,) = masked("phone", ["333 1234567"], {"range": "unassigned"}, locale="en_US")
    assert str(out).startswith("+999 ")
    assert masker("phone").outputs == 10**10
    assert masker("phone", locale="fr_FR").outputs == 6 * 10**4


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
