"""The mask `name`."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["Maria Rossi", "Giuseppe Verdi"]
    expected = ["Monide Gavarria", "Rettorio Sunacci"]
    assert masked("name", values) == expected


def test_it_knows_its_own(masked: Masked, masker: Made) -> None:
    """A name of two of the pools could be ours, cut or not; a real one could not."""
    out = masked("name", ["Maria Rossi"], max_length=8)
    assert masker("name", max_length=8).could_be_ours(pl.Series([out[0], "Maria Rossi"])).to_list() == [True, False]
