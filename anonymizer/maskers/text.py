"""`text`: free text of the same length and shape, of which no word is left."""

from __future__ import annotations

import hashlib

import polars as pl

from anonymizer.maskers.base import Mask, Masker, Setting

_LOWER = bytes(range(ord("a"), ord("z") + 1))
_UPPER = bytes(range(ord("A"), ord("Z") + 1))
_DIGITS = bytes(range(ord("0"), ord("9") + 1))

TELLING_BITS = 64
"""A text with less than this in letters and digits may come out by chance as one that stands elsewhere."""


def _wheel(alphabet: bytes) -> bytes:
    """A table from a random byte to a letter. 256 is no multiple of 26: some letters are a tenth likelier."""
    return bytes(alphabet[byte * len(alphabet) // 256] for byte in range(256))


def _where(alphabet: bytes) -> bytes:
    """A table that marks an alphabet: 0xFF for its bytes, 0 for all others."""
    return bytes(0xFF if byte in alphabet else 0 for byte in range(256))


_PARTS = tuple((_where(alphabet), _wheel(alphabet)) for alphabet in (_LOWER, _UPPER, _DIGITS))
_REST = bytes(0 if byte in _LOWER + _UPPER + _DIGITS else 0xFF for byte in range(256))


class Text(Masker):
    """Letters become letters, digits digits, case, spaces and punctuation stay; each depends on the whole value.

    The stream of letters is SHAKE-128 of the sub-key and the value, so it is not a substitution: the same word in two
    texts comes out differently. A letter outside ASCII becomes one inside, any other character outside ASCII an x.
    """

    name = "text"

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Derives the stream's key."""
        super().__init__(mask, setting)
        self._key = self.subkey("text")

    def mask(self, values: pl.Series) -> pl.Series:
        """A text for each value, as many characters long."""
        originals: list[str] = values.to_list()
        plain = _to_ascii(values).to_list()
        streams = [
            hashlib.shake_128(self._key + original.encode()).digest(len(text))
            for original, text in zip(originals, plain, strict=True)
        ]
        # One pass over all values at once: their bytes as one large number each, masked and merged bit by bit.
        blob = _merge("".join(plain).encode(), b"".join(streams)).decode()
        out, at = [], 0
        for text in plain:
            out.append(blob[at : at + len(text)])
            at += len(text)
        return pl.Series(values.name, out, dtype=pl.String)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is so short that chance alone may have made it."""
        return too_short(values)


def too_short(values: pl.Series) -> pl.Series:
    """Which texts have so few letters and digits that chance may give two people the same."""
    letters = values.str.count_matches(r"[A-Za-z]").cast(pl.Float64)
    numerals = values.str.count_matches(r"[0-9]").cast(pl.Float64)
    return letters * 4.7 + numerals * 3.3 < TELLING_BITS


def _to_ascii(values: pl.Series) -> pl.Series:
    """The same number of characters, all of them ASCII, cases kept."""
    if (values.str.len_bytes() == values.str.len_chars()).all():
        return values
    values = values.str.replace_all(r"[\p{Lu}--[A-Z]]", "X").str.replace_all(r"[\p{Nd}--[0-9]]", "0")
    return values.str.replace_all(r"[^\x00-\x7f]", "x")


def _merge(texts: bytes, streams: bytes) -> bytes:
    """The bytes of `texts`, with those of `streams` where a letter or a digit was."""
    merged = _number(texts) & _number(texts.translate(_REST))
    for where, wheel in _PARTS:
        merged |= _number(streams.translate(wheel)) & _number(texts.translate(where))
    return merged.to_bytes(len(texts), "little")


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
