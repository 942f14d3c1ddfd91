"""`company`: a firm that is in no register."""

from __future__ import annotations

import polars as pl

from anonymizer import pools
from anonymizer.maskers import spreads
from anonymizer.maskers.base import Mask, Masker, Setting, number
from anonymizer.odds import Spread


class Company(Masker):
    """Two family names of the locale's pool and a legal form: `Bardini-Colucci S.r.l.`."""

    name = "company"
    searched = "always"

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Loads the pools."""
        super().__init__(mask, setting)
        self._names = pools.load(setting.locale, "last_names", setting.codec)
        self._forms = pools.load(setting.locale, "company_forms", setting.codec)

    def mask(self, values: pl.Series) -> pl.Series:
        """A firm for each value."""
        digests = self.digests.hexadecimal(values)
        first = self._names.gather(number(digests, 0, len(self._names)))
        second = self._names.gather(number(digests, 1, len(self._names)))
        return first + "-" + second + " " + self._forms.gather(number(digests, 2, len(self._forms)))

    def spread(self, part: str = "") -> Spread:
        """Two names and a form; cut ones may become the same."""
        return spreads.together([self._names, self._names, self._forms], ["-", " "], self.setting.max_length)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it begins with two names of the pool."""
        parts = values.str.extract_groups(r"^(\S+)-(\S+) ").struct.unnest()
        known = self._names.implode()
        return (parts.to_series(0).is_in(known) & parts.to_series(1).is_in(known)).fill_null(False)
