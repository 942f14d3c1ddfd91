"""`country`: another country, written the same way."""

from __future__ import annotations

import polars as pl

from anonymizer import pools
from anonymizer.maskers import spreads
from anonymizer.maskers.base import Mask, Masker, Setting, number
from anonymizer.odds import Spread


class Country(Masker):
    """A country of ISO 3166: a code of two letters becomes one of two, of three one of three, all else a name.

    All three forms of one country come out as different countries: nothing tells that `IT` and `Italia` were one.
    """

    name = "country"
    searched = "never"

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Loads the pools."""
        super().__init__(mask, setting)
        self._names = pools.load(setting.locale, "countries", setting.codec)
        codes = pools.countries()
        self._two = pl.Series([two for two, _ in codes])
        self._three = pl.Series([three for _, three in codes])

    def mask(self, values: pl.Series) -> pl.Series:
        """A country for each value."""
        digests = self.digests.hexadecimal(values)
        names = self._names.gather(number(digests, 0, len(self._names)))
        two = self._two.gather(number(digests, 1, len(self._two)))
        three = self._three.gather(number(digests, 2, len(self._three)))
        upper = two.zip_with(values.str.contains("^[A-Za-z]{2}$"), three)
        codes = upper.str.to_lowercase().zip_with(values.str.contains("^[a-z]{2,3}$"), upper)
        return codes.zip_with(values.str.contains("^[A-Za-z]{2,3}$"), names)

    def parts(self, values: pl.Series) -> pl.Series:
        """A code of two letters or of three, small or large, or a name."""
        length = values.str.len_chars().cast(pl.String)
        small = values.str.contains("^[a-z]{2,3}$")
        code = length + pl.repeat("s", len(values), eager=True).zip_with(small, pl.Series(["l"]))
        return code.zip_with(values.str.contains("^[A-Za-z]{2,3}$"), pl.Series(["name"]))

    def spread(self, part: str = "name") -> Spread:
        """All countries, of which some have one code in a pool and cut names may become the same."""
        pools = {"2": self._two, "3": self._three}
        return spreads.of(self.fit(pools.get(part[:1], self._names)))

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is a country: there are not enough of them for chance to avoid the original."""
        known = pl.concat([self.fit(self._names), self._two, self._three]).implode()
        return values.is_in(known) | values.str.to_uppercase().is_in(known)
