"""The mask `json`."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from anonymizer.errors import PolicyError
from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ['{"name":"Maria","who":[{"email":"m@acme.it"}],"note":"ok"}']
    expected = [
        '{"name":"Elergio Villarco",'
        '"who":[{"email":"gaetamone.cociarro.492e964336070f21cfadff9c@example.net"}],"note":"nu"}'
    ]
    assert (
        masked(
            "json",
            values,
            {"paths": {"$.name": "name"}, "keys": {"email": "email"}, "others": "text"},
            kind="json",
        )
        == expected
    )


def test_keys_are_found_anywhere(masked: Masked) -> None:
    """At any depth, in arrays too; a path that is written counts before a key."""
    document = '{"email":"a@b.it","deep":[{"email":"a@b.it"}],"kept":{"email":"a@b.it"}}'
    options = {"paths": {"$.kept": "keep"}, "keys": {"email": "email"}, "others": "keep"}
    (out,) = masked("json", [document], options, kind="json")
    found = json.loads(str(out))
    assert found["email"] == found["deep"][0]["email"] != "a@b.it"
    assert found["kept"]["email"] == "a@b.it"


def test_numbers_keep_their_digits(masked: Masked) -> None:
    """Where they are kept; truth and null stay in any case."""
    document = '{"a":1.10,"b":123456789012345678901234567890,"c":null,"d":true}'
    assert masked("json", [document], {"others": "keep"}) == [document]


def test_what_is_no_json_is_masked_whole(masked: Masked) -> None:
    """In a text column."""
    (out,) = masked("json", ["Maria {"], {"others": "keep"})
    assert out != "Maria {"


def test_inner_masks_are_checked(masker: Made) -> None:
    """They must exist, and be such as can stand there."""
    for spec in ("drop-rows", "json", {"mask": "date_shift", "subject": "x"}):
        with pytest.raises(PolicyError, match="cannot stand inside"):
            masker("json", {"keys": {"a": spec}, "others": "text"})
