"""`hstore`: masks for the values of an hstore, key by key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

import polars as pl

from anonymizer.maskers import fields
from anonymizer.maskers.base import Mask, Masker, Setting

_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|NULL)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Hstore(Masker):
    """`keys` gives a mask to the value of each key, `others` to all the rest. Keys stay, NULL values stay NULL.

    A key is taken for a name of the application's own; where keys are themselves somebody's, drop the column to `null`.
    """

    name = "hstore"
    parted = True
    kinds = frozenset({"hstore"})
    options: ClassVar[Mapping[str, type]] = {"keys": dict, "others": object}
    required = frozenset({"others"})

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Makes the values' masks ready."""
        super().__init__(mask, setting)
        keys = mask.options.get("keys", {})
        self._numbers = {key: number for number, key in enumerate(keys)}
        self._maskers = fields.build_all((*keys.values(), mask.options["others"]), setting)

    def mask(self, values: pl.Series) -> pl.Series:
        """The same keys with masked values."""
        parts = [list(self._parts(value)) for value in values.to_list()]
        masked = fields.mask_parts(self._maskers, parts)
        out = [
            "".join(text if mask is None else _quoted(text) for (_, mask), text in zip(pieces, texts, strict=True))
            for pieces, texts in zip(parts, masked, strict=True)
        ]
        return pl.Series(values.name, out, dtype=pl.String)

    def _parts(self, value: str) -> Iterator[tuple[str, int | None]]:
        for number, pair in enumerate(_PAIR.finditer(value)):
            key = _ESCAPED.sub(r"\1", pair[1])
            yield (", " if number else "") + _quoted(key) + "=>", None
            if pair[2] is None:
                yield "NULL", None
            else:
                yield _ESCAPED.sub(r"\1", pair[2]), self._numbers.get(key, len(self._numbers))

    def groups(self, values: pl.Series) -> list[tuple[Masker, pl.Series]]:
        """The values that each mask has."""
        return fields.groups(self._maskers, [list(self._parts(value)) for value in values.to_list()])

    def fit(self, values: pl.Series) -> pl.Series:
        """As they are: a value that is cut is none."""
        return values

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and so must the masks of the keys."""
        super().check(mask, locale)
        fields.check_all(cls.name, {**mask.options.get("keys", {}), "": mask.options["others"]}, locale)


def pairs(value: str) -> Iterator[tuple[str, str]]:
    """The keys of a value and what they lead to, but for NULLs."""
    for pair in _PAIR.finditer(value):
        if pair[2] is not None:
            yield _ESCAPED.sub(r"\1", pair[1]), _ESCAPED.sub(r"\1", pair[2])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
