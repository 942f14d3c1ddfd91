"""The mask `token`."""

from __future__ import annotations

from collections.abc import Callable

Masked = Callable[..., list[str | None]]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["sk_live_51HxT0kE2eZvKYlo2C", "9f86d081884c7d659a2feaa0c55ad015"]
    expected = ["sk_live_03ZwE9vE7gQrJOxe2Y", "7895a697f6611315a77d3a03e78b79cd"]
    assert masked("token", values, {"prefix": ["sk_live_"]}) == expected


def test_all_hexadecimal_strings_map_one_to_one(masked: Masked) -> None:
    """Every string of three hexadecimal digits comes out exactly once."""
    every = [f"{n:03x}" for n in range(16**3)]
    assert sorted(map(str, masked("token", every))) == every


def test_the_two_kinds_never_meet(masked: Masked) -> None:
    """All strings of two characters, hexadecimal or not, stay different."""
    every = [a + b for a in "0123456789abcdefghijklmnopqrstuvwxyz" for b in "0123456789abcdefghijklmnopqrstuvwxyz"]
    assert len(set(masked("token", every))) == len(every)


def test_the_longest_prefix_counts(masked: Masked) -> None:
    """Of two that fit."""
    (out,) = masked("token", ["sk_live_abc"], {"prefix": ["sk_", "sk_live_"]})
    assert str(out).startswith("sk_live_")
