"""`redact`: free text from which what looks personal is taken out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers.base import Mask, Masker, Setting

_PATTERNS = (
    ("[email]", r"[\w.+'%-]+@[\w-]+(?:\.[\w-]+)+"),
    ("[url]", r"(?i)\b(?:https?://|www\.)[^\s<>\x22]+"),
    ("[iban]", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"),
    ("[ip]", r"\b(?:\d{1,3}\.){3}\d{1,3}\b|(?i:\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}(?::[0-9a-f]{1,4})*\b)"),
    ("[id]", r"\b[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]\b|(?i:\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)"),
    ("[number]", r"\+?\(?\d(?:[\s()./-]{0,2}\d){5,}"),
)
_ALL = "|".join(f"(?:{pattern})" for _, pattern in _PATTERNS)


class Redact(Masker):
    """E-mail and web addresses, IBANs, IP addresses, ids, numbers of six digits and more become `[email]`, `[id]` etc.

    `words` lists more: each is taken out wherever it stands as a word, whatever its case, and becomes `[redacted]`.
    Everything else stays as it is: a name that no pattern knows is still there. For names take `entity` or `text`.
    """

    name = "redact"
    keyless = True
    leaves_text = True
    options: ClassVar[Mapping[str, type]] = {"words": list}

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Prepares the patterns."""
        super().__init__(mask, setting)
        words = sorted(map(str, mask.options.get("words", [])), key=len, reverse=True)
        self._words = rf"(?i)\b(?:{'|'.join(map(_escaped, words))})\b" if words else None

    def mask(self, values: pl.Series) -> pl.Series:
        """The texts without it."""
        for label, pattern in _PATTERNS:
            values = values.str.replace_all(pattern, label)
        return values if self._words is None else values.str.replace_all(self._words, "[redacted]")

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether nothing in it looks personal: then it stays, and may."""
        clean = ~values.str.contains(_ALL)
        return clean if self._words is None else clean & ~values.str.contains(self._words)

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and words are texts."""
        super().check(mask, locale)
        if not all(isinstance(word, str) and word for word in mask.options.get("words", [])):
            raise PolicyError("the option 'words' of the mask redact must be a list of texts")


def _escaped(word: str) -> str:
    return re.sub(r"([\\.+*?()|\[\]{}^$#&~\s-])", r"\\\1", word)
