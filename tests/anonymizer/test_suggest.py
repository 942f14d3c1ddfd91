"""A first guess for a column's mask. A person decides; no value leaves."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer import maskers, suggest
from anonymizer.catalog import Column
from anonymizer.identifiers import TableName


def column(name: str, kind: str = "text", *, unique: bool = False) -> Column:
    return Column(name, kind, kind, False, None, False, True, unique)


@pytest.mark.parametrize(
    ("name", "kind", "values", "mask"),
    [
        ("email", "text", [], "email"),
        ("x", "text", ["a@b.it", "c@d.org"], "email"),
        ("x", "text", ["call a@b.it now", "no"], "text"),
        ("x", "text", ["10.1.2.3", "::1"], "ip"),
        ("x", "text", ["+39 06 1234567", "(06) 765-4321"], "phone"),
        ("x", "text", ["2024-01-01", "2024-01-02"], "?"),
        ("x", "text", ["red", "green"], "?"),
        ("cognome", "text", [], "last_name"),
        ("user_id", "number", [], "keep"),
        ("amount", "number", [], "keep"),
        ("salary", "number", [], "?"),
        ("email", "number", [], "?"),
        ("seen_at", "time", [], "keep"),
        ("host", "inet", [], "ip"),
        ("blob", "other", [], "?"),
    ],
)
def test_a_guess(name: str, kind: str, values: list[str], mask: str) -> None:
    """From name, type and values; where nothing tells, or a number may be about somebody, nobody guesses."""
    found = suggest.guess(column(name, kind), values)
    assert tomllib.loads(f"a = {found.mask}")["a"] == mask
    assert 0 <= found.confidence <= 1
    assert (found.confidence == 0) == (mask == "?")


def test_a_unique_column_gets_a_mask_that_does_not_repeat_itself() -> None:
    """An e-mail never does; a name is told not to."""
    assert tomllib.loads(f"a = {suggest.guess(column('email', unique=True), []).mask}")["a"] == "email"
    assert tomllib.loads(f"a = {suggest.guess(column('surname', unique=True), []).mask}")["a"] == {
        "mask": "last_name",
        "unique": True,
    }


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1)
documents = st.recursive(
    st.one_of(texts, st.integers(), st.none(), st.sampled_from(["who@corp.test", "10.0.0.1"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)


@given(texts, texts, st.lists(documents, max_size=4))
def test_whatever_the_names_and_documents_a_guess_is_a_policy(table: str, name: str, values: list[object]) -> None:
    """Its header, its key and its mask are TOML that the policy takes."""
    import json

    header, key = suggest.header(TableName("public", table)), suggest.key(name)
    guess = suggest.guess(column(name, "json"), [json.dumps(value) for value in values])
    document = tomllib.loads(f"{header}\n{key} = {guess.mask}")
    (columns,) = document["tables"].values()
    assert list(columns) == [name]
    maskers.check(maskers.parse(columns[name]), "en_US")


def test_what_is_no_json_or_too_deep_is_passed_over() -> None:
    """A text column may hold anything."""
    assert "json" in suggest.guess(column("x", "json"), ["{", "[" * 100_000, '{"mail": "a@b.it"}']).mask
