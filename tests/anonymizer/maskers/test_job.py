"""The mask `job`."""

from __future__ import annotations

from collections.abc import Callable

from anonymizer import pools

Masked = Callable[..., list[str | None]]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["Chief of the Foggia office", "Nurse"]
    expected = ["Production assistant, radio", "Sports development officer"]
    assert masked("job", values) == expected


def test_it_is_of_the_pool(masked: Masked) -> None:
    """Every output is in the locale's pool, and the mask knows it again."""
    out = masked("job", [f"value {n}" for n in range(200)], locale="de_DE")
    assert set(out) <= set(pools.load("de_DE", "jobs").to_list())
