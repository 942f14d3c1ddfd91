"""`composite`: masks for the fields of a composite type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

import polars as pl

from anonymizer.errors import AnonymizerError
from anonymizer.maskers import fields
from anonymizer.maskers.base import Mask, Masker, Setting

_FIELD = re.compile(r'"((?:[^"\\]|""|\\.)*)"|((?:[^,()"\\]|\\.)+)', re.DOTALL)
_ESCAPED = re.compile(r'\\(.)|""', re.DOTALL)


class CompositeError(AnonymizerError):
    """a composite value cannot be read"""


class Composite(Masker):
    """`fields` gives a mask to each field by its name, `others` to all the rest; NULL fields stay NULL.

    A field inside the value has no type that we know: a mask of it must leave what the field's type can read.
    """

    name = "composite"
    parted = True
    kinds = frozenset({"composite"})
    options: ClassVar[Mapping[str, type]] = {"fields": dict, "others": object}
    required = frozenset({"fields", "others"})

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Makes the fields' masks ready."""
        super().__init__(mask, setting)
        named = mask.options["fields"]
        self._maskers = fields.build_all((*named.values(), mask.options["others"]), setting)
        numbers = {name: number for number, name in enumerate(named)}
        self._numbers = [numbers.get(name, len(named)) for name in setting.fields]
        self._unknown = sorted(set(named) - set(setting.fields))

    def objection(self) -> str | None:
        """The fields must exist."""
        return f"names the field {self._unknown[0]}, which the type has not" if self._unknown else None

    def mask(self, values: pl.Series) -> pl.Series:
        """Values of the same fields."""
        parts = [list(self._parts(value)) for value in values.to_list()]
        masked = fields.mask_parts(self._maskers, parts)
        out = [
            "".join(text if mask is None else _quoted(text) for (_, mask), text in zip(pieces, texts, strict=True))
            for pieces, texts in zip(parts, masked, strict=True)
        ]
        return pl.Series(values.name, out, dtype=pl.String)

    def _parts(self, value: str) -> Iterator[tuple[str, int | None]]:
        yield "(", None
        for number, content in enumerate(read(value)):
            if number:
                yield ",", None
            if content is not None:
                yield content, self._numbers[number] if number < len(self._numbers) else len(self._maskers) - 1
        yield ")", None

    def groups(self, values: pl.Series) -> list[tuple[Masker, pl.Series]]:
        """The fields that each mask has."""
        return fields.groups(self._maskers, [list(self._parts(value)) for value in values.to_list()])

    def fit(self, values: pl.Series) -> pl.Series:
        """As they are: a value that is cut is none."""
        return values

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and so must the fields' masks."""
        super().check(mask, locale)
        fields.check_all(cls.name, {**mask.options["fields"], "": mask.options["others"]}, locale)


def read(value: str) -> list[str | None]:
    """The fields of a value as PostgreSQL writes it: `(a,"b c",)`; None where NULL.

    Raises:
        CompositeError: it is no composite value.
    """
    if not (value.startswith("(") and value.endswith(")")):
        raise CompositeError(detail="A value is not what PostgreSQL writes for a composite type.")
    found: list[str | None] = []
    at, end = 1, len(value) - 1
    while True:
        content: str | None = None
        while at < end and value[at] != ",":
            match = _FIELD.match(value, at, end)
            if match is None:
                raise CompositeError(detail="A value is not what PostgreSQL writes for a composite type.")
            text = match[1] if match[1] is not None else match[2]
            content = (content or "") + _ESCAPED.sub(lambda m: m[1] or '"', text)
            at = match.end()
        found.append(content)
        if at >= end:
            return found
        at += 1


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'
