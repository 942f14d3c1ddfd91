"""Some rows of one table in a snapshot: a value that any process can be handed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from anonymizer.identifiers import TableName
from anonymizer.lookups import Lookup, joined

ROWS = 2**16
"""How many rows one part names at most: about a megabyte of statement."""

LINE_BITS = 16
"""A place in a table is its page, and these bits for its line."""


@dataclass(frozen=True)
class Part:
    """Some rows of a table by their places.

    Attributes:
        packed: pages and lines, in order, compressed.
        count: how many rows they are.
    """

    packed: bytes
    count: int

    def select(self, table: TableName, names: Sequence[str], lookups: Sequence[Lookup] = ()) -> str:
        """What COPY reads to get these columns of them, and those of lookups behind."""
        columns, source = joined(f"ONLY {table.sql}", names, lookups)
        place = pl.read_ipc(io.BytesIO(self.packed)).to_series()
        each = pl.format('"({},{})"', place // 2**LINE_BITS, place % 2**LINE_BITS)
        places = pl.select(each.str.join(",")).item()
        # the range is for a planner that rather reads pages in a row than by the list: these, and not the whole table
        return (
            f"(SELECT {columns} FROM {source} WHERE c.ctid >= '({place[0] // 2**LINE_BITS},0)'::tid "
            f"AND c.ctid < '({place[-1] // 2**LINE_BITS + 1},0)'::tid AND c.ctid = ANY ('{{{places}}}'::tid[]))"
        )


def parts(places: pl.Series) -> tuple[Part, ...]:
    """Sorted places of one table, a part for each so many."""
    found = []
    for piece in places.alias("place").to_frame().iter_slices(ROWS):
        buffer = io.BytesIO()
        piece.write_ipc(buffer, compression="zstd")
        found.append(Part(buffer.getvalue(), piece.height))
    return tuple(found)
