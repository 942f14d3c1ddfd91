"""Where the texts and numbers of JSON documents stand, found for a whole chunk at once without opening a document.

All documents of a chunk are one string of bytes. Quotes are where strings begin and end, a colon behind one makes it
a key, and what is left outside of strings is numbers, `true`, `false`, `null` and punctuation. A document whose texts
and numbers are cut out is its skeleton: documents of one skeleton have the same paths in the same order, so only one of
them is opened. What is kept is never read: it stays byte for byte.

That is exact for what PostgreSQL has checked, and only where no string holds a backslash; all else is left to the
caller, who opens it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import polars as pl

from anonymizer.maskers.cut import Places, cut

_Bytes = np.ndarray[Any, np.dtype[np.uint8]]

_QUOTE, _COLON, _ZERO, _NEWLINE = b'":0\n'
_NOT_PLAIN = r'[\\\n]|"[ \t\r]+:'
"""An escape must be undone before a text is masked, a newline ends a document here, a key is told by its colon."""

_NUMERIC = np.zeros(256, dtype=bool)
_NUMERIC[list(b"0123456789+-.eE")] = True
_BEGINS = np.zeros(256, dtype=bool)
_BEGINS[list(b"0123456789-")] = True

_NUMBER = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"
_DELICATE = r'["\\\x00-\x1f]'
"""What cannot stand in a JSON string as it is."""

_KNOWN = 4096
"""How many skeletons are remembered; more, and the documents are hardly alike."""


class Pairs(list[tuple[str, Any]]):
    """An object's keys and values, in order; a key may come twice."""


Paths = Callable[[Any], Sequence[int]]
"""The mask numbers of a document's texts and numbers in order, -1 for kept. Objects come as `Pairs`."""


def plain(values: pl.Series) -> pl.Series:
    """Which documents can be read here, as booleans."""
    return ~values.str.contains(_NOT_PLAIN)


@dataclass(frozen=True)
class Spans:
    """The texts and numbers of documents: from `starts` to `ends` in `data`, masked by number `masks`, -1 for kept.

    A text is without its quotes. `broken` are the places of documents whose skeleton could not be told: if there are
    any, nothing else here holds.
    """

    data: bytes
    starts: Places
    ends: Places
    texts: np.ndarray[Any, np.dtype[np.bool_]]
    masks: Places
    broken: list[int]

    def values(self, mask: int) -> pl.Series:
        """The texts and numbers that one mask has, in order."""
        return self._all.gather(pl.Series(np.flatnonzero(self.masks == mask)))

    @functools.cached_property
    def _all(self) -> pl.Series:
        return cut(self.data, self.starts, self.ends - self.starts)

    def replaced(self, masked: Sequence[pl.Series | None]) -> pl.Series:
        """The documents with the values of each mask, in order, in their places; None where a mask has none."""
        if not self.data:
            return pl.Series([], dtype=pl.String)
        at = np.flatnonzero(self.masks >= 0)
        quotes = self.texts[at].astype(np.int64)  # they go with what they enclose
        starts, ends = self.starts[at] - quotes, self.ends[at] + quotes
        begins, stops = np.concatenate(([0], ends)), np.append(starts, len(self.data))
        pieces = [cut(self.data, begins, stops - begins)]
        # what is kept and what is masked take turns
        order = np.empty(2 * len(at) + 1, dtype=np.int64)
        order[0::2] = np.arange(len(begins))
        count = len(begins)
        for number, values in enumerate(masked):
            if values is not None:
                own = np.flatnonzero(self.masks[at] == number)
                pieces.append(_tokens(values, self.texts[at[own]]))
                order[2 * own + 1] = count + np.arange(len(own))
                count += len(own)
        whole: str = pl.concat(pieces).gather(pl.Series(order)).str.join("").item()
        return pl.Series([whole]).str.split("\n").explode().head(-1)


def _tokens(values: pl.Series, texts: np.ndarray[Any, np.dtype[np.bool_]]) -> pl.Series:
    """Masked values as a document has them: a number stays one if its mask left one, nothing becomes null."""
    quoted = '"' + values + '"'
    delicate = values.str.contains(_DELICATE).fill_null(False).arg_true()
    if len(delicate):
        written = [orjson.dumps(value).decode() for value in values.gather(delicate)]
        quoted = quoted.scatter(delicate, pl.Series(written, dtype=pl.String))
    if not texts.all():
        bare = pl.Series(~texts) & values.str.contains(_NUMBER)
        quoted = values.zip_with(bare.fill_null(False), quoted)
    return quoted.fill_null("null").rename("")


