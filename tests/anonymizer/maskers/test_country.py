"""The mask `country`."""

from __future__ import annotations

from collections.abc import Callable

Masked = Callable[..., list[str | None]]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["Italia", "IT", "ITA"]
    expected = ["Cambogia", "MW", "ISR"]
    assert masked("country", values) == expected


def test_the_form_is_kept(masked: Masked) -> None:
    """A code of two letters becomes one of two, in the same case; of three one of three."""
    out = masked("country", ["IT", "it", "ITA", "ita", "Italia"])
    assert [len(str(code)) for code in out[:4]] == [2, 2, 3, 3]
    assert str(out[1]) == str(out[1]).lower()
    assert len(str(out[4])) > 3
