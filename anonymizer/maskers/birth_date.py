"""`birth_date`: another day of birth in the same age band."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers import promises, times
from anonymizer.maskers.base import Mask, Masker, Setting, number
from anonymizer.maskers.promises import Promise
from anonymizer.odds import Spread

_EPOCH = 719_162


class BirthDate(Masker):
    """A day chosen from the band of `band` (5) years of birth that the original lies in: 1980 to 1984, 1985 to 1989.

    So the pyramid of ages keeps its shape. The time of day, if there is one, stays. Infinity stays; far years become
    the first of January of theirs; a text that is no date becomes 2000-01-01.
    """

    name = "birth_date"
    tagged = False
    searched = "never"
    kinds = frozenset({"time", "text"})
    options: ClassVar[Mapping[str, type]] = {"band": int}

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Reads the options."""
        super().__init__(mask, setting)
        self._band = int(mask.options.get("band", 5))

    def mask(self, values: pl.Series) -> pl.Series:
        """A day for each value."""
        parsed = times.parse(values)
        first, span = self._bands(parsed)
        drawn = (number(self.digests.hexadecimal(values), 0, 2**62) % span).cast(pl.Int64)
        out = parsed.put((first + drawn).cast(pl.Int32).cast(pl.Date), values)
        if self.setting.kind != "text":
            return out
        return pl.repeat("2000-01-01", len(values), eager=True).zip_with(times.no_date(parsed, values), out)

    def _bands(self, parsed: times.Times) -> tuple[pl.Series, pl.Series]:
        """The first day of each value's band, and how many days there are; null and 1 of what is no near date."""
        year = parsed.dates.dt.year().cast(pl.Int64)
        low = (year // self._band * self._band).clip(1)
        high = (year // self._band * self._band + self._band).clip(upper_bound=10_000)
        first = _day(low)
        return first, (_day(high) - first).fill_null(1).cast(pl.UInt64)

    def parts(self, values: pl.Series) -> pl.Series:
        """The band, with the time of day; how many days it has stands before."""
        parsed = times.parse(values)
        first, span = self._bands(parsed)
        begin = parsed.put(first.cast(pl.Int32).cast(pl.Date), values)
        if self.setting.kind == "text":
            begin = pl.repeat("no date", len(values), eager=True).zip_with(times.no_date(parsed, values), begin)
        return span.cast(pl.String) + " " + begin

    def spread(self, part: str = "") -> Spread | None:
        """The days of a band."""
        return {1: int(part.partition(" ")[0])} if part else None

    def objection(self) -> str | None:
        """It needs a date."""
        return times.objection(self.setting, "hold a birthday in")

    def promises(self) -> tuple[Promise, ...]:
        """The age band, and the time of day."""
        if not promises.dated(self.setting):
            return ()
        return promises.band(self._band), *(() if self.setting.base == "date" else (promises.TIME_OF_DAY,))

    def chance(self, values: pl.Series) -> pl.Series | None:
        """One of a band's days, of which one year has 365; what lies outside of the calendar stays."""
        return times.chance(values, 1 / 365)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """All: in a band of five years there are but 1,826 days."""
        return pl.repeat(True, len(values), dtype=pl.Boolean, eager=True)

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and a band has years."""
        super().check(mask, locale)
        if not 1 <= mask.options.get("band", 5) <= 100:
            raise PolicyError("the option 'band' of the mask birth_date must be between 1 and 100 years")


def _day(year: pl.Series) -> pl.Series:
    """The first of January as days since 1970, by the rule of the Gregorian calendar."""
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 - _EPOCH
