"""`xml`: masks inside XML, by element."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar
from xml.sax.saxutils import escape

import polars as pl

from anonymizer.maskers import fields
from anonymizer.maskers.base import Mask, Masker, Setting

_TOKEN = re.compile(
    r"(?P<drop><!--.*?-->)|<!\[CDATA\[(?P<cdata>.*?)\]\]>|(?P<skip><[?!][^>]*>)"
    r"|(?P<tag></?[^\s<>/=\x22']+)(?P<attributes>(?:[^<>\x22']|\x22[^\x22]*\x22|'[^']*')*)>|(?P<text>[^<]+)|(?P<stray><)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([^\s=\x22'/]+)(\s*=\s*)(?:\x22([^\x22]*)\x22|'([^']*)')")
_REFERENCE = re.compile(r"&(?:#x([0-9A-Fa-f]{1,6})|#(\d{1,7})|(\w+));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


class Xml(Masker):
    """`elements` gives a mask to the text and attributes of an element by its name, `others` to all the rest.

    `@name` in `elements` is an attribute's name. Elements, their order and white space stay; comments are left out;
    CDATA becomes text. References to entities that a document defines become nothing.
    """

    name = "xml"
    parted = True
    tagged = False
    kinds = frozenset({"xml", "text"})
    options: ClassVar[Mapping[str, type]] = {"elements": dict, "others": object}
    required = frozenset({"others"})

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Makes the elements' masks ready."""
        super().__init__(mask, setting)
        elements = mask.options.get("elements", {})
        self._numbers = {name: number for number, name in enumerate(elements)}
        self._maskers = fields.build_all((*elements.values(), mask.options["others"]), setting)

    def mask(self, values: pl.Series) -> pl.Series:
        """Documents of the same structure."""
        parts = [list(self._parts(value)) for value in values.to_list()]
        masked = fields.mask_parts(self._maskers, parts)
        out = [
            "".join(
                text if mask is None else escape(text, {'"': "&quot;"})
                for (_, mask), text in zip(pieces, texts, strict=True)
            )
            for pieces, texts in zip(parts, masked, strict=True)
        ]
        return pl.Series(values.name, out, dtype=pl.String)

    def _parts(self, document: str) -> Iterator[tuple[str, int | None]]:
        rest = len(self._numbers)
        open_: list[str] = []
        for found in _TOKEN.finditer(document):
            if found["tag"] is not None:
                name = found["tag"].lstrip("</")
                yield found["tag"], None
                yield from self._attributes(name, found["attributes"])
                yield ">", None
                if found["tag"].startswith("</"):
                    open_ = open_[:-1]
                elif not found["attributes"].endswith("/"):
                    open_.append(name)
            elif found["skip"] is not None:
                yield found["skip"] if found["skip"].startswith("<?xml") else "", None
            elif found["drop"] is None:
                raw = found["cdata"] if found["cdata"] is not None else _plain(found["text"] or "<")
                inside = next((self._numbers[name] for name in reversed(open_) if name in self._numbers), rest)
                yield raw, (inside if raw.strip() else None)

    def _attributes(self, element: str, text: str) -> Iterator[tuple[str, int | None]]:
        for found in _ATTRIBUTE.finditer(text):
            yield f' {found[1]}="', None
            value = _plain(found[3] if found[3] is not None else found[4])
            declared = found[1] == "xmlns" or found[1].startswith(("xmlns:", "xml:"))
            number = self._numbers.get("@" + found[1], self._numbers.get(element, len(self._numbers)))
            yield (escape(value, {'"': "&quot;"}), None) if declared else (value, number)
            yield '"', None
        if text.endswith("/"):
            yield "/", None

    def groups(self, values: pl.Series) -> list[tuple[Masker, pl.Series]]:
        """The texts that each mask has."""
        return fields.groups(self._maskers, [list(self._parts(value)) for value in values.to_list()])

    def objection(self) -> str | None:
        """Whole documents need room."""
        return self.unfit()

    def fit(self, values: pl.Series) -> pl.Series:
        """As they are: a document that is cut is none."""
        return values

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and so must the elements' masks."""
        super().check(mask, locale)
        fields.check_all(cls.name, {**mask.options.get("elements", {}), "": mask.options["others"]}, locale)


def _plain(text: str) -> str:
    """Text without references."""

    def character(found: re.Match[str]) -> str:
        if found[3]:
            return _NAMED.get(found[3], "")
        code = int(found[1], 16) if found[1] else int(found[2])
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else ""

    return _REFERENCE.sub(character, text)
