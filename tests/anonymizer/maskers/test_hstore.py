"""The mask `hstore`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from anonymizer.errors import PolicyError
from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ['"tel"=>"12345", "email"=>"m@acme.it", "x"=>NULL']
    expected = ['"tel"=>"42286", "email"=>"gaetamone.cociarro.492e964336070f21cfadff9c@example.net", "x"=>NULL']
    assert (
        masked(
            "hstore",
            values,
            {"keys": {"email": "email"}, "others": "text"},
            kind="hstore",
        )
        == expected
    )


def test_nasty_keys_and_values(masked: Masked) -> None:
    """Quotes and backslashes are read and written as hstore does; keys stay, NULL stays."""
    value = r'"a\"b"=>"x\\y", "k"=>NULL, "e"=>""'
    assert masked("hstore", [value], {"others": "keep"}, kind="hstore") == [value]
    (out,) = masked("hstore", [value], {"others": "text"}, kind="hstore")
    assert str(out).startswith(r'"a\"b"=>"')
    assert r"x\\y" not in str(out)
    assert str(out).endswith('"k"=>NULL, "e"=>""')


def test_inner_masks_are_checked(masker: Made) -> None:
    """An hstore's value cannot be dropped."""
    with pytest.raises(PolicyError, match="cannot stand inside"):
        masker("hstore", {"others": "null"}, kind="hstore")
