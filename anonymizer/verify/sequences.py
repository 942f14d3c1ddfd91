"""A search for millions of values in any text: sequences of tokens, found by a filter of bits and told by hashes.

A value that is searched for is a sequence of up to 32 tokens. The filter knows every first token of a value of one,
and the first 2, 4, 8 and 16 tokens of a longer one, so that nearly everything else is done with after two lookups for
each token. What passes is looked up exactly, in the sorted hashes of each column's values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from anonymizer.verify.tokens import Hashes, Places, Secret, Tokens, distinct, extended

LONGEST = 32
"""A longer text counts as found where its first 32 tokens stand."""

_STAGES = (2, 4, 8, 16)
_WHOLE = 0
_SALT = 0x9E3779B97F4A7C15
_SPREAD = np.uint64(0xD6E8FEB86659FD93)
_BITS_EACH = 8
_LEAST, _MOST = 16, 29
"""A filter has from 2**16 to 2**29 bits: from 8 KiB to 64 MiB."""


@dataclass(frozen=True)
class Sequences:
    """Values to search for, as they are kept: nothing of them but hashes.

    Attributes:
        whole: the hash of each.
        entries: what the filter must know to find them.
        lengths: which numbers of tokens occur.
    """

    whole: Hashes
    entries: Hashes
    lengths: frozenset[int]


def of(tokens: Tokens, first: Places, count: Places, secret: Secret) -> Sequences:
    """The sequences that begin with the tokens `first` and have `count` tokens each, none of them none."""
    count = np.minimum(count, LONGEST)
    whole = tokens.hashes[first].copy()
    entries = [_entry(whole[count == 1], 1)]
    active = np.flatnonzero(count > 1)
    length = 1
    while len(active):
        length += 1
        whole[active] = extended(whole[active], tokens.hashes[first[active] + length - 1], secret)
        if length in _STAGES:
            entries.append(_entry(whole[active], length))
        active = active[count[active] > length]
    entries.append(_entry(whole, _WHOLE))
    return Sequences(whole, np.concatenate(entries), frozenset(np.unique(count).tolist()))


def _entry(hashes: Hashes, stage: int) -> Hashes:
    found: Hashes = (hashes + np.uint64((stage + 1) * _SALT % 2**64)) * _SPREAD
    return found


class Filter:
    """Bits that say no, or perhaps."""

    def __init__(self, bits: npt.NDArray[np.uint8], lengths: Iterable[int]) -> None:
        """Takes what `build` made."""
        self.bits = bits
        self.lengths = frozenset(lengths)
        self.longest = max(self.lengths, default=0)
        self._shift = np.uint64(64 - (len(bits) * 8).bit_length() + 1)

    def has(self, hashes: Hashes, stage: int) -> npt.NDArray[np.bool_]:
        """Which of these may be the first `stage` tokens of a value."""
        place = _entry(hashes, stage) >> self._shift
        found: npt.NDArray[np.bool_] = (self.bits[place >> np.uint64(3)] >> (place & np.uint64(7)).astype(np.uint8)) & 1
        return found.astype(np.bool_)

    def candidates(self, tokens: Tokens, secret: Secret) -> list[tuple[Places, int, Hashes]]:
        """Where values may stand: for each number of tokens the places and the hashes from there on."""
        found = []
        hashes = tokens.hashes
        if 1 in self.lengths:
            at = np.flatnonzero(self.has(hashes, 1))
            found.append((at, 1, hashes[at]))
        if self.longest < 2 or len(tokens) < 2:
            return [self._whole(*item) for item in found]
        pairs = extended(hashes[:-1], hashes[1:], secret)
        at = np.flatnonzero(self.has(pairs, 2))
        sequences = pairs[at]
        for length in range(2, self.longest + 1):
            if length > 2:
                inside = at + length <= len(tokens)
                at, sequences = at[inside], extended(sequences[inside], hashes[at[inside] + length - 1], secret)
                if length in _STAGES:
                    likely = self.has(sequences, length)
                    at, sequences = at[likely], sequences[likely]
            if not len(at):
                break
            if length in self.lengths:
                found.append((at, length, sequences))
        return [self._whole(*item) for item in found]

    def _whole(self, at: Places, length: int, hashes: Hashes) -> tuple[Places, int, Hashes]:
        likely = self.has(hashes, _WHOLE)
        return at[likely], length, hashes[likely]


def build(entries: Iterable[Hashes], expected: int) -> npt.NDArray[np.uint8]:
    """The bits of a filter, for `expected` entries or a few more."""
    power = min(max((expected * _BITS_EACH).bit_length(), _LEAST), _MOST)
    bits = np.zeros(2**power // 8, dtype=np.uint8)
    for some in entries:
        place = distinct(some >> np.uint64(64 - power))
        if len(place):
            byte = (place >> np.uint64(3)).astype(np.int64)
            first = np.flatnonzero(np.concatenate(([True], byte[1:] != byte[:-1])))
            flags = np.left_shift(1, place & np.uint64(7), dtype=np.uint64).astype(np.uint8)
            bits[byte[first]] |= np.bitwise_or.reduceat(flags, first)
    return bits
