"""The mask `generalize`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from anonymizer.errors import PolicyError
from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["34", "39", "n/a"]
    expected = ["30-39", "30-39", "*"]
    assert masked("generalize", values, {"step": 10}) == expected


def test_four_ways(masked: Masked) -> None:
    """Characters kept, a map, steps, units."""
    assert masked("generalize", ["10121", "7"], {"keep": 3}) == ["101**", "7"]
    assert masked("generalize", ["Rome", "Oslo"], {"map": {"Rome": "Lazio"}, "others": "abroad"}) == ["Lazio", "abroad"]
    assert masked("generalize", ["34", "-1"], {"step": 10}, kind="number", base="int4") == ["30", "-10"]
    assert masked("generalize", ["2024-05-17"], {"unit": "year"}, kind="time", base="date") == ["2024-01-01"]


def test_each_way_has_its_kinds(masker: Made) -> None:
    """And exactly one is chosen."""
    assert masker("generalize", {"keep": 3}, kind="number", base="int4").objection()
    assert masker("generalize", {"unit": "year"}, kind="time", base="interval").objection()
    assert masker("generalize", {"map": {"a": "b"}}, kind="enum").objection()
    for options in ({}, {"keep": 1, "step": 2}):
        with pytest.raises(PolicyError, match="one of the options"):
            masker("generalize", options)
