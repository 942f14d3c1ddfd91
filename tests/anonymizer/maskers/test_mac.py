"""The mask `mac`."""

from __future__ import annotations

from collections.abc import Callable

Masked = Callable[..., list[str | None]]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["00:1b:63:84:45:e6", "02:42:ac:11:00:02"]
    expected = ["44:bf:85:71:7f:39", "36:fc:d0:8a:68:23"]
    assert masked("mac", values, kind="macaddr") == expected


def test_the_two_flags_stay(masked: Masked) -> None:
    """Multicast and local bit, in MAC-48 and EUI-64."""
    out = masked("mac", ["01:00:5e:00:00:01", "02:00:00:00:00:01", "00:00:00:ff:fe:00:00:01"], kind="macaddr")
    assert [int(str(a)[:2], 16) & 3 for a in out] == [1, 2, 0]
    assert [len(str(a)) for a in out] == [17, 17, 23]


def test_no_two_meet(masked: Masked) -> None:
    """Twenty thousand neighbours have as many images."""
    values = [f"00:1b:63:84:{n // 256:02x}:{n % 256:02x}" for n in range(20_000)]
    assert len(set(masked("mac", values, kind="macaddr"))) == 20_000


def test_every_way_of_writing_is_the_same_address(masked: Masked) -> None:
    """In a text column it equals what a macaddr column has."""
    assert len(set(masked("mac", ["00:1B:63:84:45:E6", "001b.6384.45e6", "00-1b-63-84-45-e6"]))) == 1
