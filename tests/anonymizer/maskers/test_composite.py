"""The mask `composite`."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from anonymizer.maskers import Masker
from anonymizer.maskers.composite import CompositeError

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ['("Via Roma 1",10121)', "(,10121)"]
    expected = ['("Via Angegrande 673","10121")', '(,"10121")']
    assert (
        masked(
            "composite",
            values,
            {"fields": {"street": "address"}, "others": "keep"},
            kind="composite",
            fields=("street", "zip"),
        )
        == expected
    )


NASTY = ["", 'say "hi"', "back\\slash", "comma, (paren)", " spaces ", "new\nline", "plain"]


def test_values_go_there_and_back(masked: Masked, database: str) -> None:
    """The server reads what the mask writes: kept fields are what they were, NULL fields are NULL."""
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TYPE pair AS (a text, b text)")
        query = "SELECT ROW(v, NULL)::pair::text FROM unnest(%s::text[]) v"
        written = [row[0] for row in connection.execute(query, (NASTY,))]
        out = masked("composite", written, {"fields": {}, "others": "keep"}, kind="composite", fields=("a", "b"))
        query = "SELECT (v::pair).a, (v::pair).b FROM unnest(%s::text[]) v"
        assert connection.execute(query, (out,)).fetchall() == [(text, None) for text in NASTY]


def test_a_field_must_exist(masker: Made) -> None:
    """A misspelt one would pass unmasked."""
    ready = masker("composite", {"fields": {"stret": "street"}, "others": "keep"}, kind="composite", fields=("street",))
    assert "stret" in str(ready.objection())


def test_what_is_no_composite_value_is_an_error(masked: Masked) -> None:
    """It is not passed on, and not repeated in the message."""
    with pytest.raises(CompositeError):
        masked("composite", ["Maria"], {"fields": {}, "others": "keep"}, kind="composite", fields=("a",))
