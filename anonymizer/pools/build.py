"""Make a locale's pool from Faker: `python -m anonymizer.pools.build it_IT en_US` writes it_IT.json and en_US.json."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from anonymizer.errors import PolicyError

SIZE = 4096
"""How many names a pool holds at the most."""

_VOWELS = "aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýąęěőűаеёиоуыэюяієїαεηιουωάέήίόύώ"


def build(locale: str) -> dict[str, Any]:
    """A locale's pool, the same each time for the same version of Faker.

    Raises:
        PolicyError: Faker has no such locale.
    """
    provider = _providers(locale)
    known = _known(locale)
    last = _blends(provider["last_names"], known)
    return {
        "first_names": _blends(provider["first_names"], known),
        "last_names": last,
        "cities": _blends(provider["cities"], known),
        "streets": _streets(locale, last),
        "company_forms": provider["company_forms"],
        "number_first": provider["number_first"],
        "jobs": provider["jobs"],
        "countries": provider["countries"],
    }


def _faker(locale: str) -> Any:
    from faker import Faker

    from anonymizer.maskers.faker import settle

    try:
        faker = Faker(locale, use_weighting=False)
    except AttributeError:
        raise PolicyError(
            f"there is no locale {locale!r}",
            hint="Write it as Faker does: it_IT, en_US, de_DE, ...",
        ) from None
    settle(faker)
    faker.seed_instance(0)
    return faker


def _providers(locale: str) -> dict[str, Any]:
    faker = _faker(locale)
    addresses = [faker.address().split("\n")[0] for _ in range(99)]  # a few are of boxes, not of streets
    return {
        "first_names": _words(_made(faker, "first_name", 3000)),
        "last_names": _words(_made(faker, "last_name", 4000)),
        "cities": _words(_made(faker, "city", 3000)),
        "company_forms": sorted(set(_made(faker, "company_suffix", 200))) or ["Ltd"],
        "number_first": sum(address[:1].isdigit() for address in addresses) > len(addresses) // 2,
        "jobs": sorted(set(_made(faker, "job", 5000)))[:1024] or ["Clerk"],
        "countries": sorted(set(_made(faker, "country", 5000))) or ["Italy"],
    }


def _made(faker: Any, provider: str, count: int) -> list[str]:
    if not hasattr(faker, provider):
        return []
    return [str(getattr(faker, provider)()) for _ in range(count)]


def _words(values: Iterable[str]) -> list[str]:
    """Single words of at least four letters, once each, in a fixed order; two if the script writes names so short."""
    words = {word for value in values for word in re.split(r"[\s'’.-]+", value) if word.isalpha()}
    long = sorted(word for word in words if len(word) >= 4 and word[0].isupper())
    return long or sorted(word for word in words if len(word) >= 2) or ["Xaverin", "Quolinde", "Zembraio"]


def _known(locale: str) -> set[str]:
    """Every name that Faker knows in any locale, in lower case; for speed only two where a pool is not frozen."""
    from faker.config import AVAILABLE_LOCALES

    locales = sorted(AVAILABLE_LOCALES) if __name__ == "__main__" else sorted({locale, "en_US"})
    known: set[str] = set()
    for name in locales:
        for element in _elements(_faker(name)):
            known.update(word.lower() for word in re.split(r"[\s'’.-]+", element))
    return known


def _elements(faker: Any) -> Iterator[str]:
    """The texts in the lists and tables of the providers of persons and places."""
    for provider in faker.get_providers():
        if ".person" in type(provider).__module__ or ".address" in type(provider).__module__:
            for attribute in dir(type(provider)):
                value = getattr(type(provider), attribute, None)
                if not attribute.startswith("_") and isinstance(value, list | tuple | dict):
                    yield from (text for text in value if isinstance(text, str))


def _blends(words: list[str], known: set[str]) -> list[str]:
    """Names of the head of one word and the tail of another, none of them known, in an order that tells nothing."""
    heads = sorted({head for word in words for head, _ in _cuts(word)})
    tails = sorted({tail for word in words for _, tail in _cuts(word)})
    made = (head + tail for head, tail in itertools.product(heads, tails))
    unknown = {name for name in made if 5 <= len(name) <= 11 and name.lower() not in known} or {
        head + tail for head, tail in itertools.product(heads, tails) if (head + tail).lower() not in known
    }
    return sorted(unknown, key=lambda name: hashlib.sha256(name.encode()).digest())[:SIZE]


def _cuts(word: str) -> Iterator[tuple[str, str]]:
    """A word cut after a vowel that a consonant follows, so that heads and tails join; else in the middle."""
    cut = False
    for at in range(2, len(word) - 1):
        if word[at - 1].lower() in _VOWELS and word[at].lower() not in _VOWELS:
            cut = True
            yield word[:at], word[at:]
    if not cut and len(word) >= 2:
        yield word[: len(word) // 2], word[len(word) // 2 :]


def _streets(locale: str, names: list[str]) -> list[str]:
    """Streets of the locale's own kinds, named after people who never were."""
    faker = _faker(locale)
    kinds = {
        "en_US": ("{} Street", "{} Avenue", "{} Road", "{} Drive", "{} Boulevard"),
        "it_IT": ("Via {}", "Viale {}", "Piazza {}", "Corso {}", "Vicolo {}"),
        "fr_FR": ("rue {}", "avenue {}", "boulevard {}", "place {}"),
        "es_ES": ("Calle {}", "Avenida {}", "Plaza {}", "Paseo {}"),
        "de_DE": ("{}straße", "{}weg", "{}platz", "{}gasse"),
    }.get(locale)
    if kinds is None:
        suffixes = sorted(set(_made(faker, "street_suffix", 200))) or ["Street"]
        kinds = tuple(f"{{}} {suffix}" for suffix in suffixes)
    return [kinds[n % len(kinds)].format(name) for n, name in enumerate(names[: SIZE // 2])]


if __name__ == "__main__":
    from anonymizer.pools import FOLDER

    for wanted in sys.argv[1:]:
        text = json.dumps(build(wanted), ensure_ascii=False, indent=0)
        (FOLDER / f"{wanted}.json").write_text(text + "\n", encoding="utf-8")
