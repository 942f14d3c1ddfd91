"""`date_trunc`: dates and times cut to the beginning of their year, month, day or hour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers import promises, times
from anonymizer.maskers.base import Mask, Masker
from anonymizer.maskers.promises import Promise

_DATES = {"year": "1y", "quarter": "1q", "month": "1mo", "week": "1w", "day": "1d"}
_TIMES = {"hour": 2, "minute": 5, "second": 8}


class DateTrunc(Masker):
    """As PostgreSQL's date_trunc: the option `unit` is year, quarter, month, week, day, hour, minute or second.

    It needs no key: what is left tells exactly as much as the unit says. Infinity stays; dates before the year 1 and
    after 9999 become the first of January of their year.
    """

    name = "date_trunc"
    tagged = False
    keyless = True
    searched = "never"
    kinds = frozenset({"time", "text"})
    options: ClassVar[Mapping[str, type]] = {"unit": str}
    required = frozenset({"unit"})

    def mask(self, values: pl.Series) -> pl.Series:
        """The beginning of each value's unit."""
        unit = self.mask_options["unit"]
        parsed = times.parse(values)
        zone = parsed.rest.str.extract(r"([+-][0-9][0-9](?::[0-9][0-9]){0,2}|Z)$").fill_null("")
        timed = parsed.rest.str.contains(":", literal=True)
        if unit in _DATES:
            dates = parsed.dates.dt.truncate(_DATES[unit])
            clock = pl.repeat(" 00:00:00", len(values), eager=True)
        else:
            dates = parsed.dates
            keep = _TIMES[unit] + 1
            clock = (parsed.rest.str.extract(r"^([ T][0-9:]+)").str.slice(0, keep) + ":00:00").str.slice(0, 9)
        rest = (clock + zone).zip_with(timed, parsed.rest)
        out = parsed.put(dates, values, rest)
        if self.setting.kind != "text":
            return out
        return pl.repeat("2000-01-01", len(values), eager=True).zip_with(times.no_date(parsed, values), out)

    def objection(self) -> str | None:
        """It needs a date."""
        return times.objection(self.setting, "truncate")

    def promises(self) -> tuple[Promise, ...]:
        """The unit itself, which SQL can tell."""
        return promises.truncated(self.setting, self.mask_options["unit"])

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is the beginning of a unit already."""
        return (self.mask(values) == values).fill_null(False)

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and the unit must be one."""
        super().check(mask, locale)
        if mask.options["unit"] not in (*_DATES, *_TIMES):
            raise PolicyError(
                f"the mask date_trunc knows no unit {mask.options['unit']!r}",
                detail=f"The units are {', '.join((*_DATES, *_TIMES))}.",
            )
