"""`card`: another payment card's number, with a valid check digit, and no two ever meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers import checkdigits, promises
from anonymizer.maskers.base import Mask, Masker, Setting
from anonymizer.maskers.promises import Promise
from anonymizer.maskers.shapes import Shapes
from anonymizer.maskers.text import too_short


class Card(Masker):
    """A keyed bijection on the digits between the first `keep` (1) and the check digit, which is reckoned anew.

    Spaces and dashes stay. A valid number becomes a valid one (Luhn), an invalid one stays as wrong as it was. What has
    not between 12 and 19 digits is permuted as `fpe` does. The first digit tells the kind of card, nothing of the
    holder; with `keep = 6` the bank stays as well.
    """

    name = "card"
    searched = "always"
    folds = True
    kinds = frozenset({"text"})
    options: ClassVar[Mapping[str, type]] = {"keep": int}
    injective = True

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Derives the bijection's key."""
        super().__init__(mask, setting)
        self._keep = int(mask.options.get("keep", 1))
        self._shapes = Shapes(self.subkey("card"), codec=setting.codec)

    def mask(self, values: pl.Series) -> pl.Series:
        """The image of each number."""
        digits = values.str.replace_all(r"[ -]", "")
        fits = digits.str.contains(r"^[0-9]{12,19}$")
        out = values.clone()
        if len(at := (~fits).arg_true()):
            out = out.scatter(at, self._shapes.permute(out.gather(at)))
        frame = pl.DataFrame({"at": pl.int_range(len(values), eager=True), "d": digits}).filter(fits)
        for _, group in frame.group_by(pl.col("d").str.len_bytes(), maintain_order=True):
            out = out.scatter(group["at"], _spaced(values.gather(group["at"]), self._images(group["d"])))
        return out

    def _images(self, digits: pl.Series) -> pl.Series:
        payload, check = digits.str.head(-1), digits.str.tail(1).cast(pl.Int64)
        image = payload.str.slice(0, self._keep) + self._shapes.permute(payload.str.slice(self._keep))
        expected, wanted = checkdigits.luhn(payload), checkdigits.luhn(image)
        return image + checkdigits.moved(check, expected, wanted, 10).cast(pl.String)

    def promises(self) -> tuple[Promise, ...]:
        """The length, and the digits that stay."""
        bare = "translate({}, ' -', '')"
        kept = f"CASE WHEN {bare} ~ '^[0-9]{{12,19}}$' THEN left({bare}, {self._keep}) END"
        return promises.LENGTH, promises.alike("kind", f"the first {self._keep} digits", kept)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is so short that chance may have made it: sixteen digits are 10**14 numbers of a kind."""
        return too_short(values)

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and enough digits must be left to be masked."""
        super().check(mask, locale)
        if not 0 <= mask.options.get("keep", 1) <= 8:
            raise PolicyError("the option 'keep' of the mask card must be between 0 and 8")


def _spaced(originals: pl.Series, digits: pl.Series) -> pl.Series:
    """Digits with the spaces and dashes of the originals."""
    if not originals.str.contains(r"[ -]").any():
        return digits
    out = []
    for original, image in zip(originals.to_list(), digits.to_list(), strict=True):
        characters = iter(image)
        out.append("".join(next(characters) if c.isalnum() else c for c in original))
    return pl.Series(out, dtype=pl.String)
