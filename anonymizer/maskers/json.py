"""`json`: masks inside JSON documents, path by path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import orjson
import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers import jsonbatch, jsonpath, jsonspans
from anonymizer.maskers.base import Mask, Masker, Setting

_Read = tuple[jsonspans.Spans, pl.Series, pl.Series]


class Json(Masker):
    """Each leaf is masked as the first path that reaches it says, then by `keys`, and all others as `others` says.

    `keys` names keys anywhere: `keys = { email = "email" }` is the path `$..email`, written last.
    A path's mask applies to every text and number below it; true, false and null stay, for they name nobody. Numbers
    that are kept keep their digits. What is not JSON at all (in a text column) is masked whole, as by `text`.
    """

    name = "json"
    parted = True
    tagged = False
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
        self._reader = jsonspans.Reader(self._numbers)
        self._last: tuple[pl.Series, _Read] | None = None

    def mask(self, values: pl.Series) -> pl.Series:
        """The documents with their leaves masked; white space changes only in those that have to be opened."""
        spans, quick, slow = self._read(values)
        out = spans.replaced([self._part(n, spans.values(n)) for n in range(len(self._masks))])
        if len(slow):
            both = pl.repeat("", len(values), dtype=pl.String, eager=True)
            out = both.scatter(quick, out).scatter(slow, self._opened(values.gather(slow)))
        return out.cast(pl.String).alias(values.name)

    def groups(self, values: pl.Series) -> list[tuple[Masker, pl.Series]]:
        """The leaves that each mask has in these documents, and last the documents that are none."""
        spans, _, slow = self._read(values)
        batch = self._batch()
        opened = values.gather(slow)
        broken = opened.filter(pl.Series([document is None for document in batch.read(opened)], dtype=pl.Boolean))
        found: list[tuple[Masker, pl.Series]] = [
            (masker, pl.concat([spans.values(n), pl.Series([text for *_, text in batch.places[n]], dtype=pl.String)]))
            for n, masker in enumerate(self._masks)
            if masker is not None
        ]
        return [*found, (self._whole, broken)]

    def _read(self, values: pl.Series) -> _Read:
        """What is found without opening; where the documents stand of which that is true, and where the others do."""
        # the same documents are read for verification and for masking, the one right after the other
        if self._last is None or not values.equals(self._last[0]):
            self._last = values, self._reading(values)
        return self._last[1]

    def _reading(self, values: pl.Series) -> _Read:
        # what nobody has checked may be no JSON at all, and that shows only when it is opened
        checked = self.setting.kind == "json"
        quick = (jsonspans.plain(values) if checked else pl.repeat(False, len(values), eager=True)).arg_true()
        spans = self._reader.read(values.gather(quick))
        if spans.broken:
            quick = quick.filter(~pl.int_range(len(quick), eager=True).is_in(spans.broken))
            spans = self._reader.read(values.gather(quick))
        return spans, quick, pl.int_range(len(values), eager=True).filter(~_marked(quick, len(values)))

    def _numbers(self, document: Any) -> list[int]:
        """The number of each leaf's mask, in order, -1 where it is kept."""
        return list(self._leaves([(0, document)], {}, self._walker.start))

    def _leaves(
        self, items: Iterable[tuple[Any, Any]], states: Mapping[Any, jsonpath.State], other: jsonpath.State
    ) -> Iterator[int]:
        for key, item in items:
            below = states.get(key, other)
            if isinstance(item, jsonspans.Pairs):
                yield from self._leaves(item, below.next, below.other)
            elif isinstance(item, list):
                yield from self._leaves(enumerate(item), below.next, below.other)
            elif item is not None and not isinstance(item, bool):
                number = len(self._masks) - 1 if below.reached is None else below.reached
                yield -1 if self._masks[number] is None else number

    def _part(self, number: int, values: pl.Series) -> pl.Series | None:
        from anonymizer.maskers import apply

        masker = self._masks[number]
        return None if masker is None or not len(values) else apply(masker, values)

    def _batch(self) -> jsonbatch.Batch:
        return jsonbatch.Batch(self._walker, [masker is not None for masker in self._masks])

    def _opened(self, values: pl.Series) -> pl.Series:
        """The same, document by document."""
        batch = self._batch()
        documents = batch.read(values)
        for masker, places in zip(self._masks, batch.places, strict=True):
            if masker is not None and places:
                jsonbatch.write(masker, places)
        out = [jsonbatch.dump(document) for document in documents]
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

    def objection(self) -> str | None:
        """Whole documents need room."""
        return self.unfit()

    def fit(self, values: pl.Series) -> pl.Series:
        """As they are: a document that is cut is none."""
        return values

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
            if inner.name in (DROP_ROWS, "json") or (inner.name not in (KEEP, UNKNOWN) and find(inner.name).aside):
                raise PolicyError(f"the mask {inner.name} cannot stand inside a JSON document")
            check(inner, locale)


def _parse(spec: object) -> Mask:
    from anonymizer.maskers import parse

    return parse(spec)


def _marked(places: pl.Series, count: int) -> pl.Series:
    """Booleans, true at some places."""
    return pl.repeat(False, count, dtype=pl.Boolean, eager=True).scatter(places, True)
