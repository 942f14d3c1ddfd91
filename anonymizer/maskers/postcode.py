"""`postcode`: a postal code of the same form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers import promises, spreads
from anonymizer.maskers.base import Mask, Masker, Setting
from anonymizer.maskers.promises import Promise
from anonymizer.maskers.text import Text, by_chance
from anonymizer.odds import Spread


class Postcode(Masker):
    """Digits become digits and letters letters, whatever the country's form; the first `keep` characters stay.

    Equal codes stay equal. With `keep = 2` the region survives, and with it what it says about somebody.
    """

    name = "postcode"
    searched = "never"
    options: ClassVar[Mapping[str, type]] = {"keep": int}

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Makes the text's mask ready."""
        super().__init__(mask, setting)
        self._keep = int(mask.options.get("keep", 0))
        self._text = Text(Mask("text", {"domain": f"postcode/{self.domain}"}), setting)

    def mask(self, values: pl.Series) -> pl.Series:
        """A code for each value."""
        masked = self._text.mask(values)
        return values.str.slice(0, self._keep) + masked.str.slice(self._keep) if self._keep else masked

    def parts(self, values: pl.Series) -> pl.Series:
        """What is kept of it, and the shape of the rest."""
        shape = self._text.parts(values)
        kept = values.str.slice(0, self._keep)
        return kept + "\0" + shape.str.slice(self._keep)

    def spread(self, part: str = "") -> Spread | None:
        """The codes of a shape."""
        return spreads.of_shape(part.partition("\0")[2]) if part else None

    def promises(self) -> tuple[Promise, ...]:
        """The length, and the characters that stay."""
        kept = promises.alike("keep", f"the first {self._keep} characters", f"left({{}}::text, {self._keep})")
        return promises.LENGTH, *((kept,) if self._keep else ())

    def chance(self, values: pl.Series) -> pl.Series | None:
        """What the letters and digits that do not stay come to."""
        return by_chance(values.str.slice(self._keep))

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """All: a code is so short that chance gives one that somebody has."""
        return self._text.could_be_ours(values)

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and no negative number is kept."""
        super().check(mask, locale)
        if mask.options.get("keep", 0) < 0:
            raise PolicyError("the option 'keep' of the mask postcode must not be negative")