class Reader:
    """Finds the spans of documents by the masks of their paths; remembers the skeletons it has seen."""

    def __init__(self, paths: Paths) -> None:
        """Takes what tells the masks of an opened document."""
        self._paths = paths
        self._forget()

    def _forget(self) -> None:
        self._known: dict[bytes, int] = {}
        """The number of each skeleton; by it what follows."""
        self._masks: list[Places] = []
        self._counts: list[int] = []
        """How many masks there are; -1 if nobody can tell."""

    def read(self, documents: pl.Series) -> Spans:
        """The spans of plain documents, each of which the server took for JSON."""
        data = (documents.str.join("\n").item() + "\n").encode() if len(documents) else b""
        bytes_ = np.frombuffer(data, dtype=np.uint8)
        starts, ends, texts, skeletons = _find(bytes_)
        counts = np.diff(np.searchsorted(starts, np.flatnonzero(bytes_ == _NEWLINE)), prepend=0)
        if len(self._known) > _KNOWN:
            self._forget()
        numbers = np.array([self._number(skeleton) for skeleton in skeletons], dtype=np.int64)
        masks = _gathered(self._masks, numbers)
        broken = np.flatnonzero(np.array(self._counts, dtype=np.int64)[numbers] != counts).tolist() if skeletons else []
        return Spans(data, starts, ends, texts, masks, broken)

    def _number(self, skeleton: bytes) -> int:
        """A skeleton's number; its masks and their count are known from here on."""
        known = self._known.get(skeleton)
        if known is not None:
            return known
        try:
            masks: Sequence[int] | None = self._paths(json.loads(skeleton, object_pairs_hook=Pairs))
        except (ValueError, RecursionError):
            masks = None
        number = self._known[skeleton] = len(self._masks)
        self._masks.append(np.array(masks or (), dtype=np.int64))
        self._counts.append(-1 if masks is None else len(masks))
        return number


def _gathered(parts: Sequence[Places], numbers: Places) -> Places:
    """Some parts one behind the other, by their numbers."""
    if not len(numbers):
        return np.empty(0, dtype=np.int64)
    sizes = np.array([len(part) for part in parts], dtype=np.int64)
    begins, wanted = np.cumsum(sizes) - sizes, sizes[numbers]
    shift = begins[numbers] - (np.cumsum(wanted) - wanted)
    gathered: Places = np.concatenate(parts)[np.repeat(shift, wanted) + np.arange(wanted.sum())]
    return gathered


def _find(data: _Bytes) -> tuple[Places, Places, np.ndarray[Any, np.dtype[np.bool_]], list[bytes]]:
    """Where values start and end, which of them are texts, and each document's skeleton."""
    quotes = np.flatnonzero(data == _QUOTE)
    opening, closing = quotes[0::2], quotes[1::2]
    keys = data[closing + 1] == _COLON
    numeric = _NUMERIC[data] & ~_within(len(data), opening, closing)
    edges = np.flatnonzero(np.diff(numeric, prepend=False, append=False))
    first, last = edges[0::2], edges[1::2]
    number = _BEGINS[data[first]]  # the e of true and false is none
    first, last = first[number], last[number]
    starts, ends = np.concatenate((opening[~keys] + 1, first)), np.concatenate((closing[~keys], last))
    texts = np.arange(len(starts)) < len(starts) - len(first)
    order = np.argsort(starts, kind="stable")
    # each number is a zero in the skeleton, each text empty
    skeleton = data.copy()
    skeleton[first] = _ZERO
    cut = skeleton[~_within(len(data), np.where(texts, starts, starts + 1), ends)]
    return starts[order], ends[order], texts[order], cut.tobytes().split(b"\n")[:-1]


def _within(size: int, starts: Places, ends: Places) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which bytes stand from a start to before its end. Two starts are never the same, nor two ends."""
    steps = np.zeros(size, dtype=np.int8)
    steps[starts] += 1
    steps[ends] -= 1
    return np.cumsum(steps, dtype=np.int8, out=steps).view(bool)
