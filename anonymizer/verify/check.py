"""The reading of the finished clone: each masked column against its own originals, every text against everybody's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import polars as pl

from anonymizer import copytext
from anonymizer.identifiers import TableName, quote
from anonymizer.maskers import Masker
from anonymizer.pipeline import SMALL_BYTES, blocks, build, reading
from anonymizer.plan import ColumnPlan, TablePlan
from anonymizer.verify import views
from anonymizer.verify.record import Memory
from anonymizer.verify.scan import Hits, Search, member
from anonymizer.verify.tokens import Hashes, distinct
from anonymizer.workers import Context, Report

ENOUGH_BITS = 60
"""What tells fewer bits may stand in a scrambled text by chance: a million values among a hundred million words."""

_CONTAINERS = frozenset({"json", "composite", "hstore", "xml"})
"""Masks that may keep a part of a value."""

_BETWEEN = {"json": b'"', "hstore": b'"', "xml": b'<>"', "composite": b'",()'}

_Name = TypeVar("_Name")


@dataclass
class Piece:
    """What was found in one piece of a table of the clone.

    Attributes:
        survivors, coincidences: by masked column, hashes of its own originals that stand in it.
        leaks, excused: by column, whose originals stand in it.
    """

    table: TableName
    rows: int = 0
    nulls: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    survivors: dict[str, list[Hashes]] = field(default_factory=lambda: defaultdict(list))
    coincidences: dict[str, list[Hashes]] = field(default_factory=lambda: defaultdict(list))
    leaks: dict[tuple[str, str], list[Hashes]] = field(default_factory=lambda: defaultdict(list))
    excused: dict[tuple[str, str], list[Hashes]] = field(default_factory=lambda: defaultdict(list))

    def __reduce__(self) -> tuple[object, ...]:
        """Sent as plain dictionaries: a default's lambda cannot be."""
        return Piece, (
            self.table,
            self.rows,
            dict(self.nulls),
            _merged(self.survivors),
            _merged(self.coincidences),
            _merged(self.leaks),
            _merged(self.excused),
        )


def _merged(found: dict[_Name, list[Hashes]]) -> dict[_Name, list[Hashes]]:
    return {name: [distinct(np.concatenate(some))] for name, some in found.items()}


@dataclass(frozen=True)
class CheckPiece:
    """The job of checking a table of the clone, or some pages of it.

    Attributes:
        lengths: what `Gather` returned.
        canaries: how many are planted.
        first_page, end_page: the pages, as a chunk has them; None for all.
    """

    plan: TablePlan
    memory: Memory
    lengths: tuple[int, ...]
    canaries: int = 0
    first_page: int | None = None
    end_page: int | None = None

    def run(self, context: Context, report: Report) -> Piece:
        """Read and compare."""
        found = Piece(self.plan.name)
        search = Search(self.memory, self.lengths, self.canaries)
        columns = readable(self.plan)
        checks = [_Column(column, self.plan.name, self.memory, search, context, found) for column in columns]
        names = [f"c{position}" for position in range(len(columns))]
        small = self.plan.table.bytes <= SMALL_BYTES
        with reading(context.target, context.psql, "", self._select(columns), small=small) as pipe:
            for block in blocks(pipe, whole_rows=True):
                frame = _parsed(block, names)
                for name, check in zip(names, checks, strict=True):
                    check.see(copytext.unescape(frame.get_column(name)))
                found.rows += frame.height
                report(str(self.plan.name), frame.height, len(block))
        return found

    def _select(self, columns: tuple[ColumnPlan, ...]) -> str:
        names = ", ".join(quote(column.name) for column in columns)
        if self.first_page is None:
            return f"{self.plan.name.sql} ({names})"
        end = f" AND ctid < '({self.end_page},0)'::tid" if self.end_page is not None else ""
        return f"(SELECT {names} FROM ONLY {self.plan.name.sql} WHERE ctid >= '({self.first_page},0)'::tid{end})"


def _parsed(block: bytes, names: list[str]) -> pl.DataFrame:
    """The fields of a block. In a database without an encoding what is kept may be no text: the rest of it is read."""
    try:
        return copytext.parse(block, names)
    except copytext.CopyTextError:
        return copytext.parse(block.decode(errors="replace").encode(), names)


def readable(plan: TablePlan) -> tuple[ColumnPlan, ...]:
    """The columns of the clone that are looked at: the masked ones, and all in which text may stand."""
    if plan.drops_rows:
        return ()
    return tuple(column for column in plan.columns if column.masked or column.kind in views.READABLE)


