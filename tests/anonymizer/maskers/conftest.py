"""What the masks' tests share: a key, and a way to mask a list of values as a column would be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl
import pytest

from anonymizer import maskers
from anonymizer.keys import Key
from anonymizer.maskers import Mask, Masker, Row, Setting

KEY = Key(b"an example key of 32 bytes or so")

Mask_ = Callable[..., list[str | None]]


def made(name: str, options: Mapping[str, Any] | None = None, **setting: Any) -> Masker:
    mask = Mask(name, options or {})
    locale = setting.pop("locale", "it_IT")
    maskers.check(mask, locale)
    masker = maskers.build(mask, Setting(setting.pop("key", KEY), locale, **setting))
    assert masker is not None
    return masker


@pytest.fixture
def masker() -> Callable[..., Masker]:
    """Makes a mask ready: `masker(name, options, kind=..., base=...)`; options are checked as a policy's are."""
    return made


@pytest.fixture
def masked() -> Mask_:
    """Masks values under the example key: `masked(name, values, options, kind=..., ...)`."""

    def call(
        name: str, values: Sequence[str | None], options: Mapping[str, Any] | None = None, **setting: Any
    ) -> list[str | None]:
        row = setting.pop("row", None)
        series = pl.Series("x", values, dtype=pl.String)
        others = {
            side: {column: pl.Series(column, cells, dtype=pl.String) for column, cells in columns.items()}
            for side, columns in (row or {}).items()
        }
        found = Row(others.get("originals", {}), others.get("masked", {})) if row else None
        return maskers.apply(made(name, options, **setting), series, found).to_list()

    return call
