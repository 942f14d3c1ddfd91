"""`text`: free text of the same length and shape, of which no word is left."""

from __future__ import annotations

import numpy as np
import polars as pl

from anonymizer.maskers import promises, spreads
from anonymizer.maskers.base import Mask, Masker, Setting
from anonymizer.maskers.cut import cut
from anonymizer.maskers.permutation import BLOCK, aes
from anonymizer.maskers.promises import Promise
from anonymizer.odds import Spread

TELLING_BITS = 64
"""A text with less than this in letters and digits may come out by chance as one that stands elsewhere."""


_PIECE = 2**16
"""How many bytes are merged at once: what they need stays in the processor's cache."""


def _merger() -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """For a character (the high byte) and a random byte (the low one) what comes out.

    256 is no multiple of 26: some letters are a tenth likelier.
    """
    table = np.repeat(np.arange(256, dtype=np.uint8), 256)
    for first, count in (("a", 26), ("A", 26), ("0", 10)):
        drawn = (ord(first) + np.arange(256) * count // 256).astype(np.uint8)
        start = ord(first) * 256
        table[start : start + count * 256] = np.tile(drawn, count)
    return table


_MERGED = _merger()


class Text(Masker):
    """Letters become letters, digits digits, case, spaces and punctuation stay; each depends on the whole value.

    The stream of letters is AES-256 in counter mode from the value's keyed digest, so it is not a substitution: the
    same word in two texts comes out differently. A letter outside ASCII becomes one inside, any other character outside
    ASCII an x.
    """

    name = "text"

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Derives the stream's key."""
        super().__init__(mask, setting)
        self._cipher = aes(self.subkey("text"), "stream")

    def mask(self, values: pl.Series) -> pl.Series:
        """A text for each value, as many characters long."""
        plain = to_ascii(values)
        lengths = plain.str.len_bytes().to_numpy().astype(np.int64)
        blocks = -(-lengths // BLOCK)
        padded = plain.to_frame("text").select(pl.col("text").str.pad_end(pl.lit(pl.Series(blocks * BLOCK))))
        texts = padded.to_series().str.join("").item().encode()
        merged = _merge(texts, self._stream(values, blocks))
        return cut(merged, (np.cumsum(blocks) - blocks) * BLOCK, lengths).alias(values.name)

    def _stream(self, values: pl.Series, blocks: np.ndarray[tuple[int], np.dtype[np.int64]]) -> bytes:
        """As many pseudo-random blocks for each value: its digest, a counter added, through the cipher."""
        digests = self.digests.hexadecimal(values).str.slice(0, 2 * BLOCK)
        seeds = np.frombuffer(bytes.fromhex(digests.str.join("").item()), dtype="<u8").reshape(-1, 2)
        counted = np.repeat(seeds, blocks, axis=0)
        first = np.repeat(np.cumsum(blocks) - blocks, blocks)
        counted[:, 0] += (np.arange(len(counted)) - first).astype(np.uint64)
        return self._cipher.encryptor().update(counted.tobytes())

    def parts(self, values: pl.Series) -> pl.Series:
        """Its shape."""
        return spreads.shape(values)

    def spread(self, part: str = "") -> Spread | None:
        """The texts of a shape; of no shape at all nobody can say."""
        return spreads.of_shape(part) if part else None

    def promises(self) -> tuple[Promise, ...]:
        """The length and the shape."""
        return promises.LENGTH, promises.FORM

    def chance(self, values: pl.Series) -> pl.Series | None:
        """What the letters and digits of each come to."""
        return by_chance(values)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is so short that chance alone may have made it."""
        return too_short(values)


def too_short(values: pl.Series) -> pl.Series:
    """Which texts have so few letters and digits that chance may give two people the same."""
    letters = values.str.count_matches(r"[A-Za-z]").cast(pl.Float64)
    numerals = values.str.count_matches(r"[0-9]").cast(pl.Float64)
    return letters * 4.7 + numerals * 3.3 < TELLING_BITS


def by_chance(values: pl.Series) -> pl.Series:
    """The odds that drawn letters and digits are those of each value, or a little more: some letters are likelier."""
    letters = values.str.count_matches(r"[A-Za-z]").cast(pl.Float64)
    numerals = values.str.count_matches(r"[0-9]").cast(pl.Float64)
    return (-(letters * 3.1 + numerals * 2.1)).exp()


def to_ascii(values: pl.Series) -> pl.Series:
    """The same number of characters, all of them ASCII, cases kept."""
    at = (values.str.len_bytes() != values.str.len_chars()).arg_true()
    if not len(at):
        return values
    changed = values.gather(at)
    changed = changed.str.replace_all(r"[\p{Lu}--[A-Z]]", "X").str.replace_all(r"[\p{Nd}--[0-9]]", "0")
    return values.clone().scatter(at, changed.str.replace_all(r"[^\x00-\x7f]", "x"))


def _merge(texts: bytes, stream: bytes) -> bytes:
    """The bytes of `texts`, with what `stream` draws where a letter or a digit was."""
    out = np.empty(len(texts), dtype=np.uint8)
    for start in range(0, len(texts), _PIECE):
        piece = slice(start, start + _PIECE)
        pairs = np.empty((len(out[piece]), 2), dtype=np.uint8)
        pairs[:, 1] = np.frombuffer(texts, dtype=np.uint8)[piece]
        pairs[:, 0] = np.frombuffer(stream, dtype=np.uint8)[piece]
        np.take(_MERGED, pairs.reshape(-1).view("<u2"), out=out[piece])
    return out.tobytes()
