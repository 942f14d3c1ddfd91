"""What masks of values with parts share: parts named in the policy, each with a mask, and the masks applied at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers.base import Mask, Masker, Setting

Parts = list[list[tuple[str, int | None]]]
"""For each value its pieces in order: text, and the number of its mask; None for what is written as it stands."""


def build_all(specs: Iterable[object], setting: Setting) -> list[Masker | None]:
    """The masks of parts, made ready; None for `keep`. What is inside has no length to fit."""
    from anonymizer.maskers import build, parse

    inside = Setting(setting.key, setting.locale, codec=setting.codec)
    return [build(parse(spec), inside) for spec in specs]


def check_all(name: str, specs: Mapping[str, Any], locale: str) -> None:
    """Refuse masks that cannot stand inside a value.

    Raises:
        PolicyError: with which.
    """
    from anonymizer.maskers import DROP_ROWS, KEEP, UNKNOWN, check, find, parse

    for spec in specs.values():
        inner: Mask = parse(spec)
        if inner.name in (DROP_ROWS, "null") or (inner.name not in (KEEP, UNKNOWN) and find(inner.name).aside):
            raise PolicyError(f"the mask {inner.name} cannot stand inside the mask {name}")
        check(inner, locale)


def mask_parts(maskers: list[Masker | None], parts: Parts) -> list[list[str]]:
    """The pieces of each value, masked: each mask sees all of its pieces at once."""
    from anonymizer.maskers import apply

    ready: list[Any] = []
    for number, masker in enumerate(maskers):
        pieces = [text for value in parts for text, mask in value if mask == number]
        if masker is not None and pieces:
            pieces = apply(masker, pl.Series(pieces, dtype=pl.String)).to_list()
        ready.append(iter(pieces))
    return [[text if mask is None else next(ready[mask]) for text, mask in value] for value in parts]


def groups(maskers: list[Masker | None], parts: Parts) -> list[tuple[Masker, pl.Series]]:
    """For verification: the pieces that each mask has."""
    found = []
    for number, masker in enumerate(maskers):
        if masker is not None:
            pieces = [text for value in parts for text, mask in value if mask == number]
            found.append((masker, pl.Series(pieces, dtype=pl.String)))
    return found
