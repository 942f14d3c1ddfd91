"""`first_name`: a first name that nobody bears."""

from __future__ import annotations

import polars as pl

from anonymizer import pools
from anonymizer.maskers import spreads
from anonymizer.maskers.base import Mask, Masker, Setting, number
from anonymizer.odds import Spread


class FirstName(Masker):
    """A first name from the locale's pool."""

    name = "first_name"
    searched = "always"
    pool_name = "first_names"

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Loads the pool."""
        super().__init__(mask, setting)
        self._pool = pools.load(setting.locale, self.pool_name, setting.codec)

    def mask(self, values: pl.Series) -> pl.Series:
        """One name of the pool for each value."""
        return self._pool.gather(number(self.digests.hexadecimal(values), 0, len(self._pool)))

    def spread(self, part: str = "") -> Spread:
        """Names that are cut may become the same."""
        return spreads.of(self.fit(self._pool))

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether the pool has it."""
        return values.is_in(self.fit(self._pool).implode())