class _Column:
    """One column of the clone."""

    def __init__(
        self, plan: ColumnPlan, table: TableName, memory: Memory, search: Search, context: Context, found: Piece
    ) -> None:
        self._plan, self._memory, self._search, self._found = plan, memory, search, found
        self._own = str(memory.number(table, plan.name)) if plan.masked else ""
        self._masker = build(plan, context) if plan.masked else None
        self._runs: dict[str, Hashes] = {}

    def _run(self, name: str) -> Hashes:
        """What is remembered of the column's own originals, opened once."""
        if name not in self._runs:
            self._runs[name] = self._memory.load(f"{self._own}.{name}")
        return self._runs[name]

    def see(self, values: pl.Series) -> None:
        """Take in a block's values."""
        name = self._plan.name
        self._found.nulls[name] += values.null_count()
        values = values.drop_nulls()
        values = values.filter(values != "")
        if self._masker is None:
            self._kept(values.unique())
            return
        if self._plan.mask.name in _CONTAINERS and self._plan.kind in views.READABLE:
            # a document is taken apart only if anything in it, be it one of its own column, is known at all
            whole = views.text(values, self._plan.kind, is_array=self._plan.is_array)
            between = b'",{}' if self._plan.is_array else _BETWEEN[self._plan.mask.name]
            hits = self._search.look(whole, between, self._run("own"))
            if len(hits):
                groups = self._groups(values.gather(np.unique(hits.text)))
                self._parts(groups)
                self._container(hits, groups)
            return
        groups = self._groups(values)
        self._parts(groups)
        if self._plan.kind in views.READABLE:
            for masker, parts in groups:
                self._scrambled(masker, parts.unique())

    def _groups(self, values: pl.Series) -> list[tuple[Masker, pl.Series]]:
        assert self._masker is not None  # noqa: S101 - only masked columns have parts
        return [(masker, parts.filter(parts != "")) for masker, parts in self._masker.groups(values)]

    def _parts(self, groups: list[tuple[Masker, pl.Series]]) -> None:
        for group, (masker, parts) in enumerate(groups):
            self._against_own(group, masker, parts.unique())

    def _against_own(self, group: int, masker: Masker, parts: pl.Series) -> None:
        originals = self._run(f"{group}.values")
        hashes = parts.hash(self._memory.plain_seed).to_numpy()
        known = member(originals, hashes)
        if known.any():
            excused = masker.could_be_ours(parts.filter(pl.Series(known))).fill_null(False).to_numpy()
            self._found.coincidences[f"{self._plan.name}.{group}"].append(hashes[known][excused])
            self._found.survivors[f"{self._plan.name}.{group}"].append(hashes[known][~excused])

    def _kept(self, values: pl.Series) -> None:
        texts = views.text(values, self._plan.kind, is_array=self._plan.is_array)
        between = b'"' if self._plan.kind in ("json", "hstore") else b""
        self._note(self._search.look(texts, between).value, excused=False)

    def _scrambled(self, masker: Masker, parts: pl.Series) -> None:
        """What a mask has made: an original may stand there by chance, but not in what a mask leaves as it is."""
        parts = views.text(parts, self._plan.kind, is_array=False)
        hits = self._search.look(parts)
        if len(hits):
            excused = self._excused(masker, parts, hits)
            self._note(hits.value[excused], excused=True)
            self._note(hits.value[~excused], excused=False)

    def _excused(self, masker: Masker, parts: pl.Series, hits: Hits) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        if masker.leaves_text:
            return np.zeros(len(hits), dtype=bool)
        ours = masker.could_be_ours(parts.gather(hits.text)).fill_null(False)
        ours |= masker.could_be_ours(hits.fragment).fill_null(False)
        found: np.ndarray[tuple[int], np.dtype[np.bool_]] = (ours | (hits.told < ENOUGH_BITS)).to_numpy()
        return found

    def _container(self, hits: Hits, groups: list[tuple[Masker, pl.Series]]) -> None:
        """A value of which some parts may be kept: what stands there more often than in its masked parts is kept."""
        masked = []
        for masker, parts in groups:
            inside = self._search.look(parts)
            masked.append(inside.value)
            if len(inside):
                excused = self._excused(masker, parts, inside)
                self._note(inside.value[excused], excused=True)
                self._note(inside.value[~excused], excused=False)
        all_values, all_counts = np.unique(hits.value, return_counts=True)
        inner, inner_counts = np.unique(np.concatenate(masked or [all_values[:0]]), return_counts=True)
        if len(inner):
            at = np.minimum(np.searchsorted(inner, all_values), len(inner) - 1)
            all_counts = all_counts - np.where(inner[at] == all_values, inner_counts[at], 0)
        self._note(all_values[all_counts > 0], excused=False, own="")

    def _note(self, values: Hashes, *, excused: bool, own: str | None = None) -> None:
        """By whose it is. A column's own originals were compared already, but not with what it keeps."""
        if len(values):
            for owner, some in self._search.owners(values, self._own if own is None else own).items():
                # a canary was planted to be found: chance is no excuse for it
                chance = excused and not owner.startswith("canary-")
                into = self._found.excused if chance else self._found.leaks
                into[self._plan.name, owner].append(some)
