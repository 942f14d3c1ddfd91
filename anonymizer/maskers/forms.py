"""A value as PostgreSQL writes it: `true` is `t`, `7` in a numeric(10, 2) is `7.00`, a day as a timestamp midnight.

A mask that puts in what a person or Faker wrote must put it in as the clone will show it: verification compares texts.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

import polars as pl

from anonymizer.maskers.base import INTEGERS, Setting

_TRUTH = {
    **dict.fromkeys(("t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"), "t"),
    **dict.fromkeys(("f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"), "f"),
}
_STAMP = re.compile(r"(\d{4,}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(?::(\d\d)(\.\d*?)?0*)?)?(?:Z|[+-]00(?::00)?)?", re.ASCII)
_ZONES = {"timestamp": "", "timestamptz": "+00"}


def told_apart(setting: Setting, values: pl.Series) -> pl.Series:
    """Values of which those that the type holds for equal are the same text: what masks see.

    In char(n) blanks at the end mean nothing, in citext case does not, nor do in a numeric of any scale noughts at the
    end: one value could come out as two, and a reference to it would dangle.
    """
    if setting.base == "bpchar":
        return values.str.strip_chars_end(" ")
    if setting.base == "numeric" and setting.scale is None and setting.kind == "number":
        return values.str.replace(r"^(-?[0-9]+(?:\.[0-9]*[1-9])?)\.?0*$", "$1")
    return values.str.to_lowercase() if setting.base == "citext" else values


def as_written(setting: Setting, text: str) -> str:
    """The same value in the column's own form; as it is where we do not know that form."""
    if setting.kind == "boolean":
        return _TRUTH.get(text.strip().lower(), text)
    if setting.kind == "number":
        return _number(setting, text)
    if setting.kind == "time":
        return _time(setting, text)
    return text


def _number(setting: Setting, text: str) -> str:
    places = 0 if setting.base in INTEGERS else setting.scale
    try:
        number = Decimal(text)
        if places is None or places < 0 or not number.is_finite():
            return text
        return f"{number.quantize(Decimal(1).scaleb(-places)):f}"
    except InvalidOperation:
        return text


def _time(setting: Setting, text: str) -> str:
    found = _STAMP.fullmatch(text.strip())
    if not found:
        return text
    if setting.base == "date":
        return found[1]
    if setting.base not in _ZONES:
        return text
    fraction = "" if found[4] in (None, ".") else found[4]
    return f"{found[1]} {found[2] or '00:00'}:{found[3] or '00'}{fraction}{_ZONES[setting.base]}"
