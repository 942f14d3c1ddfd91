"""Values as a clone would read them, where the settings of the session that dumped them show in their text.

A clone reads in sessions of fixed settings; pg_dump fixes most of them too, but not the time zone, the form of bytea
and the locale of money. A mask's output depends on the text, so the text must be the same before it is masked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import polars as pl

from anonymizer import copytext
from anonymizer.copytext import CopyTextError
from anonymizer.plan import ColumnPlan

_BLIND = ("null", "constant")
"""Masks whose output does not depend on what they mask."""

_ELSEWHERE = r":\d\d(?:\.\d+)?(?:[+-]0[1-9]|[+-]1\d|[+-]00:)"
"""A moment in another time zone than UTC."""

_MOMENT = re.compile(
    r"(\d{4,})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(\.\d+)?([+-])(\d\d)(?::(\d\d)(?::(\d\d))?)?( BC)?",
)
_CYCLE = 400
"""After so many years the Gregorian calendar repeats itself, and Python's knows only 9,999 of them."""


def before(transform: Callable[[bytes], bytes], columns: Sequence[ColumnPlan]) -> Callable[[bytes], bytes]:
    """A transform of blocks that sees values as a clone's does."""
    forms = {
        f"c{at}": _FORMS[column.base]
        for at, column in enumerate(columns)
        if column.masked and column.base in _FORMS and column.mask.name not in _BLIND
    }
    if not forms:
        return transform
    names = [f"c{at}" for at in range(len(columns))]

    def run(block: bytes) -> bytes:
        frame = copytext.parse(block, names)
        changed = [form(frame.get_column(name)).alias(name) for name, form in forms.items()]
        return transform(copytext.serialize(frame.with_columns(changed)))

    return run


def utc(text: str) -> str:
    """Every moment in a text in UTC: `2024-01-01 00:30:00+01` becomes `2023-12-31 23:30:00+00`."""
    return _MOMENT.sub(_in_utc, text)


def _in_utc(found: re.Match[str]) -> str:
    year, month, day, hour, minute, second = (int(found[group]) for group in range(1, 7))
    offset = timedelta(hours=int(found[9]), minutes=int(found[10] or 0), seconds=int(found[11] or 0))
    # the year before 1 is 1 BC
    year = 1 - year if found[12] else year
    alike = year % _CYCLE + _CYCLE
    there = datetime(alike, month, day, hour, minute, second)  # noqa: DTZ001 - its zone is the offset
    here = there - offset if found[8] == "+" else there + offset
    year += here.year - alike
    shown = f"{year:04d}" if year > 0 else f"{1 - year:04d}"
    return f"{shown}{here:-%m-%d %H:%M:%S}{found[7] or ''}+00{' BC' if year <= 0 else ''}"


def _moments(fields: pl.Series) -> pl.Series:
    elsewhere = fields.str.contains(_ELSEWHERE)
    if not elsewhere.any():
        return fields
    return pl.Series([None if field is None else utc(field) for field in fields.to_list()], dtype=pl.String)


def _hexadecimal(fields: pl.Series) -> pl.Series:
    if not fields.str.contains(r"^(?:\\\\x|[{\[])").all():
        raise CopyTextError(
            detail="A bytea that is to be masked is not in hexadecimal.",
            hint="Dump again with PGOPTIONS='-c bytea_output=hex'.",
        )
    return fields


def _money(_: pl.Series) -> pl.Series:
    raise CopyTextError(
        detail="An amount of type money is to be masked, and its text depends on the locale of who dumped it.",
        hint="Mask it with null or constant, or clone the database.",
    )


_FORMS = {"timestamptz": _moments, "bytea": _hexadecimal, "money": _money}
