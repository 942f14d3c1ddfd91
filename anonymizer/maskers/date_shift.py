"""`date_shift`: all dates of one person moved by the same number of days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers import promises, times
from anonymizer.maskers.base import Mask, Masker, Row, Setting, number
from anonymizer.maskers.promises import Promise

_FURTHEST = 36_500


class DateShift(Masker):
    """Every date of a subject moves by 1 to `days` (30) days, forwards or backwards, as the subject's own value says.

    `subject` names a column of the same row. The same subject moves alike in all columns and tables of a join domain,
    so what lay three days apart still does; the time of day stays. Infinity stays. Dates before the year 1 and after
    9999 become the first of January of their year. Where the subject is NULL, the date itself says how far.
    """

    name = "date_shift"
    tagged = False
    searched = "never"
    kinds = frozenset({"time", "text"})
    options: ClassVar[Mapping[str, type]] = {"subject": str, "days": int}
    required = frozenset({"subject"})
    aside = True

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Reads the options."""
        super().__init__(mask, setting)
        self.needs = (mask.options["subject"],)
        self._days = int(mask.options.get("days", 30))

    def mask(self, values: pl.Series) -> pl.Series:
        """Without a subject: each date by itself."""
        return self._shift(values, values)

    def mask_with(self, values: pl.Series, row: Row) -> pl.Series:
        """Each date by its subject."""
        subjects = row.originals[self.needs[0]]
        return self._shift(values, subjects.zip_with(subjects.is_not_null(), values))

    def _shift(self, values: pl.Series, subjects: pl.Series) -> pl.Series:
        drawn = number(self.digests.hexadecimal(subjects), 0, 2 * self._days).cast(pl.Int64) - self._days
        shift = drawn.zip_with(drawn < 0, drawn + 1)  # never zero
        parsed = times.parse(values)
        days = parsed.dates.to_physical().cast(pl.Int64)
        moved = days + shift
        inside = (moved >= _FIRST) & (moved <= _LAST)
        moved = moved.zip_with(inside.fill_null(False), days - shift).cast(pl.Int32)
        out = parsed.put(moved.cast(pl.Date), values)
        if self.setting.kind != "text":
            return out
        return pl.repeat("2000-01-01", len(values), eager=True).zip_with(times.no_date(parsed, values), out)

    def objection(self) -> str | None:
        """It needs a date."""
        return times.objection(self.setting, "shift")

    def promises(self) -> tuple[Promise, ...]:
        """The intervals of a subject, how far at the most, and the time of day."""
        return promises.shifted(self.needs[0], self._days, self.setting)

    def chance(self, values: pl.Series) -> pl.Series | None:
        """None: no shift is zero; what lies outside of the calendar stays."""
        return times.chance(values, 0.0)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """All: a date that is moved may come to lie where another was."""
        return pl.repeat(True, len(values), dtype=pl.Boolean, eager=True)

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and the days must be some."""
        super().check(mask, locale)
        if not 1 <= mask.options.get("days", 30) <= _FURTHEST:
            raise PolicyError(f"the option 'days' of the mask date_shift must be between 1 and {_FURTHEST}")


_FIRST = -719_162
"""0001-01-01, in days since 1970."""
_LAST = 2_932_896
"""9999-12-31."""
