"""Keyed bijections: no two inputs share an output, by construction, whatever the key.

A Feistel network cuts a value in two and, round by round, adds to one half a keyed function of the other. Each round
can be undone by whoever has the key, so all of them together are a bijection, however the function behaves. The
function is AES-256; ten rounds, as in NIST's FF1. A value outside the wanted range goes through again until it is
inside ("cycle-walking"), which keeps the bijection.

All values of a column go through together: their bytes are one long number, on which Python's own arithmetic is quick.
"""

from __future__ import annotations

import hashlib

import polars as pl
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

ROUNDS = 10
BLOCK = 16
BATCH = 4096
"""How many values go through together. More, and the bytes no longer fit the processor's cache."""


class Blocks:
    """A bijection on blocks of 16 bytes that changes certain bits of them only; the others steer it.

    Two inputs that differ in a bit that does not change are permuted by unrelated bijections.
    """

    def __init__(self, key: bytes, left: bytes, right: bytes) -> None:
        """Takes the bits of the two halves, as masks of 16 bytes that have no bit in common."""
        self._ciphers = [aes(key, f"round/{number}") for number in range(ROUNDS)]
        self._halves = (left, right)

    def permute(self, blocks: bytes) -> bytes:
        """As many blocks, each the image of its own."""
        size = BATCH * BLOCK
        return b"".join(self._batch(blocks[start : start + size]) for start in range(0, len(blocks), size))

    def _batch(self, blocks: bytes) -> bytes:
        count = len(blocks) // BLOCK
        state = int.from_bytes(blocks, "little")
        halves = [int.from_bytes(half * count, "little") for half in self._halves]
        for number, cipher in enumerate(self._ciphers):
            changed = halves[number % 2]
            seen = state & ~changed
            stream = cipher.encryptor().update(seen.to_bytes(len(blocks), "little"))
            state ^= int.from_bytes(stream, "little") & changed
        return state.to_bytes(len(blocks), "little")


def aes(key: bytes, label: str) -> Cipher[modes.ECB]:
    """AES-256 under a key of its own for one use. ECB: one block is one call of a pseudo-random function."""
    derived = hashlib.sha256(key + label.encode()).digest()
    return Cipher(algorithms.AES(derived), modes.ECB())  # noqa: S305 - a building block, not a message


def numbers(key: bytes, values: pl.Series, size: int) -> pl.Series:
    """The image of each number under a bijection on [0, size).

    Args:
        key: 32 bytes; with the size they determine the bijection.
        values: numbers of [0, size), as UInt64 without nulls.
        size: at most 2**64.
    """
    if size <= 1 or not len(values):
        return values
    bits = max(2, (size - 1).bit_length())
    low = (1 << bits // 2) - 1
    high = (1 << bits) - 1 - low
    # The size stands in bits that do not change, so that ranges of the same width in bits are unrelated.
    network = Blocks(key, low.to_bytes(BLOCK, "little"), high.to_bytes(BLOCK, "little"))
    tweak = size.to_bytes(9, "little")[:8]
    out = _through(network, values, tweak)
    if size == 1 << bits:
        return out
    while len(outside := (out >= size).arg_true()):
        out = out.scatter(outside, _through(network, out.gather(outside), tweak))
    return out


def _through(network: Blocks, values: pl.Series, tweak: bytes) -> pl.Series:
    count = len(values)
    blocks = bytearray((bytes(8) + tweak) * count)
    for place in range(8):
        blocks[place::BLOCK] = byte_lane(values, place)
    permuted = network.permute(bytes(blocks))
    packed = bytearray(8 * count)
    for place in range(8):
        packed[place::8] = permuted[place::BLOCK]
    return from_bytes(bytes(packed), pl.UInt64)


def byte_lane(values: pl.Series, place: int) -> bytes:
    """One byte of each UInt64, the lowest is place 0."""
    lane: bytes = (values // 256**place % 256).cast(pl.UInt8).implode().cast(pl.Binary).item()
    return lane


def from_bytes(packed: bytes, dtype: type[pl.UInt64 | pl.UInt8]) -> pl.Series:
    """Numbers from their little-endian bytes."""
    count = len(packed) // (8 if dtype is pl.UInt64 else 1)
    array = pl.Series([packed]).bin.reinterpret(dtype=pl.Array(dtype, count), endianness="little")
    return array.explode()
