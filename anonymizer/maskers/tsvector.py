"""`tsvector`: a search index of the masked text, or of masked words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers.base import Mask, Masker, Row, Setting
from anonymizer.maskers.text import Text

_LEXEME = re.compile(r"'((?:[^'\\]|''|\\.)*)'(:[0-9A-D,]+)?", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)|''", re.DOTALL)
_WORD = re.compile(r"\w+(?:[.@'-]\w+)*")
_LAST_POSITION = 16_383
_MOST_POSITIONS = 256
_LONGEST = 2046
"""Bytes that a lexeme may have."""


class Tsvector(Masker):
    """With `from = ["title", "body"]` rebuilt of those columns' masked text; without it each word is masked by itself.

    Rebuilt, it holds the words of the masked text in lower case with their positions, as the configuration `simple`
    would; stems and stop words are another configuration's, which only the server has. Without `from` each lexeme
    becomes one of the same shape, the same in every row of a join domain, and keeps its positions and weights.
    """

    name = "tsvector"
    kinds = frozenset({"tsvector"})
    options: ClassVar[Mapping[str, type]] = {"from": list}
    aside = True

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Reads the options."""
        super().__init__(mask, setting)
        self.follows = tuple(mask.options.get("from", ()))
        self._text = Text(Mask("text", {"domain": f"tsvector/{self.domain}"}), setting)

    def mask(self, values: pl.Series) -> pl.Series:
        """Each lexeme masked by itself."""
        found = [_LEXEME.findall(value) for value in values.to_list()]
        words = pl.Series(
            [_ESCAPED.sub(lambda m: m[1] or "'", word) for row in found for word, _ in row], dtype=pl.String
        )
        masked = iter(self._text.mask(words).to_list() if len(words) else [])
        out = [" ".join(_quoted(next(masked)) + positions for _, positions in row) for row in found]
        return pl.Series(values.name, out, dtype=pl.String)

    def mask_with(self, values: pl.Series, row: Row) -> pl.Series:
        """The words of the masked columns."""
        if not self.follows:
            return self.mask(values)
        texts = zip(*(row.masked[column].to_list() for column in self.follows), strict=True)
        out = [_rebuilt(" ".join(text for text in parts if text)) for parts in texts]
        return pl.Series(values.name, out, dtype=pl.String)

    def groups(self, values: pl.Series) -> list[tuple[Masker, pl.Series]]:
        """The lexemes: a word that survives is a leak, wherever it stands."""
        words = [_ESCAPED.sub(lambda m: m[1] or "'", word) for v in values.to_list() for word, _ in _LEXEME.findall(v)]
        return [(self._text, pl.Series(words, dtype=pl.String))]

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and `from` names columns."""
        super().check(mask, locale)
        if not all(isinstance(column, str) for column in mask.options.get("from", [])):
            raise PolicyError("the option 'from' of the mask tsvector must be a list of columns")


def _rebuilt(text: str) -> str:
    places: dict[str, list[int]] = {}
    for position, match in enumerate(_WORD.finditer(text.lower()), start=1):
        word = match[0]
        if len(word.encode()) <= _LONGEST:
            places.setdefault(word, []).append(min(position, _LAST_POSITION))
    return " ".join(
        _quoted(word) + ":" + ",".join(map(str, dict.fromkeys(found[:_MOST_POSITIONS])))
        for word, found in places.items()
    )


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
