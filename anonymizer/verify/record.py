"""What is remembered of the originals: hashes in a private folder, never a value.

`Recorder` sees blocks of originals, in the load step while they are masked or in a reading of the source. What it
writes, `digest` sorts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from anonymizer import copytext
from anonymizer.identifiers import TableName, quote
from anonymizer.maskers import Masker
from anonymizer.pipeline import SMALL_BYTES, blocks, build, reading
from anonymizer.plan import TablePlan
from anonymizer.subset.part import Part
from anonymizer.verify import telling
from anonymizer.verify.tokens import Hashes, Secret, distinct, slices
from anonymizer.workers import Context, Report

_LITTLE = 2**20
"""A run of no more bytes is read at once."""

_KEPT = 2**19
"""How many hashes a recorder keeps before it writes them: 4 MiB."""

Owner = tuple[TableName, str]
"""A masked column: whose originals."""


@dataclass(frozen=True)
class Memory:
    """Where originals are remembered.

    Attributes:
        folder: private to us, and gone when we are.
        seed: 16 bytes that no two runs share; without them a hash says nothing.
        owners: every masked column; its number is its name in the folder.
    """

    folder: Path
    seed: bytes
    owners: tuple[Owner, ...]

    @property
    def plain_seed(self) -> int:
        """The seed of the hashes by which whole values are compared."""
        return int.from_bytes(self.seed[:8], "big")

    def number(self, table: TableName, column: str) -> int:
        """The number of a masked column."""
        return self.owners.index((table, column))

    def load(self, name: str) -> Hashes:
        """One sorted run, read as far as it is looked at; empty if there is none."""
        path = self.folder / f"{name}.npy"
        if not path.exists():
            return np.zeros(0, dtype=np.uint64)
        found: Hashes = np.load(path, mmap_mode="r" if path.stat().st_size > _LITTLE else None)
        return np.asarray(found)  # a memmap says what it is at every slice, and that takes longer than the slice


class Recorder:
    """Remembers the originals of one piece of a table; `piece` is a name that no other piece has."""

    def __init__(self, memory: Memory, piece: str, table: TableName) -> None:
        """Nothing is written before something was seen."""
        self._memory, self._piece, self._table = memory, piece, table
        self._kept = self._written = 0
        self._secret = Secret(memory.seed)
        self._found: dict[str, list[Any]] = defaultdict(list)
        self.nulls: dict[str, int] = defaultdict(int)

    def see(self, column: str, masker: Masker, values: pl.Series) -> None:
        """Take in some originals of a masked column, as PostgreSQL holds them."""
        self.nulls[column] += values.null_count()
        values = values.drop_nulls()
        number = self._memory.number(self._table, column)
        for group, (part, parts) in enumerate(masker.groups(values.filter(values != ""))):
            self._part(number, group, part, parts.filter(parts != "").alias("value").value_counts())
        if self._kept > _KEPT:
            self.close()

    def _part(self, number: int, group: int, masker: Masker, counts: pl.DataFrame) -> None:
        hashes = counts.get_column("value").hash(self._memory.plain_seed)
        self._found[f"{number}.{group}.values"].append(hashes.to_numpy())
        # those of the values, and about as many for each way in which they are searched for
        self._kept += 6 * len(hashes)
        for counted in slices(counts, "value"):
            unique = counted.get_column("value")
            chosen = telling.choose(
                unique, counted.get_column("count").to_numpy().astype(np.int64), masker, self._secret
            )
            self._found[f"{number}.always"].append(chosen.always.whole)
            self._found[f"{number}.phrases"].append(chosen.phrases.whole)
            self._found[f"{number}.rows"].append(chosen.rows)
            self._found[f"{number}.own"].append(chosen.own.whole)
            for some in (chosen.always, chosen.phrases, chosen.own):
                self._found[f"{number}.entries"].append(some.entries)
                self._found[f"{number}.lengths"].append(np.array(sorted(some.lengths), dtype=np.int64))

    def close(self) -> None:
        """Write what was found since the last time."""
        runs = {name: np.concatenate(some) for name, some in self._found.items()}
        for name, run in runs.items():
            if not name.endswith((".phrases", ".rows")):
                runs[name] = distinct(run)
        path = self._memory.folder / f"piece-{self._piece}-{self._written}.npz"
        np.savez(path, **cast("dict[str, Any]", runs))
        self._found.clear()
        self._kept, self._written = 0, self._written + 1


@dataclass(frozen=True)
class Recording:
    """What a chunk is told, so that the load step remembers the originals which it masks."""

    memory: Memory
    piece: str

    def open(self, table: TableName) -> Recorder:
        """A recorder of the chunk's own."""
        return Recorder(self.memory, self.piece, table)


@dataclass(frozen=True)
class RecordTable:
    """The job of reading the masked columns of one table of the source. Its result: rows, and NULLs by column.

    `parts` are the rows that the clone is to have; None for all.
    """

    plan: TablePlan
    memory: Memory
    piece: str
    snapshot: str
    parts: tuple[Part, ...] | None = None

    def run(self, context: Context, report: Report) -> tuple[TableName, int, Mapping[str, int]]:
        """Read and remember."""
        masked = self.plan.masked
        recorder = Recorder(self.memory, self.piece, self.plan.name)
        ready = [build(column, context) for column in masked]
        names = [f"c{position}" for position in range(len(masked))]
        rows, small = 0, self.plan.table.bytes <= SMALL_BYTES
        for select in self._selects():
            with reading(context.source, context.psql, self.snapshot, select, small=small) as pipe:
                for block in blocks(pipe, whole_rows=True):
                    frame = copytext.parse(block, names)
                    for name, column, masker in zip(names, masked, ready, strict=True):
                        recorder.see(column.name, masker, copytext.unescape(frame.get_column(name)))
                    rows += frame.height
                    report(str(self.plan.name), frame.height, len(block))
        recorder.close()
        return self.plan.name, rows, dict(recorder.nulls)

    def _selects(self) -> list[str]:
        names = [column.name for column in self.plan.masked]
        if self.parts is not None:
            return [part.select(self.plan.name, names) for part in self.parts]
        return [f"{self.plan.name.sql} ({', '.join(map(quote, names))})"]
