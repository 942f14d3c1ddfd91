"""`noise`: numbers moved a little."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers import figures, promises
from anonymizer.maskers.base import Mask, Masker, number
from anonymizer.maskers.promises import Promise


class Noise(Masker):
    """A number moved by at most `amount`, or by at most `percent` of itself, and held between `min` and `max`.

    Equal numbers stay equal, and the mean of many stays about what it was. NaN and infinity stay.
    """

    name = "noise"
    searched = "never"
    kinds = frozenset({"number"})
    options: ClassVar[Mapping[str, type]] = {"amount": float, "percent": float, "min": float, "max": float}

    def mask(self, values: pl.Series) -> pl.Series:
        """A number near each value."""
        numbers = figures.parse(values)
        share = number(self.digests.hexadecimal(values), 0, 2**52).cast(pl.Float64) / 2**51 - 1
        if "amount" in self.mask_options:
            moved = numbers + share * float(self.mask_options["amount"])
        else:
            moved = numbers + numbers * share * (float(self.mask_options["percent"]) / 100)
        moved = moved.clip(self.mask_options.get("min"), self.mask_options.get("max"))
        places = figures.decimals_of(self.setting, values)
        return figures.render(figures.within(self.setting, moved), places, values)

    def objection(self) -> str | None:
        """It reckons."""
        return figures.objection(self.setting, "move")

    def promises(self) -> tuple[Promise, ...]:
        """How far at the most."""
        options = self.mask_options
        by = f"{float(options['amount'])!r}" if "amount" in options else ""
        by = by or f"abs({{}}::numeric) * {float(options['percent']) / 100!r}"
        return promises.moved(self.setting, by, low=options.get("min"), high=options.get("max"))

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """All: a number that is moved may come to lie where another was."""
        return pl.repeat(True, len(values), dtype=pl.Boolean, eager=True)

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and exactly one of the two must say how far."""
        super().check(mask, locale)
        if ("amount" in mask.options) == ("percent" in mask.options):
            raise PolicyError("the mask noise needs one of the options 'amount' and 'percent'")
        if mask.options.get("min", float("-inf")) > mask.options.get("max", float("inf")):
            raise PolicyError("of the mask noise the option 'min' must not be above 'max'")
