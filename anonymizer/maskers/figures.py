"""Numbers between PostgreSQL's text and what one can reckon with."""

from __future__ import annotations

import polars as pl

from anonymizer.maskers.base import INTEGERS, Setting

FLOATS = ("float4", "float8")
_PLAIN = r"^[+-]?[0-9]+(?:\.([0-9]+))?(?:[eE][+-]?[0-9]+)?$"
_MOST = 15
"""A float has no more decimal digits than these."""


def objection(setting: Setting, verb: str) -> str | None:
    """Why a mask that reckons does not suit a column of numbers; None where it does."""
    if setting.kind == "number" and setting.base not in (*INTEGERS, *FLOATS, "numeric", ""):
        return f"cannot {verb} the type {setting.base}"
    return None


def decimals(values: pl.Series) -> pl.Series:
    """How many digits each has behind the point."""
    return values.str.extract(_PLAIN).str.len_bytes().fill_null(0).cast(pl.Int64)


def decimals_of(setting: Setting, values: pl.Series) -> pl.Series:
    """The same for a column: none of an integer, as many as numeric(p, s) says, else as many as the value has."""
    if setting.base in INTEGERS or setting.scale is not None:
        return pl.repeat(max(0, setting.scale or 0), len(values), dtype=pl.Int64, eager=True)
    return decimals(values)


def parse(values: pl.Series) -> pl.Series:
    """As floats; null what is no finite number."""
    numbers = values.cast(pl.Float64, strict=False)
    return numbers.set(~numbers.is_finite().fill_null(False), None)


def render(numbers: pl.Series, places: pl.Series, otherwise: pl.Series) -> pl.Series:
    """As decimal text.

    Args:
        numbers: floats.
        places: how many digits behind the point each gets; at most 15 of them are not zero.
        otherwise: what stands where the number is null.
    """
    places = places.clip(0, _MOST)
    ten = pl.repeat(10.0, len(numbers), eager=True)
    scaled = (numbers * ten.pow(places)).round(0).cast(pl.Int128, strict=False)
    digits = scaled.abs().cast(pl.String)
    padded = digits.str.zfill(places + 1)
    frame = pl.DataFrame({"digits": padded, "places": places})
    whole = frame.select(pl.col("digits").str.slice(0, pl.col("digits").str.len_bytes() - pl.col("places"))).to_series()
    rest = frame.select(pl.col("digits").str.tail(pl.col("places"))).to_series()
    point = pl.repeat(".", len(numbers), eager=True).zip_with(places > 0, pl.Series([""]))
    minus = pl.repeat("-", len(numbers), eager=True).zip_with((scaled < 0).fill_null(False), pl.Series([""]))
    text = minus + whole + point + rest
    return text.zip_with(text.is_not_null(), otherwise)


def within(setting: Setting, numbers: pl.Series) -> pl.Series:
    """Numbers cut to the range of the column's type."""
    if setting.base in INTEGERS:
        greatest = float(INTEGERS[setting.base])
        if setting.base == "int8":
            greatest -= 1024  # a float nearer to 2**63 would be rounded above it
        return numbers.clip(-greatest, greatest)
    if setting.precision is not None:
        greatest = float(10 ** (setting.precision - (setting.scale or 0)))
        greatest -= max(10.0 ** -(setting.scale or 0), greatest / 10**_MOST)
        return numbers.clip(-greatest, greatest)
    if setting.base == "float4":
        return numbers.clip(-3.4e38, 3.4e38)
    return numbers
