"""The mask `user_agent`."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["Mozilla/5.0 (X11; Plan9; rossi-home) Rare/1.0"]
    expected = ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:124.0) Gecko/20100101 Firefox/124.0"]
    assert masked("user_agent", values) == expected


def test_there_are_64(masked: Masked, masker: Made) -> None:
    """And each is known again."""
    assert masker("user_agent").outputs == 64
    assert masker("user_agent").could_be_ours(pl.Series(masked("user_agent", ["x", "y"]))).all()
