"""The mask `company`."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["Acme S.p.A.", "Studio Verdi"]
    expected = ["Maggiontini-Aloiccani s.r.l.", "Gargarico-Grozzetti Group"]
    assert masked("company", values) == expected


def test_it_knows_its_own(masked: Masked, masker: Made) -> None:
    """Two names of the pool and a legal form could be ours; a real firm could not."""
    (out,) = masked("company", ["Acme S.p.A."])
    assert masker("company").could_be_ours(pl.Series([out, "Acme S.p.A."])).to_list() == [True, False]
