"""What recorders have written, sorted: a run for each column, one of all that is searched for, and the filter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from anonymizer.verify import sequences, telling
from anonymizer.verify.record import Memory
from anonymizer.verify.tokens import Hashes, Secret, distinct, split
from anonymizer.workers import Context, Report

_HEADER = 128
"""A stored array is so many bytes longer than its numbers."""


@dataclass(frozen=True)
class SortColumn:
    """The job of sorting what was remembered of one masked column, by its number."""

    memory: Memory
    number: int

    def run(self, context: Context, report: Report) -> None:
        """Write the column's runs: its values group by group, what is searched for everywhere, and in itself."""
        found: dict[str, list[Any]] = defaultdict(list)
        for path in _pieces(self.memory):
            # one after another: there may be more of them than files may be open
            with np.load(path) as piece:
                for name in piece.files:
                    number, _, what = name.partition(".")
                    if number == str(self.number) and not what.endswith(("entries", "lengths")):
                        found[what].append(piece[name])
        for what in [what for what in found if what.endswith(".values")]:
            self._write(what, _joined(found.pop(what)))
        always, own = _joined(found["always"]), _joined(found["own"])
        phrases, rare = _phrases(_joined(found["phrases"]), _joined(found["rows"]))
        self._write("searched", np.concatenate([always, phrases[rare]]))
        self._write("own", np.concatenate([always, phrases, own]))

    def _write(self, name: str, hashes: Hashes) -> None:
        np.save(self.memory.folder / f"{self.number}.{name}.npy", distinct(hashes))


@dataclass(frozen=True)
class Gather:
    """The job of putting the columns together, once all are sorted.

    Its result: how many tokens the values have that are searched for.

    Attributes:
        canaries: planted values, searched for like originals.
    """

    memory: Memory
    canaries: tuple[str, ...] = ()

    def run(self, context: Context, report: Report) -> tuple[int, ...]:
        """Write the run of everything and the filter; what the recorders wrote is gone afterwards."""
        planted = self._planted()
        folder = self.memory.folder
        searched = [np.load(path, mmap_mode="r") for path in folder.glob("*.searched.npy")]
        np.save(folder / "searched.npy", distinct(np.concatenate([np.zeros(0, np.uint64), *searched])))
        del searched
        # each piece's numbers are read when the bits are set, and never all of them at once
        bits = sequences.build(self._entries(planted.entries), self._expected() + len(planted.entries))
        np.save(folder / "filter.npy", bits)
        lengths = set(planted.lengths)
        for path in _pieces(self.memory):
            with np.load(path) as piece:
                for name in piece.files:
                    if name.endswith(".lengths"):
                        lengths.update(piece[name].tolist())
            path.unlink()
        return tuple(sorted(lengths))

    def _entries(self, planted: Hashes) -> Iterator[Hashes]:
        yield planted
        for path in _pieces(self.memory):
            with np.load(path) as piece:
                yield from (piece[name] for name in piece.files if name.endswith(".entries"))

    def _expected(self) -> int:
        """How many entries there are in all pieces, by their sizes."""
        count = 0
        for path in _pieces(self.memory):
            with np.load(path) as piece:
                sizes = (item.file_size for item in piece.zip.infolist() if item.filename.endswith(".entries.npy"))
                count += sum((size - _HEADER) // 8 for size in sizes)
        return count

    def _planted(self) -> sequences.Sequences:
        """Every canary in a run of its own, whatever it looks like."""
        secret = Secret(self.memory.seed)
        tokens = split(pl.Series(self.canaries, dtype=pl.String), secret)
        text = tokens.text()
        first = np.flatnonzero(np.diff(text, prepend=-1))
        found = sequences.of(tokens, first, np.diff(first, append=len(text)), secret)
        for number, whole in zip(text[first], found.whole, strict=True):
            np.save(self.memory.folder / f"canary-{number}.searched.npy", np.array([whole], dtype=np.uint64))
        return found


def _pieces(memory: Memory) -> list[Path]:
    return sorted(memory.folder.glob("piece-*.npz"))


def _joined(runs: list[Any]) -> Hashes:
    """What all pieces have of one run, as it was written."""
    return np.concatenate(runs) if runs else np.zeros(0, dtype=np.uint64)


def _phrases(phrases: Hashes, rows: Any) -> tuple[Hashes, Any]:
    """A column's phrases, each once, and which of them few rows have over all pieces."""
    if not len(phrases):
        return phrases, np.zeros(0, dtype=bool)
    order = np.argsort(phrases)
    phrases, rows = phrases[order], rows[order].astype(np.int64)
    first = np.flatnonzero(np.concatenate(([True], phrases[1:] != phrases[:-1])))
    return phrases[first], np.add.reduceat(rows, first) < telling.FEW
