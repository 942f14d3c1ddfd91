"""JSON documents opened one by one: what `jsonspans` cannot read without opening."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import polars as pl

from anonymizer.maskers import jsonpath
from anonymizer.maskers.base import Masker

_Place = tuple[Any, Any, str]
"""A container, a key or an index in it, and the text of what stands there."""

_DELICATE = r"[0-9][.eE]|[0-9]{19}"
"""What may be a number that orjson would read as another: those documents go through the slower reader."""

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


class Batch:
    """The documents of one chunk, opened; and the places in them that are to be masked, by mask."""

    def __init__(self, walker: jsonpath.Walker, masked: list[bool]) -> None:
        self._start = walker.start
        self.places: list[list[_Place]] = [[] for _ in masked]
        # by the number of the path reached; the last is of values that none reaches
        self._add = [places.append if wanted else None for places, wanted in zip(self.places, masked, strict=True)]

    def read(self, values: pl.Series) -> list[list[Any] | None]:
        """Each document in a list of one, so that its root has a place too; None if it is no JSON."""
        exact = values.str.contains(_DELICATE).to_list()
        return [self._open(text, delicate) for text, delicate in zip(values.to_list(), exact, strict=True)]

    def _open(self, text: str, delicate: bool) -> list[Any] | None:
        try:
            if delicate:
                root = [json.loads(text, parse_float=orjson.Fragment, parse_int=_integer)]
            else:
                root = [orjson.loads(text)]
            self._walk(root, ((0, root[0]),), {}, self._start)
        except (ValueError, RecursionError):
            return None
        return root

    def _walk(
        self, holder: Any, items: Iterable[tuple[Any, Any]], states: Mapping[Any, jsonpath.State], other: jsonpath.State
    ) -> None:
        """Note every place below a holder whose mask is wanted. Written for speed: it sees each value of each row."""
        adds = self._add
        for key, item in items:
            below = states.get(key, other)
            add = adds[-1 if below.reached is None else below.reached]
            kind = type(item)
            if kind is str:
                if add:
                    add((holder, key, item))
            elif kind is dict:
                if add or not below.settled:
                    self._walk(item, item.items(), below.next, below.other)
            elif kind is list:
                if add or not below.settled:
                    self._walk(item, enumerate(item), below.next, below.other)
            elif add and item is not None and kind is not bool:
                add((holder, key, _text(item)))


def _integer(text: str) -> Any:
    """A whole number; as it stands where it has more than the 64 bits that orjson writes."""
    return int(text) if len(text) < 19 else orjson.Fragment(text)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def write(masker: Masker, places: list[_Place]) -> None:
    """Put the masked values in their places: a number stays one if its mask left one."""
    from anonymizer.maskers import apply

    masked = apply(masker, pl.Series([text for *_, text in places], dtype=pl.String)).to_list()
    for (holder, key, _), value in zip(places, masked, strict=True):
        if type(holder[key]) is not str and value is not None and _NUMBER.fullmatch(value):
            value = orjson.Fragment(value)
        holder[key] = value


def dump(document: list[Any] | None) -> str | None:
    """The document's text; None if it is none, or has a character that no text can hold."""
    try:
        return None if document is None else orjson.dumps(document[0]).decode()
    except orjson.JSONEncodeError:
        return None
