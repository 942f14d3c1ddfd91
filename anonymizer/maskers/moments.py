"""A keyed bijection on dates and times: the year stays, and within it every day and second changes places.

A date is its day's number in the year, a moment its second's; a Feistel network permutes those of one year among
themselves. What stands behind the second, and the zone, stay. So no two ever meet, in any precision of the type.
"""

from __future__ import annotations

import hashlib

import polars as pl

from anonymizer.maskers.base import digits
from anonymizer.maskers.permutation import numbers

TYPES = ("date", "timestamp", "timestamptz", "time", "timetz")

_PARTS = (
    r"^(?:(\d{4,7})-(\d\d)-(\d\d))?([ T]?)(?:([01]\d|2[0-3]):(\d\d):(\d\d)(\.\d+)?)?([+-]\d\d(?::\d\d){0,2})?( BC)?$"
)
_BEFORE = pl.Series([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334])
"""The days of a common year before each month."""
_DAY = 86_400
_FIRST_YEAR, _FIRST_DAY = -4713, 327
"""PostgreSQL's calendar begins on 24 November 4714 BC, the day 0 of Julian days."""


def permute(key: bytes, values: pl.Series) -> pl.Series:
    """The image of each date or time as PostgreSQL writes it (ISO, UTC); infinity and 24:00:00 stay."""
    frame = _read(values)
    out = values.clone()
    for (year, dated, timed), group in frame.group_by("year", "dated", "timed", maintain_order=True):
        own = hashlib.sha256(key + f"moments/{year}".encode()).digest()
        image = _permuted(own, group["number"], int(str(year)), dated=bool(dated), timed=bool(timed))
        out = out.scatter(group["at"], _written(group, image, int(str(year)), dated=bool(dated), timed=bool(timed)))
    return out


def _read(values: pl.Series) -> pl.DataFrame:
    """What can be permuted: where it stands, its year counted through zero, its number in that year, and the rest."""
    parts = values.str.extract_groups(_PARTS).struct.unnest()
    parts.columns = ["y", "month", "day", "between", "hour", "minute", "second", "fraction", "zone", "era"]
    whole = pl.col("y").cast(pl.Int64)
    year = pl.when(pl.col("era").is_null()).then(whole).otherwise(1 - whole).fill_null(0)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    month = pl.col("month").cast(pl.Int64).fill_null(1)
    return (
        parts.with_columns(
            at=pl.int_range(pl.len()),
            year=year,
            dated=pl.col("y").is_not_null(),
            timed=pl.col("hour").is_not_null(),
            of_day=sum(pl.col(c).cast(pl.Int64) * f for c, f in (("hour", 3600), ("minute", 60), ("second", 1))),
            of_year=pl.lit(_BEFORE).gather(month - 1) + pl.col("day").cast(pl.Int64) - 1 + (leap & (month > 2)),
        )
        .filter(pl.col("dated") | pl.col("timed"))
        .with_columns(
            number=pl.when(pl.col("timed"))
            .then(pl.col("of_year").fill_null(0) * _DAY + pl.col("of_day"))
            .otherwise(pl.col("of_year")),
        )
    )


def _permuted(key: bytes, found: pl.Series, year: int, *, dated: bool, timed: bool) -> pl.Series:
    unit = _DAY if timed else 1
    low = _FIRST_DAY * unit if dated and year == _FIRST_YEAR else 0
    high = (_days(year) if dated else 1) * unit
    inside = found.filter(found >= low)
    return numbers(key, (inside - low).cast(pl.UInt64), high - low).cast(pl.Int64) + low


def _written(group: pl.DataFrame, image: pl.Series, year: int, *, dated: bool, timed: bool) -> pl.Series:
    day, second = (image // _DAY, image % _DAY) if timed else (image, image * 0)
    text = pl.repeat("", len(group), eager=True)
    if dated:
        starts = pl.Series([before + (_days(year) == 366 and month > 1) for month, before in enumerate(_BEFORE)])
        month = starts.search_sorted(day, side="right").cast(pl.Int64) - 1
        text = group["y"] + "-" + digits(month + 1, 2) + "-" + digits(day - starts.gather(month) + 1, 2)
        text = text + group["between"].fill_null("")
    if timed:
        clock = [digits(second // 3600, 2), digits(second // 60 % 60, 2), digits(second % 60, 2)]
        text = text + clock[0] + ":" + clock[1] + ":" + clock[2] + group["fraction"].fill_null("")
    return text + group["zone"].fill_null("") + group["era"].fill_null("")


def _days(year: int) -> int:
    return 366 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 365
