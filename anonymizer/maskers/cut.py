"""Many pieces of one string of bytes as a column, without a Python object for each."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

Places = np.ndarray[Any, np.dtype[np.int64]]


def cut(data: bytes, starts: Places, lengths: Places) -> pl.Series:
    """The pieces of UTF-8 that begin at `starts` and have `lengths` bytes, as strings in the same order."""
    pieces = pl.lit(data, dtype=pl.Binary).bin.slice(pl.col("start"), pl.col("length"))
    return pl.DataFrame({"start": starts, "length": lengths}).select(pieces.cast(pl.String)).to_series()
