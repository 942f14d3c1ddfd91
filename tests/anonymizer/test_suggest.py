"""What `policy init` guesses, and why."""

from __future__ import annotations

import tomllib

import pytest

from anonymizer import maskers, suggest
from anonymizer.catalog import Column


def column(name: str, kind: str = "text", *, unique: bool = False, base: str = "") -> Column:
    return Column(name, base or kind, kind, False, None, False, True, unique, base=base)


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("email", "email"),
        ("username", "user_name"),
        ("password_hash", "password"),
        ("api_key", "token"),
        ("iban", "iban"),
        ("card_number", "card"),
        ("codice_fiscale", "national_id"),
        ("date_of_birth", "birth_date"),
        ("zip", "postcode"),
        ("street", "street"),
        ("billing_address", "address"),
        ("country", "country"),
        ("job_title", "job"),
        ("website", "url"),
        ("user_agent", "user_agent"),
        ("mac_address", "mac"),
        ("notes", "text"),
        ("flavour", "?"),
    ],
)
def test_a_name_suggests_a_mask(name: str, mask: str) -> None:
    """A text column's name is a hint of 70 %; a name that says nothing is nobody's guess."""
    found = suggest.guess(column(name), [])
    assert tomllib.loads(f"m = {found.mask}")["m"] == mask
    assert found.confidence == (0.0 if mask == "?" else 0.7)


def test_names_that_fakers_lists_have_confirm_a_columns_name() -> None:
    """Three of four first names are enough to be sure; numbers in such a column are not."""
    sure = suggest.guess(column("first_name"), ["Maria", "Anna", "Luca", "Xqz"])
    assert (sure.mask, sure.confidence) == ('"first_name"', 0.95)
    assert sure.reason == "its name, and 75% of its values are first names in Faker's lists"
    unsure = suggest.guess(column("first_name"), ["x1", "x2", "x3"])
    assert (unsure.mask, unsure.confidence, unsure.reason) == ('"first_name"', 0.7, "its name")


@pytest.mark.parametrize(
    ("value", "mask"),
    [
        ("maria.rossi@acme.it", "email"),
        ("8a6e0804-2bd0-4672-b79d-d97027f9071a", "uuid"),
        ("00:1b:63:84:45:e6", "mac"),
        ("192.168.17.4", "ip"),
        ("https://acme.it/u/7", "url"),
        ("Mozilla/5.0 (X11)", "user_agent"),
        ("$2b$12$abcdefghijklmnopqrstuuJ5d9XhV0nW8mQyqkq3o5o1n7p9r2t4v", "password"),
        ("IT60 X054 2811 1010 0000 0123 456", "iban"),
        ("RSSMRA85T10A562S", "national_id"),
        ("4111 1111 1111 1111", "card"),
        ("9f86d081884c7d659a2feaa0c55ad015", "token"),
        ("+39 06 1234567", "phone"),
    ],
)
def test_values_suggest_a_mask(value: str, mask: str) -> None:
    """Whatever the column is called; four of five values are enough. The value is not in the reason."""
    found = suggest.guess(column("c7"), [value] * 4 + ["?"])
    assert tomllib.loads(f"m = {found.mask}")["m"] == mask
    assert value not in found.reason


@pytest.mark.parametrize(
    ("name", "kind", "base", "mask"),
    [
        ("born", "time", "date", "keep"),
        ("birth_date", "time", "date", "birth_date"),
        ("birthday", "time", "interval", "?"),
        ("latitude", "number", "float8", "geo"),
        ("salary", "number", "numeric", "noise"),
        ("user_id", "number", "int8", "keep"),
        ("phone", "number", "int8", "fpe"),
        ("mood", "enum", "mood", "keep"),
        ("k", "uuid", "uuid", "uuid"),
        ("k", "bytea", "bytea", "bytea"),
        ("k", "hstore", "hstore", "hstore"),
        ("k", "xml", "xml", "xml"),
        ("k", "tsvector", "tsvector", "tsvector"),
        ("k", "point", "point", "geo"),
        ("k", "composite", "place", "composite"),
        ("k", "other", "box", "?"),
    ],
)
def test_types_suggest_a_mask(name: str, kind: str, base: str, mask: str) -> None:
    """With the name, where it matters; whatever is suggested suits the type."""
    found = suggest.guess(column(name, kind, base=base), [])
    spec = tomllib.loads(f"m = {found.mask}")["m"]
    parsed = maskers.parse(spec)
    assert parsed.name == mask
    if mask not in ("keep", "?"):
        maskers.check(parsed, "it_IT")
        assert kind in maskers.find(mask).kinds


@pytest.mark.parametrize(
    ("name", "kind", "mask"),
    [
        ("email", "text", {"mask": "email"}),
        ("full_name", "text", {"mask": "name", "unique": True}),
        ("ip", "inet", {"mask": "ip", "prefix": True}),
        ("place", "point", {"mask": "?"}),
        ("birth_date", "time", {"mask": "?"}),
    ],
)
def test_a_unique_column_gets_a_mask_that_never_repeats(name: str, kind: str, mask: dict[str, object]) -> None:
    """Or an honest question mark."""
    spec = tomllib.loads(f"m = {suggest.guess(column(name, kind, unique=True), []).mask}")["m"]
    assert (spec if isinstance(spec, dict) else {"mask": spec}) == mask
