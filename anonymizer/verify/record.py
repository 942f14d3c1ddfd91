"""What is remembered of the originals: hashes in a private folder, never a value.

`Recorder` sees blocks of originals, in the load step while they are masked or in a reading of the source; `Digest`
sorts what all of them have written into one run for each column, and makes the filter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
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
from anonymizer.verify import sequences, telling
from anonymizer.verify.tokens import Hashes, Secret, distinct, slices
from anonymizer.workers import Context, Report

_LITTLE = 2**20
"""A run of no more bytes is read at once."""

_KEPT = 2**21
"""How many hashes a recorder keeps before it writes them: 16 MiB."""

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


@dataclass(frozen=True)
class Digest:
    """The job of sorting what was remembered. `canaries` are planted values, searched for like originals.

    Its result: how many tokens the values have that are searched for.
    """

    memory: Memory
    canaries: tuple[str, ...] = ()

    def run(self, context: Context, report: Report) -> tuple[int, ...]:
        """Write one run for each column, and the filter."""
        pieces = [np.load(path) for path in sorted(self.memory.folder.glob("piece-*.npz"))]
        names = sorted({name for piece in pieces for name in piece.files})
        lengths: set[int] = set()
        entries = []
        for name in names:
            if name.endswith((".rows", ".phrases", ".own")):
                continue
            run = distinct(np.concatenate([piece[name] for piece in pieces if name in piece.files]))
            if name.endswith(".lengths"):
                lengths |= set(run.tolist())
            elif name.endswith(".entries"):
                entries.append(run)
            elif name.endswith(".always"):
                number = name.partition(".")[0]
                phrases, rare = _phrases(pieces, number)
                np.save(self.memory.folder / f"{number}.searched.npy", distinct(np.concatenate([run, phrases[rare]])))
                own = [piece[f"{number}.own"] for piece in pieces if f"{number}.own" in piece.files]
                np.save(self.memory.folder / f"{number}.own.npy", distinct(np.concatenate([run, phrases, *own])))
            else:
                np.save(self.memory.folder / f"{name}.npy", run)
        planted = self._planted()
        entries.append(planted.entries)
        searched = [np.load(path) for path in self.memory.folder.glob("*.searched.npy")]
        np.save(self.memory.folder / "searched.npy", distinct(np.concatenate([np.zeros(0, np.uint64), *searched])))
        bits = sequences.build(entries, sum(map(len, entries)))
        np.save(self.memory.folder / "filter.npy", bits)
        for path in self.memory.folder.glob("piece-*.npz"):
            path.unlink()
        return tuple(sorted(lengths | planted.lengths))

    def _planted(self) -> sequences.Sequences:
        """Every canary in a run of its own, whatever it looks like."""
        from anonymizer.verify.tokens import split

        secret = Secret(self.memory.seed)
        tokens = split(pl.Series(self.canaries, dtype=pl.String), secret)
        text = tokens.text()
        first = np.flatnonzero(np.diff(text, prepend=-1))
        found = sequences.of(tokens, first, np.diff(first, append=len(text)), secret)
        for number, whole in zip(text[first], found.whole, strict=True):
            np.save(self.memory.folder / f"canary-{number}.searched.npy", np.array([whole], dtype=np.uint64))
        return found


def _phrases(pieces: Sequence[Any], number: str) -> tuple[Hashes, Any]:
    """The phrases of a column, and which of them few rows have, over all pieces."""
    mine = [piece for piece in pieces if f"{number}.phrases" in piece.files]
    phrases = np.concatenate([piece[f"{number}.phrases"] for piece in mine])
    rows = np.concatenate([piece[f"{number}.rows"] for piece in mine])
    unique, at = np.unique(phrases, return_inverse=True)
    return unique, np.bincount(at, weights=rows, minlength=len(unique)) < telling.FEW
