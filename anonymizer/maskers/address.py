"""`address`: a street that is on no map, and a number in it."""

from __future__ import annotations

import polars as pl

from anonymizer import pools
from anonymizer.maskers import spreads
from anonymizer.maskers.base import Mask, Masker, Setting, digits, number
from anonymizer.odds import Spread

_HOUSES = 998


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
        house = digits(number(digests, 1, _HOUSES) + 1, 1)
        return house + " " + streets if self._number_first else streets + " " + house

    def spread(self, part: str = "") -> Spread:
        """A street and a number; cut ones may become the same."""
        houses = pl.Series([str(house + 1) for house in range(_HOUSES)])
        pools = [houses, self._streets] if self._number_first else [self._streets, houses]
        return spreads.together(pools, [" "], self.setting.max_length)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether the street is one of the pool."""
        streets = values.str.replace(r"^[0-9]+ " if self._number_first else r" [0-9]+$", "")
        return streets.is_in(self._streets.implode())
