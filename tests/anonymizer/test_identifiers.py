"""Table names as SQL writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer import identifiers
from anonymizer.errors import PolicyError
from anonymizer.identifiers import TableName

names = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=63)


@given(names, names)
def test_any_name_survives_being_written_and_read(schema: str, name: str) -> None:
    """Quotes, dots, newlines, keywords, other scripts: what is shown is what a policy may say."""
    table = TableName(schema, name)
    assert identifiers.parse(str(table)) == table
    assert identifiers.parse(table.sql) == table


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("public.users", ("public", "users")),
        ("Public.USERS", ("public", "users")),
        ('"Public".users', ("Public", "users")),
        ('"a.b"."c""d"', ("a.b", 'c"d')),
        ("größe.straße", ("größe", "straße")),
        ("SCHÖN.ÄRGER", ("schÖn", "Ärger")),  # as PostgreSQL folds in UTF-8: ASCII only
        ("_x.y$1", ("_x", "y$1")),
    ],
)
def test_a_name_is_read_as_sql_reads_it(text: str, table: tuple[str, str]) -> None:
    """Unquoted parts are folded, quoted ones are not."""
    assert identifiers.parse(text) == table


@pytest.mark.parametrize(
    "text", ["", "users", "a.b.c", "a.", ".b", '"a".', '"a', 'a."b', '"".""', "a b.c", "a.b ", "1a.b", "a.b;drop"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    """A schema is needed, and nothing may follow."""
    with pytest.raises(PolicyError, match="names no table"):
        identifiers.parse(text)


def test_only_what_needs_quotes_is_shown_with_them() -> None:
    """In statements everything is quoted."""
    assert str(TableName("public", "users")) == "public.users"
    assert str(TableName("public", "Order")) == 'public."Order"'
    assert TableName("public", 'a"b').sql == '"public"."a""b"'
