"""`json`: masks inside JSON documents, path by path."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

import orjson
import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers import jsonpath
from anonymizer.maskers.base import Mask, Masker, Setting

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


class Json(Masker):
    """Each leaf is masked as the first path that reaches it says, and all others as `others` says.

    A path's mask applies to every text and number below it; true, false and null stay, for they name nobody. Numbers
    that are kept keep their digits. What is not JSON at all (in a text column) is masked whole, as by `text`.
    """

    name = "json"
    kinds = frozenset({"json", "text"})
    options: ClassVar[Mapping[str, type]] = {"paths": dict, "others": object}
    required = frozenset({"others"})

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Makes the masks of the paths ready; the last one is that of `others`, None where it is `keep`."""
        from anonymizer.maskers import build

        super().__init__(mask, setting)
        inside = Setting(setting.key, setting.locale, codec=setting.codec)
        paths = mask.options.get("paths", {})
        self._walker = jsonpath.Walker([jsonpath.parse(path) for path in paths])
        self._masks = [build(_parse(spec), inside) for spec in (*paths.values(), mask.options["others"])]
        whole = build(Mask("text"), inside)
        assert whole is not None  # noqa: S101 - only `keep` has no masker
        self._whole = whole

    def mask(self, values: pl.Series) -> pl.Series:
        """The documents with their leaves masked; their white space and the order of keys may change."""
        batch = _Batch(self._walker, [masker is not None for masker in self._masks])
        documents = [batch.read(value) for value in values.to_list()]
        for masker, places in zip(self._masks, batch.places, strict=True):
            if masker is not None and places:
                _write(masker, places)
        out = [None if document is None else _dump(document[0]) for document in documents]
        whole = [n for n, text in enumerate(out) if text is None]
        masked = pl.Series(values.name, out, dtype=pl.String)
        if whole:
            masked = masked.scatter(whole, self._whole.mask(values.gather(whole)))
        return masked

    def fit(self, values: pl.Series) -> pl.Series:
        """As they are: a document that is cut is none."""
        return values

    def groups(self, values: pl.Series) -> list[tuple[Masker, pl.Series]]:
        """The leaves that each mask has in these documents, and last the documents that are none."""
        batch = _Batch(self._walker, [masker is not None for masker in self._masks])
        broken = [value for value in values.to_list() if batch.read(value) is None]
        found: list[tuple[Masker, pl.Series]] = [
            (masker, pl.Series([text for *_, text in places], dtype=pl.String))
            for masker, places in zip(self._masks, batch.places, strict=True)
            if masker is not None
        ]
        return [*found, (self._whole, pl.Series(broken, dtype=pl.String))]

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and so must the paths and the masks at their ends."""
        from anonymizer.maskers import check

        super().check(mask, locale)
        for path, spec in (*mask.options.get("paths", {}).items(), ("others", mask.options["others"])):
            if path != "others":
                jsonpath.parse(path)
            inner = _parse(spec)
            if inner.name in ("drop-rows", "json"):
                raise PolicyError(f"the mask {inner.name} cannot stand inside a JSON document")
            check(inner, locale)


def _parse(spec: object) -> Mask:
    from anonymizer.maskers import parse

    return parse(spec)


class _Batch:
    """The documents of one chunk, opened; and the places in them that are to be masked, by mask."""

    def __init__(self, walker: jsonpath.Walker, masked: list[bool]) -> None:
        self._walker = walker
        self._masked = masked
        self._others = len(masked) - 1
        self.places: list[list[tuple[Any, Any, str]]] = [[] for _ in masked]

    def read(self, text: str) -> list[Any] | None:
        """The document in a list of one, so that its root has a place too; None if it is no JSON."""
        try:
            root = [json.loads(text, parse_float=orjson.Fragment, parse_int=_integer)]
            text.encode()
            orjson.dumps(root)
        except (ValueError, RecursionError, orjson.JSONEncodeError):
            return None
        self._leaf_or_walk(root, 0, root[0], self._walker.start)
        return root

    def _leaf_or_walk(self, holder: Any, key: Any, value: Any, state: jsonpath.State) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                self._leaf_or_walk(value, name, item, self._walker.step(state, name))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self._leaf_or_walk(value, index, item, self._walker.step(state, index))
        elif value is not None and value is not True and value is not False:
            mask = self._others if state.reached is None else state.reached
            if self._masked[mask]:
                self.places[mask].append((holder, key, _text(value)))


def _integer(text: str) -> Any:
    """A whole number; as it stands where it has more than the 64 bits that orjson writes."""
    return int(text) if len(text) < 19 else orjson.Fragment(text)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def _write(masker: Masker, places: list[tuple[Any, Any, str]]) -> None:
    """Put the masked values in their places: a number stays one if its mask left one."""
    from anonymizer.maskers import apply

    masked = apply(masker, pl.Series([text for *_, text in places], dtype=pl.String)).to_list()
    for (holder, key, _), value in zip(places, masked, strict=True):
        numeric = not isinstance(holder[key], str) and value is not None and _NUMBER.fullmatch(value)
        holder[key] = orjson.Fragment(value) if numeric else value


def _dump(document: Any) -> str:
    return orjson.dumps(document).decode()
