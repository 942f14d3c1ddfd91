"""Rows of the clone beside the rows they were made of, where a primary key is kept: what values alone cannot tell.

A first name of a pool of some hundred may well be what somebody else is called, so that a first name which survives is
no finding by itself. But a mask makes the same of the same: of all people called Maria either every one is called Maria
again, by chance whose odds are known, or none. So rows that kept their value beside rows that did not were never
masked, and more values made of themselves than chance allows were not either.

All rows of a table are compared, or, of a large one, those that a hash of their key under a number of this run draws.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import polars as pl

from anonymizer import copytext, maskers
from anonymizer.identifiers import TableName, quote
from anonymizer.keys import Key
from anonymizer.maskers import Masker, promises
from anonymizer.maskers.forms import told_apart
from anonymizer.maskers.promises import Promise
from anonymizer.pipeline import SMALL_BYTES, blocks, build, reading
from anonymizer.plan import ColumnPlan, TablePlan
from anonymizer.subset.part import Part
from anonymizer.verify.model import PromiseCheck, RowCheck
from anonymizer.verify.promised import Beside
from anonymizer.workers import Context, Report

MOST_ROWS, MOST_BYTES = 2**17, 2**25
"""Of larger tables so many rows are compared."""

NEVER = 1e-12
"""Less likely than this is not by chance."""

_READ = (promises.WITHIN, promises.SHIFT, promises.ORDER, promises.PREFIX, promises.SHAPE)

_KINDS = frozenset({"text", "inet", "macaddr", "number", "time", "uuid", "enum", "boolean"})
_BY_LETTERS = frozenset({"text", "postcode", "fpe"})
"""Masks that look at letters and digits alone."""

_NOT_ANEW = frozenset({"python", "faker"})
"""Masks that are a team's own code, or may make something else with another version of a library."""


