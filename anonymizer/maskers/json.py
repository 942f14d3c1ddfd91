"""`json`: masks inside JSON documents, path by path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import orjson
import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers import jsonpath
from anonymizer.maskers.base import Mask, Masker, Setting

_Place = tuple[Any, Any, str]
"""A container, a key or an index in it, and the text of what stands there."""

_DELICATE = r"[0-9][.eE]|[0-9]{19}"
"""What may be a number that orjson would read as another: those documents go through the slower reader."""

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


class Json(Masker):
    """Each leaf is masked as the first path that reaches it says, then by `keys`, and all others as `others` says.

    `keys` names keys anywhere: `keys = { email = "email" }` is the path `$..email`, written last.
    A path's mask applies to every text and number below it; true, false and null stay, for they name nobody. Numbers
    that are kept keep their digits. What is not JSON at all (in a text column) is masked whole, as by `text`.
    """

    name = "json"
    kinds = frozenset({"json", "text"})
    options: ClassVar[Mapping[str, type]] = {"paths": dict, "keys": dict, "others": object}
    required = frozenset({"others"})

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Makes the masks of the paths ready; the last one is that of `others`, None where it is `keep`."""
        from anonymizer.maskers import build

        super().__init__(mask, setting)
        inside = Setting(setting.key, setting.locale, codec=setting.codec)
        paths, keys = mask.options.get("paths", {}), mask.options.get("keys", {})
        anywhere = [(jsonpath.Step(key, deep=True),) for key in keys]
        self._walker = jsonpath.Walker([*(jsonpath.parse(path) for path in paths), *anywhere])
        specs = (*paths.values(), *keys.values(), mask.options["others"])
        self._masks = [build(_parse(spec), inside) for spec in specs]
        whole = build(Mask("text"), inside)
        assert whole is not None  # noqa: S101 - only `keep` has no masker
        self._whole = whole

    def mask(self, values: pl.Series) -> pl.Series:
        """The documents with their leaves masked; their white space and the order of keys may change."""
        batch = _Batch(self._walker, [masker is not None for masker in self._masks])
        documents = batch.read(values)
        for masker, places in zip(self._masks, batch.places, strict=True):
            if masker is not None and places:
                _write(masker, places)
        out = [_dump(document) for document in documents]
        whole = [n for n, text in enumerate(out) if text is None]
        masked = pl.Series(values.name, out, dtype=pl.String)
        if whole:
            masked = masked.scatter(whole, self._masked_whole(values.gather(whole)))
        return masked

    def _masked_whole(self, values: pl.Series) -> pl.Series:
        """What is no document, masked as text; in a JSON column as a JSON string, or it could not be loaded."""
        texts = self._whole.mask(values)
        if self.setting.kind != "json":
            return texts
        return pl.Series([orjson.dumps(text).decode() for text in texts], dtype=pl.String)

    def fit(self, values: pl.Series) -> pl.Series:
        """As they are: a document that is cut is none."""
        return values

    def groups(self, values: pl.Series) -> list[tuple[Masker, pl.Series]]:
        """The leaves that each mask has in these documents, and last the documents that are none."""
        batch = _Batch(self._walker, [masker is not None for masker in self._masks])
        broken = values.filter(pl.Series([document is None for document in batch.read(values)], dtype=pl.Boolean))
        found: list[tuple[Masker, pl.Series]] = [
            (masker, pl.Series([text for *_, text in places], dtype=pl.String))
            for masker, places in zip(self._masks, batch.places, strict=True)
            if masker is not None
        ]
        return [*found, (self._whole, broken)]

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and so must the paths and the masks at their ends."""
        from anonymizer.maskers import DROP_ROWS, KEEP, UNKNOWN, check, find

        super().check(mask, locale)
        for path in mask.options.get("paths", {}):
            jsonpath.parse(path)
        specs = (*mask.options.get("paths", {}).values(), *mask.options.get("keys", {}).values())
        for spec in (*specs, mask.options["others"]):
            inner = _parse(spec)
            if inner.name in (DROP_ROWS, UNKNOWN, "json") or (inner.name != KEEP and find(inner.name).aside):
                raise PolicyError(f"the mask {inner.name} cannot stand inside a JSON document")
            check(inner, locale)


def _parse(spec: object) -> Mask:
    from anonymizer.maskers import parse

    return parse(spec)


class _Batch:
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


def _write(masker: Masker, places: list[_Place]) -> None:
    """Put the masked values in their places: a number stays one if its mask left one."""
    from anonymizer.maskers import apply

    masked = apply(masker, pl.Series([text for *_, text in places], dtype=pl.String)).to_list()
    for (holder, key, _), value in zip(places, masked, strict=True):
        if type(holder[key]) is not str and value is not None and _NUMBER.fullmatch(value):
            value = orjson.Fragment(value)
        holder[key] = value


def _dump(document: list[Any] | None) -> str | None:
    """The document's text; None if it is none, or has a character that no text can hold."""
    try:
        return None if document is None else orjson.dumps(document[0]).decode()
    except orjson.JSONEncodeError:
        return None
