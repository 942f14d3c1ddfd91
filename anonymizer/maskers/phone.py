"""`phone`: a number that rings nowhere."""

from __future__ import annotations

import polars as pl

from anonymizer.maskers.base import Masker, digits, number

PREFIX = "+999"
"""A country code that the ITU has never assigned: whatever dials it, no stranger's telephone rings."""


class Phone(Masker):
    """`+999 ddd ddd dddd`: international form, ten digits from the value's digest, cut where the column is shorter.

    The input's own shape is not kept: whether a number is written with brackets or dashes tells who typed it in.
    """

    name = "phone"

    def mask(self, values: pl.Series) -> pl.Series:
        """A number for each value."""
        text = digits(number(self.digests.hexadecimal(values), 0, 10**10), 10)
        grouped = PREFIX + " " + text.str.slice(0, 3) + " " + text.str.slice(3, 3) + " " + text.str.slice(6)
        limit = self.setting.max_length
        if limit is None or limit >= len("+999 123 456 7890"):
            return grouped
        return PREFIX + text

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it begins with the country code that nobody has."""
        return values.str.starts_with(PREFIX)
