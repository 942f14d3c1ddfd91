"""A keyed permutation of addresses that keeps prefixes: after Crypto-PAn (Xu, Fan, Ammar, Moon, 2002).

Whether a bit is flipped depends on the bits before it and on nothing else; so addresses that share n bits share n bits
afterwards, and those that differ still differ.
"""

from __future__ import annotations

import ipaddress

import polars as pl

from anonymizer.maskers.permutation import BLOCK, aes


class Prefixes:
    """The permutations of one key, one for each family."""

    def __init__(self, key: bytes) -> None:
        """Makes a cipher for each bit of an address."""
        self._ciphers = {size: [aes(key, f"prefix/{size}/{bit}") for bit in range(8 * size)] for size in (4, 16)}

    def permute(self, values: pl.Series, *, cidr: bool) -> pl.Series:
        """The images of addresses, with their prefix lengths; null where a value is no address."""
        read = [_read(value) for value in values.to_list()]
        images: dict[tuple[int, int], int] = {}
        for size in (4, 16):
            distinct = sorted({number for found in read if found for family, number, _ in (found,) if family == size})
            images |= zip(((size, number) for number in distinct), self._family(distinct, size), strict=True)
        out = [None if found is None else _write(images[found[:2]], found[0], found[2], cidr=cidr) for found in read]
        return pl.Series(out, dtype=pl.String)

    def _family(self, numbers: list[int], size: int) -> list[int]:
        """Bit by bit, all addresses at once: a lane holds the same byte of all."""
        count = len(numbers)
        blob = b"".join(number.to_bytes(size, "big") for number in numbers)
        lanes = [blob[place::size] for place in range(size)]
        flips = [0] * size
        block = bytearray(BLOCK * count)
        for place, lane in enumerate(lanes):
            for bit in range(8):
                before = 0xFF00 >> bit & 0xFF
                block[place::BLOCK] = lane.translate(bytes(byte & before for byte in range(256)))
                stream = self._ciphers[size][8 * place + bit].encryptor().update(bytes(block))[::BLOCK]
                flip = stream.translate(bytes((0x80 >> bit) * (byte >> 7) for byte in range(256)))
                flips[place] ^= int.from_bytes(flip, "little")
            block[place::BLOCK] = lane
        out = bytearray(size * count)
        for place, lane in enumerate(lanes):
            out[place::size] = (int.from_bytes(lane, "little") ^ flips[place]).to_bytes(count, "little")
        return [int.from_bytes(out[start : start + size], "big") for start in range(0, len(out), size)]


def _read(value: str) -> tuple[int, int, int | None] | None:
    """Bytes of the family, the address as a number, the prefix length if it is written."""
    try:
        interface = ipaddress.ip_interface(value)
    except ValueError:
        return None
    size = 4 if interface.version == 4 else 16
    return size, int(interface.ip), interface.network.prefixlen if "/" in value else None


def _write(number: int, size: int, length: int | None, *, cidr: bool) -> str:
    family = ipaddress.IPv4Address if size == 4 else ipaddress.IPv6Address
    if cidr:
        number &= -1 << (8 * size - (8 * size if length is None else length))
    return f"{family(number)}" if length is None else f"{family(number)}/{length}"
