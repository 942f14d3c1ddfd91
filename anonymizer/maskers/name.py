"""`name`: a full name that nobody bears."""

from __future__ import annotations

import polars as pl

from anonymizer import pools
from anonymizer.maskers import spreads
from anonymizer.maskers.base import Mask, Masker, Setting, number
from anonymizer.odds import Spread


class Name(Masker):
    """A first name and a family name from the locale's pools, chosen apart."""

    name = "name"
    searched = "always"

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Loads the pools."""
        super().__init__(mask, setting)
        self._first = pools.load(setting.locale, "first_names", setting.codec)
        self._last = pools.load(setting.locale, "last_names", setting.codec)

    def mask(self, values: pl.Series) -> pl.Series:
        """A full name for each value."""
        digests = self.digests.hexadecimal(values)
        first = self._first.gather(number(digests, 0, len(self._first)))
        return first + " " + self._last.gather(number(digests, 1, len(self._last)))

    def spread(self, part: str = "") -> Spread:
        """Two names; cut ones may become the same."""
        return spreads.together([self._first, self._last], [" "], self.setting.max_length)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is two names of the pools. A cut one is known by its first name alone."""
        parts = values.str.split_exact(" ", 1).struct.unnest()
        first, last = parts.to_series(0), parts.to_series(1)
        whole = first.is_in(self._first.implode()) & last.is_in(self._last.implode()).fill_null(False)
        limit = self.setting.max_length
        if limit is None:
            return whole
        return whole | (first.is_in(self._first.implode()) & (values.str.len_chars() == limit))
