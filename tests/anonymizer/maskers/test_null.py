"""The mask `null`."""

from __future__ import annotations

from collections.abc import Callable

Masked = Callable[..., list[str | None]]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["maria.rossi@acme.it"]
    expected = [None]
    assert masked("null", values) == expected


def test_it_takes_everything(masked: Masked) -> None:
    """Every value becomes NULL, the empty string too."""
    assert masked("null", ["x", "", None]) == [None, None, None]
