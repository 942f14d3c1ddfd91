"""The mask `entity`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from anonymizer.errors import PolicyError
from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["MARIA called; write to mr@acme.it, her boss has 06 1234567."]
    expected = ["Benemes called; write to b.t@example.com, her boss has [number]."]
    assert (
        masked(
            "entity",
            values,
            {"columns": ["full_name", "email"]},
            row={
                "originals": {"full_name": ["Maria Rossi"], "email": ["mr@acme.it"]},
                "masked": {"full_name": ["Benemes Tasini"], "email": ["b.t@example.com"]},
            },
        )
        == expected
    )


ROW = {
    "originals": {"full_name": ["Maria Rossi", None], "phone": ["06/123", "x"]},
    "masked": {"full_name": ["Benemes Tasini", None], "phone": ["+999 1", "y"]},
}


def test_only_the_rows_own_person_is_replaced(masked: Masked) -> None:
    """Whole or in part, in any case; as a word, not inside another; a row without a name has none."""
    values = ["ROSSI, maria rossi, Mariano, 06/123", "Maria Rossi x"]
    out = masked("entity", values, {"columns": ["full_name", "phone"]}, row=ROW)
    assert out == ["Tasini, Benemes Tasini, Mariano, +999 1", "Maria Rossi y"]


def test_with_text_no_other_word_is_left(masked: Masked) -> None:
    """For those who do not trust patterns."""
    (out, _) = masked("entity", ["Maria called Anna", ""], {"columns": ["full_name"], "others": "text"}, row=ROW)
    assert str(out).startswith("Benemes ")
    assert "Anna" not in str(out)
    assert len(str(out)) == len("Benemes called Anna")


def test_it_looks_aside(masker: Made) -> None:
    """It needs the columns before and after, and cannot stand inside a document."""
    ready = masker("entity", {"columns": ["full_name"]})
    assert ready.needs == ready.follows == ("full_name",)
    with pytest.raises(PolicyError, match="cannot stand inside"):
        masker("json", {"others": {"mask": "entity", "columns": ["full_name"]}})
    with pytest.raises(PolicyError, match="columns"):
        masker("entity", {"columns": []})
