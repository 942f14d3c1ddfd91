"""Letters beyond ASCII, in alphabets that map onto themselves. Frozen here: Python's own tables grow with Unicode.

A capital's alphabet is that of its small letter, letter by letter: what differs in more than case before does so
afterwards, and a unique index over lower(column) builds.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

_RANGES = (
    # a letter of a range becomes one of the same range; capitals and small letters are apart where a script has both
    (0xDF, 0xF6),
    (0xF8, 0xFF),
    (0xC0, 0xD6),
    (0xD8, 0xDE),
    (0x391, 0x3A1),
    (0x3A3, 0x3A9),
    (0x3B1, 0x3C9),
    (0x410, 0x42F),
    (0x430, 0x44F),
    (0x400, 0x40F),
    (0x450, 0x45F),
    (0x531, 0x556),
    (0x561, 0x586),
    (0x5D0, 0x5EA),
    (0x621, 0x63A),
    (0x641, 0x64A),
    (0x660, 0x669),
    (0x905, 0x939),
    (0x966, 0x96F),
    (0xE01, 0xE2E),
    (0x10D0, 0x10F0),
    (0x3041, 0x3096),
    (0x30A1, 0x30FA),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xFF10, 0xFF19),
    (0xFF21, 0xFF3A),
    (0xFF41, 0xFF5A),
)
_KEPT = (
    # punctuation, symbols, accents that stand on a letter: they are part of the shape
    (0x80, 0xA9),
    (0xAB, 0xB4),
    (0xB6, 0xB9),
    (0xBB, 0xBF),
    (0xD7, 0xD7),
    (0xF7, 0xF7),
    (0x300, 0x36F),
    (0x2000, 0x2BFF),
    (0x3000, 0x303F),
    (0xD800, 0xDFFF),
    (0xFE00, 0xFE0F),
    (0xFE30, 0xFE4F),
    (0xFEFF, 0xFEFF),
    (0x1F000, 0x1FAFF),
)
_BLOCK = 128


@dataclass(frozen=True)
class Found:
    """Where a character stands: its alphabet, and its number in it."""

    alphabet: str
    index: int


class Scripts:
    """The alphabets of one encoding."""

    def __init__(self, codec: str = "utf-8") -> None:
        """Takes Python's name of the encoding; a letter that it cannot express is in none of its alphabets."""
        self._codec = codec
        self.find = functools.lru_cache(maxsize=4096)(self._find)

    def _find(self, character: str, ascii_classes: tuple[bytes, ...]) -> Found | None:
        """A character's alphabet, None if it is part of the shape.

        What is in no list (letters of rare scripts) is exchanged within its block of 128 code points.
        """
        code = ord(character)
        if code < 0x80:
            for characters in ascii_classes:
                if (index := characters.find(character.encode())) >= 0:
                    return Found(characters.decode(), index)
            return None
        if any(low <= code <= high for low, high in _KEPT):
            return None
        low, high = next(
            ((low, high) for low, high in _RANGES if low <= code <= high),
            (code // _BLOCK * _BLOCK, code // _BLOCK * _BLOCK + _BLOCK - 1),
        )
        alphabet = self._alphabet(low, high, "rest")
        if self._paired(character):
            alphabet = self._alphabet(low, high, "small")
        elif self._paired(small := character.lower()):
            found = self.find(small, ascii_classes)
            return found and Found(found.alphabet.upper(), found.index)
        return Found(alphabet, alphabet.index(character))

    def _paired(self, character: str) -> bool:
        """Whether it is a small letter that has a capital of its own, and both can be expressed."""
        capital = character.upper()
        one_each = len(character) == len(capital) == 1 and capital != character and capital.lower() == character
        return one_each and ord(character) >= 0x80 and ord(capital) >= 0x80 and self._expressible(character + capital)

    @functools.lru_cache(maxsize=256)  # noqa: B019 - a masker has one of these, and lives as long
    def _alphabet(self, low: int, high: int, part: str) -> str:
        """Of a range its small letters that have a capital, or all that is neither such a letter nor such a capital."""
        listed = any((low, high) == known for known in _RANGES)
        letters = (
            chr(code)
            for code in range(low, high + 1)
            if self._expressible(chr(code)) and (listed or not self._elsewhere(code))
        )
        if part == "small":
            return "".join(filter(self._paired, letters))
        return "".join(letter for letter in letters if not self._paired(letter) and not self._paired(letter.lower()))

    @staticmethod
    def _elsewhere(code: int) -> bool:
        return any(low <= code <= high for low, high in (*_RANGES, *_KEPT))

    def _expressible(self, character: str) -> bool:
        if self._codec == "utf-8":
            return True
        try:
            character.encode(self._codec)
        except UnicodeEncodeError:
            return False
        return True
