"""Names that people bear, by Faker's lists of all its locales: to find them, never to invent one (that is `pools`)."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_PAIR = re.compile(r"(?<![\w.])([A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ'’-]{2,}) ([A-ZÀ-ÖØ-Þ][a-zà-öø-ÿA-Z'’-]{2,})(?![\w.(])")

Locales = Mapping[str, int]
"""A name in lower case, and the locales that know it, a bit for each."""


COMMON = ("en_US", "en_GB", "it_IT", "de_DE", "fr_FR", "es_ES", "pt_BR", "nl_NL", "pl_PL", "sv_SE")
"""Locales whose names are looked for in sentences: all of them would take a second to load."""


@functools.cache
def _lists(only: tuple[str, ...] = ()) -> tuple[Locales, Locales]:
    """The first names and the family names; about 60,000 of all locales, loaded when first asked for."""
    import faker.providers.person as persons

    first: dict[str, int] = {}
    last: dict[str, int] = {}
    every = [module.name for module in pkgutil.iter_modules(persons.__path__)]
    for number, name in enumerate(locale for locale in every if locale in only or not only):
        provider = importlib.import_module(f"faker.providers.person.{name}").Provider
        for known, prefix in ((first, "first_name"), (last, "last_name")):
            for text in _texts(provider, prefix):
                known[text] = known.get(text, 0) | 1 << number
    return first, last


def _texts(provider: type, prefix: str) -> Iterator[str]:
    for attribute in dir(provider):
        if attribute.startswith(prefix):
            value = getattr(provider, attribute)
            if isinstance(value, list | tuple | dict):
                yield from (text.lower() for text in value if isinstance(text, str) and "{" not in text)


def is_first(value: str) -> bool:
    """Whether it is a first name, or several of them."""
    first, _ = _lists()
    lowered = value.lower()
    return lowered in first or (" " in lowered and all(word in first for word in lowered.split()))


def is_last(value: str) -> bool:
    """Whether it is a family name."""
    return value.lower() in _lists()[1]


def is_full(value: str) -> bool:
    """Whether it is two to six words, all of them names or initials, one a first name and another a family name."""
    words = [word.lower() for word in _WORD.findall(value)]
    if not 2 <= len(words) <= 6 or any(character.isdigit() for character in value):
        return False
    first, last = _lists()
    if not all(len(word) == 1 or word in first or word in last or word in _PARTICLES for word in words):
        return False
    return any(one in first and other in last for one in words for other in words if one is not other)


_PARTICLES = frozenset(
    [
        "da",
        "de",
        "del",
        "della",
        "di",
        "do",
        "dos",
        "du",
        "el",
        "la",
        "le",
        "lo",
        "van",
        "von",
        "der",
        "den",
        "ten",
        "ter",
        "zu",
        "y",
        "e",
        "mr",
        "mrs",
        "ms",
        "miss",
        "dr",
        "prof",
        "dott",
        "sig",
        "sra",
        "herr",
        "frau",
        "jr",
        "sr",
        "ii",
        "iii",
        "phd",
        "md",
        "ing",
        "avv",
        "mme",
        "mlle",
    ]
)
"""What stands in names beside names."""


def in_text(text: str, locale: str) -> bool:
    """Whether a first and a family name of one locale stand side by side in it, in either order, both written large."""
    pairs = list(_PAIR.finditer(text))
    if not pairs:
        return False
    first, last = _lists(tuple(sorted({*COMMON, locale})))
    words = [(pair[1].lower(), pair[2].lower()) for pair in pairs]
    return any(first.get(a, 0) & last.get(b, 0) or first.get(b, 0) & last.get(a, 0) for a, b in words)
