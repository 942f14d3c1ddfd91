"""Dates and times between PostgreSQL's text (DateStyle ISO, UTC) and what one can reckon with."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from anonymizer.maskers.base import Setting

_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
_PARTS = rf"^([0-9]{{4,7}})-([0-9]{{2}})-([0-9]{{2}})([ T]{_TIME})?([+-][0-9]{{2}}(?::[0-9]{{2}}){{0,2}}|Z)?( BC)?$"
_FIRST_YEAR = "4714 BC"
"""PostgreSQL's calendar begins on 24 November of it."""
DATED = ("date", "timestamp", "timestamptz")


@dataclass(frozen=True)
class Times:
    """A column of dates and times, taken apart.

    Attributes:
        dates: as dates of the years 1 to 9999; null where it is infinity, another year, or no date at all.
        rest: what stands behind the date: the time of day, the zone.
        years: the year's digits where the date is of another year, else null.
    """

    dates: pl.Series
    rest: pl.Series
    years: pl.Series
    era: pl.Series

    def put(self, dates: pl.Series, values: pl.Series, rest: pl.Series | None = None) -> pl.Series:
        """Text again. Dates of far years become the first of January, of the very first year the last of December.

        What is no date stays as it was in `values`.
        """
        text = dates.dt.strftime("%Y-%m-%d") + (self.rest if rest is None else rest)
        january, december = (pl.repeat(day, len(values), dtype=pl.String, eager=True) for day in ("-01-01", "-12-31"))
        day = december.zip_with((self.years + self.era).eq(_FIRST_YEAR).fill_null(False), january)
        far = self.years + day + self.rest + self.era
        return text.zip_with(text.is_not_null(), far.zip_with(far.is_not_null(), values))


def parse(values: pl.Series) -> Times:
    """Take a column apart."""
    parts = values.str.extract_groups(_PARTS).struct.unnest()
    year, month, day, time, zone, era = (parts.to_series(n) for n in range(6))
    dates = (year + "-" + month + "-" + day).str.to_date("%Y-%m-%d", strict=False)
    near = (year.str.len_bytes() == 4) & era.is_null() & (year != "0000")
    dates = dates.set(~near.fill_null(False), None)
    rest = time.fill_null("") + zone.fill_null("")
    return Times(dates, rest, year.set(dates.is_not_null(), None), era.fill_null(""))


def objection(setting: Setting, verb: str) -> str | None:
    """Why a mask of dates does not suit a column of times; None where it does."""
    if setting.kind == "time" and setting.base not in (*DATED, ""):
        return f"cannot {verb} the type {setting.base}"
    return None


def chance(values: pl.Series, odds: float) -> pl.Series:
    """These odds for each date of the years 1 to 9999, and 1 for all else."""
    return parse(values).dates.is_not_null().cast(pl.Float64) * (odds - 1) + 1


def no_date(times: Times, values: pl.Series) -> pl.Series:
    """Which values of a text column are no date at all; infinity is none either, and tells nothing."""
    return times.dates.is_null() & times.years.is_null() & ~values.str.contains(r"^-?infinity$")
