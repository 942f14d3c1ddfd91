"""The names that masks draw from."""

from __future__ import annotations

import pytest

from anonymizer import pools
from anonymizer.pools import FOLDER

FROZEN = sorted(path.stem for path in FOLDER.glob("*.json"))
NAMES = ("first_names", "last_names", "cities", "streets", "company_forms")


@pytest.mark.parametrize("locale", FROZEN)
def test_a_frozen_pool_has_many_names_each_once(locale: str) -> None:
    """So few values of a column meet."""
    for name in ("first_names", "last_names", "cities", "streets"):
        pool = pools.load(locale, name)
        assert len(pool) >= 500
        assert pool.n_unique() == len(pool)
    assert len(pools.load(locale, "company_forms")) >= 1


@pytest.mark.parametrize("locale", FROZEN)
def test_no_name_of_a_pool_is_one_of_fakers(locale: str) -> None:
    """A name in the clone is nobody's that Faker knows, so it cannot be taken for a survivor."""
    from anonymizer.pools.build import _elements, _faker

    known = {text.lower() for text in _elements(_faker(locale))}
    for name in ("first_names", "last_names"):
        assert not known & {value.lower() for value in pools.load(locale, name)}


def test_a_pool_is_expressible_in_the_sources_encoding() -> None:
    """What LATIN1 cannot hold is left out; names of which no letter is left are another locale's."""
    for value in pools.load("it_IT", "last_names", "iso8859-1"):
        value.encode("iso8859-1")
    russian = pools.load("ru_RU", "last_names", "iso8859-1")
    assert len(russian) > 500
    assert all(value.isascii() and value for value in russian)


def test_names_for_the_network_are_letters_of_ascii() -> None:
    """Also where nothing of a name is: then it is a user with a number."""
    for locale in ("it_IT", "ru_RU"):
        for value in pools.ascii_lower(pools.load(locale, "first_names")):
            assert value.isascii()
            assert value.isalnum()
            assert value == value.lower()


def test_a_locale_without_a_file_gets_a_pool_of_the_same_shape() -> None:
    """Made from the Faker that is installed."""
    assert "ru_RU" not in FROZEN
    assert all(len(pools.load("ru_RU", name)) for name in NAMES)
    assert isinstance(pools.number_first("ru_RU"), bool)
