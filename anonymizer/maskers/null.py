"""`null`: nothing arrives."""

from __future__ import annotations

import polars as pl

from anonymizer.maskers.base import ANYTHING, Masker


class Null(Masker):
    """Every value becomes NULL. The column must allow it."""

    name = "null"
    kinds = ANYTHING
    keeps_empty = False

    def mask(self, values: pl.Series) -> pl.Series:
        """Nulls."""
        return pl.repeat(None, len(values), dtype=pl.String, eager=True)
