"""The mask `postcode`."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from anonymizer.errors import PolicyError

Masked = Callable[..., list[str | None]]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["10121", "SW1A 1AA"]
    expected = ["10392", "SW5O 6ZS"]
    assert masked("postcode", values, {"keep": 2}) == expected


def test_the_form_is_kept(masked: Masked) -> None:
    """Digits stay digits, letters letters, and the first characters on demand."""
    out = masked("postcode", ["SW1A 1AA", "10121-0007"], {"keep": 2})
    assert [re.sub("[0-9]", "9", re.sub("[A-Z]", "A", str(code))) for code in out] == ["AA9A 9AA", "99999-9999"]
    assert [str(code)[:2] for code in out] == ["SW", "10"]
    with pytest.raises(PolicyError, match="negative"):
        masked("postcode", [], {"keep": -1})
