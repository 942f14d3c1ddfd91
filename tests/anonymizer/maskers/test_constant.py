"""The mask `constant`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from anonymizer.errors import PolicyError
from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["maria.rossi@acme.it", "Via Roma 1"]
    expected = ["n/a", "n/a"]
    assert masked("constant", values, {"value": "n/a"}) == expected


def test_truth_is_written_as_sql_writes_it(masked: Masked) -> None:
    """A boolean of TOML becomes true or false, the empty string becomes the constant too."""
    assert masked("constant", ["t", ""], {"value": True}, kind="boolean") == ["t", "t"]


def test_a_table_is_no_value(masker: Made) -> None:
    """Only scalars can stand in every row."""
    with pytest.raises(PolicyError, match="must be a text, a number"):
        masker("constant", {"value": [1]})
