"""Texts as sequences of hashed tokens, at the speed of numpy: what a search for millions of values is made of.

A token is a run of letters and digits, whatever its case; everything else separates. So `Mario.Rossi@Corp.test`,
`mario rossi (corp/test)` and `"MARIO_ROSSI@CORP.TEST"` are one sequence. Only the letters of ASCII are folded, and
every byte above ASCII counts as a letter.

A hash is of 64 bits under a secret of the run: it says nothing about its value to whoever has not the secret, and two
of a hundred million different sequences are taken for one with odds of 1 in 4,000.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_SLICE = 2**20
_LANE = 8
_LONGEST = 256
"""Of a token that is longer than so many bytes its length and its beginning count."""

_MANY = 20_000
"""So many numbers Polars sorts sooner than numpy."""

_SPACE = 32
_PADDING = bytes([_SPACE]) * (_LANE + _LONGEST)
_FOLD = bytes(
    byte + 32 if 65 <= byte <= 90 else byte if byte >= 128 or chr(byte).isalnum() else _SPACE for byte in range(256)
)
_FIRST = np.array([(1 << 8 * n) - 1 for n in range(_LANE)] + [2**64 - 1], dtype=np.uint64)
"""What keeps the first n bytes of a lane."""


class Secret:
    """The numbers that hashes are made with. Made of 16 bytes, so that every process makes the same."""

    def __init__(self, seed: bytes) -> None:
        """Draws the multipliers, all odd."""
        draw = np.random.default_rng(int.from_bytes(seed, "big"))
        odd: Hashes = draw.integers(0, 2**63, size=_LONGEST // _LANE + 4, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        self.lanes, self.length, self.step, self.mix, self.last = odd[:-4], odd[-4], odd[-3], odd[-2], odd[-1]


@dataclass(frozen=True)
class Tokens:
    """The tokens of some texts, all in a row.

    Attributes:
        start, length: where each begins in the bytes of all texts together, and how many of them it has.
        hashes: of each.
        folded: the bytes, letters small and what separates blank.
        raw: the bytes as they were.
        ends: for each text, the first byte that is not its own any more.
    """

    start: Places
    length: Places
    hashes: Hashes
    folded: npt.NDArray[np.uint8]
    raw: bytes
    ends: Places

    def __len__(self) -> int:
        return len(self.hashes)

    def text(self, tokens: Places | slice = slice(None)) -> Places:
        """For each token, or for some, the number of its text."""
        found: Places = np.searchsorted(self.ends, self.start[tokens], side="right")
        return found


def split(texts: pl.Series, secret: Secret) -> Tokens:
    """The tokens of texts that are not null."""
    raw = b" " + joined_bytes(texts) + _PADDING
    data = np.frombuffer(raw.translate(_FOLD), dtype=np.uint8)
    inside = data != _SPACE
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    start, end = edges[0::2], edges[1::2]
    length = end - start
    # behind the first blank one text follows another, with a line feed between them
    ends = np.cumsum(texts.str.len_bytes().to_numpy().astype(np.int64) + 1) + 1
    return Tokens(start, length, _hashes(data, start, length, secret), data, raw, ends)


def slices(frame: pl.DataFrame, column: str) -> Iterator[pl.DataFrame]:
    """The rows in pieces of about a MiB of one column's text: what is made of them stays near the processor."""
    size = int(frame.get_column(column).str.len_bytes().sum() or 0)
    yield from frame.iter_slices(max(1, len(frame) * _SLICE // max(size, _SLICE)))


def joined_bytes(texts: pl.Series) -> bytes:
    """All texts with a line feed between every two."""
    if not len(texts):
        return b""
    return bytes(texts.str.join("\n").cast(pl.Binary).item())


def _hashes(data: npt.NDArray[np.uint8], start: Places, length: Places, secret: Secret) -> Hashes:
    lanes: Any = np.ndarray((len(data) - _LANE + 1,), dtype="<u8", buffer=data, strides=(1,))
    found: Hashes = (lanes[start] & _FIRST[np.minimum(length, _LANE)]) * secret.lanes[0]
    found += length.astype(np.uint64) * secret.length
    longer = np.flatnonzero(length > _LANE)
    for number, multiplier in enumerate(secret.lanes[1:], 1):
        if not len(longer):
            break
        left = np.minimum(length[longer] - number * _LANE, _LANE)
        found[longer] += (lanes[start[longer] + number * _LANE] & _FIRST[left]) * multiplier
        longer = longer[length[longer] > (number + 1) * _LANE]
    return mixed(found, secret)


def distinct(hashes: Hashes) -> Hashes:
    """Each of the hashes once, in order. `numpy.unique` takes twenty times as long for millions of them."""
    ordered = np.sort(hashes) if len(hashes) < _MANY else pl.Series(hashes).sort().to_numpy()
    first = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    found: Hashes = ordered[first]
    return found


def mixed(values: Hashes, secret: Secret) -> Hashes:
    """Numbers of which every bit depends on every bit."""
    values = (values ^ (values >> np.uint64(32))) * secret.mix
    values = (values ^ (values >> np.uint64(29))) * secret.last
    found: Hashes = values ^ (values >> np.uint64(32))
    return found


def extended(sequences: Hashes, tokens: Hashes, secret: Secret) -> Hashes:
    """The hashes of sequences that are one token longer."""
    found: Hashes = sequences * secret.step + tokens
    return found
