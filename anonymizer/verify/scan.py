"""The search of a column's texts for what is remembered of the originals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from anonymizer.verify import telling
from anonymizer.verify.record import Memory
from anonymizer.verify.sequences import Filter
from anonymizer.verify.tokens import Hashes, Places, Secret, Tokens, distinct, slices, split


@dataclass(frozen=True)
class Hits:
    """Where originals stand in some texts.

    Attributes:
        text: the number of the text.
        value: the hash of what stands there.
        fragment: the text of it, as it stands.
        told: how many bits it could at most tell.
    """

    text: Places
    value: Hashes
    fragment: pl.Series
    told: pl.Series

    def __len__(self) -> int:
        return len(self.value)


_NOTHING = Hits(
    np.zeros(0, np.int64),
    np.zeros(0, np.uint64),
    pl.Series([], dtype=pl.String),
    pl.Series([], dtype=pl.Float64),
)


class Search:
    """Everything that is searched for, opened."""

    def __init__(self, memory: Memory, lengths: tuple[int, ...], canaries: int = 0) -> None:
        """Opens the runs; nothing is read until something is looked up."""
        self._secret = Secret(memory.seed)
        self._filter = Filter(memory.load("filter").view(np.uint8), lengths)
        self.names = [str(number) for number in range(len(memory.owners))]
        self.names += [f"canary-{number}" for number in range(canaries)]
        self._runs = [memory.load(f"{name}.searched") for name in self.names]
        self._all = memory.load("searched")

    def look(self, texts: pl.Series, between: bytes = b"", own: Hashes | None = None) -> Hits:
        """What stands in texts that are not null.

        Args:
            texts: as `views.text` gave them.
            between: bytes over which nothing reaches: what separates two parts of a value.
            own: a run of more that is searched for, beside everybody's.
        """
        runs = [self._all] if own is None else [self._all, own]
        found, before = [_NOTHING], 0
        for piece in slices(texts.alias("text").to_frame(), "text"):
            found.append(self._look(piece.get_column("text"), between, runs, before))
            before += len(piece)
        return Hits(
            np.concatenate([hits.text for hits in found]),
            np.concatenate([hits.value for hits in found]),
            pl.concat([hits.fragment for hits in found]),
            pl.concat([hits.told for hits in found]),
        )

    def _look(self, texts: pl.Series, between: bytes, runs: list[Hashes], before: int) -> Hits:
        tokens = split(texts, self._secret)
        at, length, value = [], [], []
        for places, count, hashes in self._filter.candidates(tokens, self._secret):
            known = np.zeros(len(hashes), dtype=bool)
            for run in runs if len(hashes) else ():
                known |= member(run, hashes)
            at.append(places[known])
            length.append(np.full(int(known.sum()), count))
            value.append(hashes[known])
        if not sum(map(len, at)):
            return _NOTHING
        found = self._whole(tokens, np.concatenate(at), np.concatenate(length), np.concatenate(value), between)
        return replace(found, text=found.text + before)

    def _whole(self, tokens: Tokens, first: Places, length: Places, value: Hashes, between: bytes) -> Hits:
        """Those that lie in one text, and in one part of it."""
        last = first + length - 1
        text = tokens.text(first)
        inside = text == tokens.text(last)
        first, last, text, value = first[inside], last[inside], text[inside], value[inside]
        start, end = tokens.start[first], tokens.start[last] + tokens.length[last]
        fragments = [tokens.raw[a:b] for a, b in zip(start.tolist(), end.tolist(), strict=True)]
        if between:
            whole = np.array([not any(byte in between for byte in fragment) for fragment in fragments], dtype=bool)
            start, end, text, value = start[whole], end[whole], text[whole], value[whole]
            fragments = [fragment for fragment, good in zip(fragments, whole, strict=True) if good]
        told = pl.Series(telling.bits(tokens, start, end), dtype=pl.Float64)
        return Hits(text, value, pl.Series([f.decode("utf-8", "replace") for f in fragments], dtype=pl.String), told)

    def owners(self, hashes: Hashes, own: str = "") -> dict[str, Hashes]:
        """By the name of a column or a canary, which of its values these are; those of the column `own` left out."""
        unique = distinct(hashes)
        found = {}
        for name, run in zip(self.names, self._runs, strict=True):
            if name != own and (known := member(run, unique)).any():
                found[name] = unique[known]
        return found


def member(run: Hashes, hashes: Hashes) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of the hashes are in a sorted run."""
    if not len(run):
        return np.zeros(len(hashes), dtype=bool)
    at = np.minimum(np.searchsorted(run, hashes), len(run) - 1)
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = run[at] == hashes
    return found
