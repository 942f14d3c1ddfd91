"""The mask `ip`."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from anonymizer import maskers
from anonymizer.keys import Key
from anonymizer.maskers import Mask, Masker, Setting

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


KEY = Key(b"an example key of 32 bytes or so")


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["10.1.2.3", "10.1.2.77", "10.1.3.0/24", "2a01:4f8::1"]
    expected = ["52.7.95.228", "52.7.95.134", "52.7.94.112/24", "e8f1:4583:d1c9:7852:9cc8:481:2c5f:e1ff"]
    assert masked("ip", values, {"prefix": True}, kind="inet") == expected


addresses = st.lists(st.ip_addresses(v=4), min_size=2, max_size=6)


@given(addresses)
def test_prefixes_survive(found: list[ipaddress.IPv4Address]) -> None:
    """Two addresses that share n bits share exactly n bits of what they become."""
    masker = maskers.build(Mask("ip", {"prefix": True}), Setting(KEY, kind="inet"))
    assert masker is not None
    out = [int(ipaddress.ip_address(text)) for text in masker.mask(pl.Series([str(a) for a in found]))]
    for one, image in zip(found, out, strict=True):
        for other, other_image in zip(found, out, strict=True):
            assert (int(one) ^ int(other)).bit_length() == (image ^ other_image).bit_length()


def test_every_address_of_a_network_has_its_own_image(masked: Masked) -> None:
    """It is a bijection: 256 neighbours stay 256 neighbours."""
    out = masked("ip", [f"10.1.2.{n}" for n in range(256)], {"prefix": True}, kind="inet")
    assert len({str(a).rpartition(".")[2] for a in out}) == 256
    assert len({str(a).rpartition(".")[0] for a in out}) == 1


def test_a_network_has_no_host_bits(masked: Masked) -> None:
    """In a cidr column, with prefixes and without."""
    networks = ["10.1.3.0/24", "2a01:4f8::/32", "10.0.0.0/8"]
    for options in ({}, {"prefix": True}):
        for text in masked("ip", networks, options, kind="inet", cidr=True):
            ipaddress.ip_network(str(text))


def test_without_prefixes_it_is_an_address_of_nobody(masked: Masked, masker: Made) -> None:
    """240.0.0.0/4 and 2001:db8::/32, and there are so many that it says so."""
    assert masked("ip", ["10.1.2.3", "::1", "no address"], kind="text") == [
        "250.64.56.41",
        "2001:db8:2a3f:cf12:6733:66d0:f01e:9dbe",
        "249.67.63.84",
    ]
    assert masker("ip", kind="inet").outputs == 2**28
