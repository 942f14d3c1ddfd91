"""Which originals are searched for in other columns: those that tell somebody apart, wherever they stand.

The rule is the same for every column, and docs/commands/verify.md says it to users; change both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from anonymizer.maskers import Masker
from anonymizer.verify import sequences
from anonymizer.verify.sequences import Sequences
from anonymizer.verify.tokens import Hashes, Places, Secret, Tokens, split

FEW = 5
"""A phrase that so many rows have is a phrase of the product, not of a person."""

_OWN_BITS = 12
_SENTENCE = 4
"""Fewer words may be the name of a town, a product or a state of affairs."""

_NEVER_KINDS = frozenset({"time", "boolean", "enum", "point"})
_COMPACT = frozenset({"phone", "iban", "card", "national_id"})
_SPACE = 32
_DATE = r"^[+-]?\d{1,6}-\d\d?-\d\d?([ T].*)?$|^\d\d?[./]\d\d?[./]\d{2,4}$"

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Telling:
    """What is searched for of some originals.

    Attributes:
        always: whatever looks like an address, a number or a name of somebody.
        phrases: texts that count as long as fewer than `FEW` rows have them: their hashes, and how many rows did.
        rows: of each phrase.
        own: what is searched for in the column itself only, beside those: there a word alone tells as well.
    """

    always: Sequences
    phrases: Sequences
    rows: npt.NDArray[np.int64]
    own: Sequences


def bits(tokens: Tokens, start: Places, end: Places) -> npt.NDArray[np.float64]:
    """How many bits the letters and digits from one byte to another could at most tell."""
    numerals = _between(_digits(tokens), start, end)
    letters = _between(tokens.folded != _SPACE, start, end) - numerals
    return _told(letters, numerals)


def _told(letters: Places, digits: Places) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = letters * 4.7 + digits * 3.3
    return found


def _digits(tokens: Tokens) -> Flags:
    # what is below the zero wraps around, so one comparison does
    found: Flags = (tokens.folded - np.uint8(48)) < 10
    return found


def _between(flags: Flags, start: Places, end: Places) -> Places:
    """How many flags are set from each start to before each end."""
    sums = np.zeros(len(flags) + 1, dtype=np.int32)
    np.cumsum(flags, dtype=np.int32, out=sums[1:])
    found: Places = (sums[end] - sums[start]).astype(np.int64)
    return found


def choose(values: pl.Series, rows: npt.NDArray[np.int64], masker: Masker, secret: Secret) -> Telling:
    """What is searched for of different originals that one mask has masked, and `rows` rows have each."""
    if masker.searched == "never" or masker.setting.kind in _NEVER_KINDS:
        values = values.head(0)
    tokens = split(values, secret)
    text = tokens.text()
    first = np.flatnonzero(np.diff(text, prepend=-1))
    which = text[first]
    count = np.diff(first, append=len(text))
    start = tokens.start[first]
    end = tokens.start[first + count - 1] + tokens.length[first + count - 1]
    digits = _between(_digits(tokens), start, end)
    # a text's tokens are all that it has of letters and digits
    letters = (np.add.reduceat(tokens.length, first) if len(first) else tokens.length) - digits
    told = _told(letters, digits)
    at = np.zeros(len(which), dtype=bool)
    if b"@" in tokens.raw:
        at = values.str.contains("@", literal=True).to_numpy()[which]

    person = np.bool_(masker.searched == "always")
    mail = at & (count >= 2) & (count <= 12) & (told >= 20)
    number = (digits >= 7) & (letters <= 2 * digits) & (count <= 8) & ~_dates(values, which, letters, digits)
    mixed = (count == 1) & (letters > 0) & (digits > 0) & (told >= 37)
    words = (count >= 2) & (told >= 33) if person else np.zeros(len(first), dtype=bool)
    long_word = (count == 1) & (letters >= 12) & person
    # a bare number may be anybody's; if no mask says whose it is, its rarity must
    sure = mail | (number & ((letters > 0) | person)) | mixed | words | long_word
    sentence = (count >= _SENTENCE) & (told >= 60)
    phrase = ~sure & ~person & (sentence | (number & (told >= 26)))
    always = sequences.of(tokens, first[sure], count[sure], secret)
    extra = [always, *_otherwise(masker, values, tokens, which, first, count, sure, number, secret)]
    own = ~sure & ~phrase & person & (told >= _OWN_BITS)
    return Telling(
        _joined(extra),
        sequences.of(tokens, first[phrase], count[phrase], secret),
        rows[which[phrase]],
        sequences.of(tokens, first[own], count[own], secret),
    )


def _dates(values: pl.Series, which: Places, letters: Places, digits: Places) -> Flags:
    found = np.zeros(len(which), dtype=bool)
    maybe = np.flatnonzero((letters <= 3) & (digits >= 6))
    if len(maybe):
        found[maybe] = values.gather(which[maybe]).str.contains(_DATE).to_numpy()
    return found


def _otherwise(
    masker: Masker,
    values: pl.Series,
    tokens: Tokens,
    which: Places,
    first: Places,
    count: Places,
    sure: Flags,
    number: Flags,
    secret: Secret,
) -> list[Sequences]:
    """Other ways to write the same: a number without its separators, a name with the family's name in front."""
    found = []
    if masker.name in _COMPACT and (grouped := sure & number & (count > 1)).any():
        plain = values.gather(which[grouped]).str.replace_all(r"[^0-9A-Za-z]", "")
        others = split(plain.filter(plain != ""), secret)
        place = np.arange(len(others))
        found.append(sequences.of(others, place, np.ones_like(place), secret))
    if masker.name == "name" and (two := sure & (count == 2)).any():
        found.append(_turned(tokens.hashes[first[two]], tokens.hashes[first[two] + 1], secret))
    return found


def _turned(names: Hashes, families: Hashes, secret: Secret) -> Sequences:
    both = np.stack((families, names), axis=1).reshape(-1)
    nothing = np.zeros(len(both), dtype=np.int64)
    first = np.arange(0, len(both), 2)
    empty = np.zeros(0, dtype=np.uint8)
    return sequences.of(Tokens(nothing, nothing, both, empty, b"", nothing), first, np.full_like(first, 2), secret)


def _joined(some: list[Sequences]) -> Sequences:
    return Sequences(
        np.concatenate([one.whole for one in some]),
        np.concatenate([one.entries for one in some]),
        frozenset().union(*(one.lengths for one in some)),
    )
