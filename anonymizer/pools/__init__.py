"""The names that masks draw from: made of Faker's, and borne by nobody.

A name of a real list would be a real person's: in a production of a million people every common name is somebody's, and
nobody could say whether it leaked. So each name here is the head of one of Faker's names and the tail of another,
pronounceable, and none of them is in a list of Faker's in any of its locales.

`LOCALE.json` in this folder is such a pool, frozen: the same in every version of this program, whatever Faker does.
For a locale that has no file the pool is made when it is asked for, from the Faker that is installed.
"""

from __future__ import annotations

import functools
import json
import unicodedata
from pathlib import Path
from typing import Any

import polars as pl

FOLDER = Path(__file__).parent

FALLBACK = "en_US"


@functools.cache
def _document(locale: str) -> dict[str, Any]:
    path = FOLDER / f"{locale}.json"
    if path.exists():
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return document
    from anonymizer.pools.build import build

    return build(locale)


@functools.cache
def load(locale: str, name: str, codec: str = "utf-8") -> pl.Series:
    """A pool as a series of strings, in a fixed order.

    Args:
        locale: Faker's name of the locale.
        name: first_names, last_names, cities, streets, company_forms, jobs or countries.
        codec: Python's name of an encoding; what it cannot express is left out, and if nothing is left, the accents;
            names of which no letter remains then are those of en_US.
    """
    values: list[str] = _document(locale)[name]
    kept = [value for value in values if _expressible(value, codec)]
    if not kept:
        plain = {letters: None for value in values if len(letters := _ascii(value).strip()) > 1}
        kept = list(plain) if len(plain) * 2 > len(values) else _document(FALLBACK)[name]
    return pl.Series(name, kept)


@functools.cache
def countries() -> list[tuple[str, str]]:
    """The codes of ISO 3166: of two letters and of three."""
    lines = (FOLDER / "countries.txt").read_text(encoding="ascii").splitlines()
    return [(two, three) for two, _, three in (line.partition(" ") for line in lines)]


def number_first(locale: str) -> bool:
    """Whether the house number stands before the street."""
    return bool(_document(locale)["number_first"])


def ascii_lower(pool: pl.Series) -> pl.Series:
    """A pool in lower-case ASCII letters, for addresses on the network."""
    return pl.Series(pool.name, _lowered(tuple(pool.to_list())))


@functools.lru_cache(maxsize=64)
def _lowered(values: tuple[str, ...]) -> list[str]:
    """Remembered, for a mask is made ready for every column anew."""
    letters = ["".join(c for c in _ascii(value).lower() if c.isalnum()) for value in values]
    return [value or f"user{n}" for n, value in enumerate(letters)]


def _expressible(value: str, codec: str) -> bool:
    try:
        value.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _ascii(value: str) -> str:
    decomposed = unicodedata.normalize("NFKD", value)
    return "".join(c for c in decomposed if c.isascii())
