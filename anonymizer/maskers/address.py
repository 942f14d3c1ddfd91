"""`address`: a street that is on no map, and a number in it."""

from __future__ import annotations

import polars as pl

from anonymizer import pools
from anonymizer.maskers.base import Mask, Masker, Setting, digits, number


class Address(Masker):
    """A street of the locale's pool and a house number, in the locale's order; the town is another column's matter."""

    name = "address"
    searched = "always"

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Loads the pool."""
        super().__init__(mask, setting)
        self._streets = pools.load(setting.locale, "streets", setting.codec)
        self._number_first = pools.number_first(setting.locale)

    def mask(self, values: pl.Series) -> pl.Series:
        """A street and a number for each value."""
        digests = self.digests.hexadecimal(values)
        streets = self._streets.gather(number(digests, 0, len(self._streets)))
        house = digits(number(digests, 1, 998) + 1, 1)
        return house + " " + streets if self._number_first else streets + " " + house

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether the street is one of the pool."""
        streets = values.str.replace(r"^[0-9]+ " if self._number_first else r" [0-9]+$", "")
        return streets.is_in(self._streets.implode())