@dataclass(frozen=True)
class RowsOfTable:
    """The job of comparing the rows of one table.

    Attributes:
        key: its primary key, which is kept.
        seed: draws the rows.
        rows: how many it has.
        made_by: the clone's key, where it is at hand: then every text can be made anew.
    """

    plan: TablePlan
    key: tuple[str, ...]
    seed: int
    snapshot: str
    parts: tuple[Part, ...] | None
    rows: int
    made_by: Key | None = None

    def run(self, context: Context, report: Report) -> Beside:
        """Compare."""
        chosen = [column for column in self.plan.masked if column.kind in _KINDS and not column.is_array]
        if not chosen:
            return (), ()
        context = replace(context, key=self.made_by or context.key)
        columns = [_Asked.of(n, column, context) for n, column in enumerate(chosen)]
        before = self._read(context, columns, source=True)
        after = self._read(context, columns, source=False)
        rows = before.join(after, on=[f"k{n}" for n in range(len(self.key))], suffix="_after")
        checks: list[RowCheck] = []
        promised: list[PromiseCheck] = []
        for asked in columns:
            pair = _Pair(self.plan.name, asked, rows)
            checks.append(pair.check(anew=self.made_by is not None))
            promised += pair.promised()
        return tuple(checks), tuple(promised)

    def _read(self, context: Context, columns: Sequence[_Asked], *, source: bool) -> pl.DataFrame:
        """The drawn rows of one side: the key, and what is asked of each column."""
        exprs = {f"k{n}": f"{quote(name)}::text" for n, name in enumerate(self.key)}
        for asked in columns:
            exprs |= asked.exprs(source=source)
        listed = ", ".join(f"{expr} AS {name}" for name, expr in exprs.items())
        named = ", ".join(f'{quote(name)}::text COLLATE "C"' for name in self.key)
        one_of = max(-(-self.rows // MOST_ROWS), -(-self.plan.table.bytes // MOST_BYTES), 1)
        drawn = f"hashtextextended(concat_ws(chr(31), {named}), {self.seed}) % {one_of} = 0"
        origins = [f"ONLY {self.plan.name.sql}"]
        if source and self.parts is not None:
            names = [column.name for column in self.plan.columns]
            origins = [f"{part.select(self.plan.name, names)} AS part" for part in self.parts]
        end, snapshot = (context.source, self.snapshot) if source else (context.target, "")
        frames = [pl.DataFrame(schema=dict.fromkeys(exprs, pl.String))]
        small = self.plan.table.bytes <= SMALL_BYTES
        for origin in origins:
            select = f"(SELECT {listed} FROM {origin} WHERE {drawn})"
            with reading(end, context.psql, snapshot, select, small=small) as pipe:
                for block in blocks(pipe, whole_rows=True):
                    frame = parsed(block, list(exprs))
                    frames.append(frame.select(copytext.unescape(column) for column in frame))
        return pl.concat(frames)


@dataclass(frozen=True)
class _Asked:
    """A masked column, and what is asked of it."""

    number: int
    column: ColumnPlan
    masker: Masker
    made: tuple[Promise, ...]

    @classmethod
    def of(cls, number: int, column: ColumnPlan, context: Context) -> _Asked:
        masker = build(column, context)
        made = promises.of(masker, column.setting(context.key, context.locale, context.codec))
        return cls(number, column, masker, made)

    def exprs(self, *, source: bool) -> dict[str, str]:
        """The SQL of one side, by the name of what it gives."""
        name, n = quote(self.column.name), self.number
        found = {f"v{n}": name}
        for place, promise in enumerate(self.made):
            if promise.how not in _READ or promise.how == promises.PREFIX:
                continue
            found[f"x{n}_{place}"] = (promise.before if source else promise.after).replace("{}", name)
            if source:
                found[f"h{n}_{place}"] = (promise.high or "NULL").replace("{}", name)
                found[f"g{n}_{place}"] = (promise.given or "true").replace("{}", name)
                found[f"s{n}_{place}"] = f"{quote(promise.subject)}::text" if promise.subject else "NULL"
        return found


class _Pair:
    """One column of the rows that were found on both sides."""

    def __init__(self, table: TableName, asked: _Asked, rows: pl.DataFrame) -> None:
        self._table, self._asked, self._masker, self._rows = table, asked, asked.masker, rows
        both = rows.select(original=f"v{asked.number}", masked=f"v{asked.number}_after").drop_nulls()
        if self._masker.keeps_empty:
            both = both.filter(pl.col("original") != "")
        self._both = both.with_columns(told_apart(self._masker.setting, both[name]) for name in both.columns)

    def check(self, *, anew: bool) -> RowCheck:
        """How many rows kept their value, and why that is no chance if it is none."""
        values = self._both.group_by("original").agg(
            rows=pl.len(), same=(pl.col("original") == pl.col("masked")).sum(), different=pl.col("masked").n_unique()
        )
        chance = self._masker.chance(self._told(values["original"]))
        said = [*self._mixed(values), *self._unlikely(values, chance), *(self._otherwise() if anew else ())]
        return RowCheck(
            self._table,
            self._asked.column.name,
            self._masker.name,
            len(self._both),
            int(values["same"].sum()),
            len(values),
            int((values["same"] > 0).sum()),
            None if chance is None else round(float(chance.sum()), 6),
            tuple(said),
        )

    @property
    def _is_function(self) -> bool:
        """Whether equal values become equal."""
        return not (self._masker.aside or self._masker.needs or self._masker.follows or self._masker.name == "python")

    def _mixed(self, values: pl.DataFrame) -> Iterator[str]:
        if self._is_function:
            some = values.filter((pl.col("same") > 0) & (pl.col("same") < pl.col("rows")))
            if len(some):
                yield f"{some['same'].sum()} rows have their original value, and others of that value have another"
            elif more := len(values.filter(pl.col("different") > 1)):
                yield f"{more} original values have become more than one each"
        if any(promise.name == promises.DISTINCT.name for promise in self._asked.made):
            met = self._both.group_by("masked").agg(pl.col("original").n_unique()).filter(pl.col("original") > 1)
            if len(met):
                yield f"{len(met)} values have each been made of more than one original"

    def _unlikely(self, values: pl.DataFrame, chance: pl.Series | None) -> Iterator[str]:
        if chance is None:
            return
        stayed = len(self._told(values.filter(pl.col("same") > 0)["original"]))
        if _odds(stayed, float(chance.sum())) < NEVER:
            yield f"{stayed} of {len(values)} values were made of themselves, and chance makes {chance.sum():.2g}"

    def _told(self, values: pl.Series) -> pl.Series:
        """Values whose fates have nothing to do with each other: those with the same letters and digits are one."""
        if self._masker.name not in _BY_LETTERS or self._masker.setting.kind != "text":
            return values
        return values.str.replace_all(r"[^0-9A-Za-z]", "").str.to_lowercase().unique()

    def _otherwise(self) -> Iterator[str]:
        """Rows that do not hold what the mask makes under the clone's key; a text is stored as it is made."""
        masker = self._masker
        if self._asked.column.kind != "text" or not self._is_function or masker.name in _NOT_ANEW:
            return
        made = told_apart(masker.setting, maskers.apply(masker, self._both["original"]))
        if wrong := int((made != self._both["masked"]).fill_null(True).sum()):
            yield f"{wrong} rows do not hold what the mask makes under the key"

    def promised(self) -> Iterator[PromiseCheck]:
        """What is promised of rows, and whether it holds."""
        for place, promise in enumerate(self._asked.made):
            if promise.how in _READ:
                broken = self._broken(place, promise)
                said = f"{promise.says} did not stay in {broken} rows" if broken else ""
                column, mask = self._asked.column.name, self._masker.name
                verdict = "broken" if broken else "held"
                yield PromiseCheck(self._table, column, mask, promise.name, verdict, said)

    def _broken(self, place: int, promise: Promise) -> int:
        if promise.how == promises.PREFIX:
            return _unlike(self._both)
        end = f"{self._asked.number}_{place}"
        rows = self._rows.filter(pl.col(f"g{end}") == "t").select(
            before=f"x{end}", after=f"x{end}_after", high=f"h{end}", subject=f"s{end}"
        )
        rows = rows.drop_nulls(["before", "after"])
        if promise.how == promises.SHAPE:
            return int((_shape(rows["before"]) != _shape(rows["after"])).sum())
        numbers = rows.with_columns(pl.col("before", "after", "high").cast(pl.Float64))
        if promise.how == promises.WITHIN:
            return len(numbers.filter((pl.col("after") < pl.col("before")) | (pl.col("after") > pl.col("high"))))
        if promise.how == promises.SHIFT:
            moved = (
                numbers.drop_nulls("subject").group_by("subject").agg((pl.col("after") - pl.col("before")).n_unique())
            )
            return len(moved.filter(pl.col("after") > 1))
        steps = numbers.group_by("before").agg(least=pl.col("after").min(), most=pl.col("after").max()).sort("before")
        return int((steps["most"].shift(1) > steps["least"]).sum())


def parsed(block: bytes, names: list[str]) -> pl.DataFrame:
    """The fields of a block; of what is no text, in a database without an encoding, the rest."""
    try:
        return copytext.parse(block, names)
    except copytext.CopyTextError:
        return copytext.parse(block.decode(errors="replace").encode(), names)


def _odds(found: int, expected: float) -> float:
    """No less than the odds that so many independent things happen of which so many are expected (Chernoff)."""
    if found <= expected:
        return 1.0
    return math.exp(found - expected + found * math.log(expected / found)) if expected else 0.0


def _shape(values: pl.Series) -> pl.Series:
    for pattern, letter in ((r"\p{Lu}", "A"), (r"\p{Nd}", "0"), (r"[a-z]|[^\x00-\x7f]", "a")):
        values = values.str.replace_all(pattern, letter)
    return values


def _unlike(both: pl.DataFrame) -> int:
    """How many addresses share another number of bits with the next one than their images do."""
    pairs = both.unique().to_numpy().tolist()
    wrong = 0
    for version in (4, 6):
        read = [(ipaddress.ip_interface(before), ipaddress.ip_interface(after)) for before, after in pairs]
        own = sorted((int(a.ip), int(b.ip)) for a, b in read if a.version == b.version == version)
        wrong += sum((one[0] ^ two[0]).bit_length() != (one[1] ^ two[1]).bit_length() for one, two in pairwise(own))
    return wrong
