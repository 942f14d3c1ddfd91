"""`faker`: a value of any of Faker's providers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers import spreads
from anonymizer.maskers.base import ANYTHING, Mask, Masker, Setting, number
from anonymizer.maskers.forms import as_written
from anonymizer.odds import Spread

POOL_SIZE = 1024
_TODAY = datetime(2024, 2, 29, 12, tzinfo=UTC)
_SEED = 20_240_229
"""Any number; it must never change, or the pools do."""


class FakerProvider(Masker):
    """One of 1,024 values that `provider` makes in the policy's locale; `args` are handed to it.

    The pool is the same for every key, and depends on the version of Faker that the lock file pins. Whoever needs more
    values than the pool has, or different ones for different people, takes a mask of their own kind.
    """

    name = "faker"
    kinds = ANYTHING
    never_empty = False
    options: ClassVar[Mapping[str, type]] = {"provider": str, "args": dict}
    required = frozenset({"provider"})

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Makes the pool."""
        super().__init__(mask, setting)
        values = _pool(setting.locale, mask.options["provider"], mask.options.get("args", {}))
        kept = [as_written(setting, value) for value in values if _expressible(value, setting.codec)]
        self._pool = pl.Series(list(dict.fromkeys(kept)) or ["?"])
        self.outputs = len(self._pool)

    def mask(self, values: pl.Series) -> pl.Series:
        """One value of the pool for each value."""
        return self._pool.gather(number(self.digests.hexadecimal(values), 0, len(self._pool)))

    def spread(self, part: str = "") -> Spread:
        """Values that are cut may become the same."""
        return spreads.of(self.fit(self._pool))

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether the pool has it."""
        return values.is_in(self.fit(self._pool).implode())

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and the provider must exist and take the arguments."""
        super().check(mask, locale)
        try:
            _sample(locale, mask.options["provider"], mask.options.get("args", {}), 1)
        except (AttributeError, TypeError, ValueError) as error:
            raise PolicyError(
                f"Faker cannot make {mask.options['provider']!r} in {locale}",
                detail=f"It said: {error}.",
                hint="Faker's documentation lists its providers; `args` holds what one of them needs.",
            ) from None


def _expressible(value: str, codec: str) -> bool:
    try:
        value.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


_pools: dict[tuple[str, str, str], tuple[str, ...]] = {}


def _pool(locale: str, provider: str, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The pool's values, each once, in the order they were made; made once in a process."""
    # an argument may be a list, which is no key of its own
    key = (locale, provider, repr(sorted(arguments.items())))
    if key not in _pools:
        _pools[key] = tuple(dict.fromkeys(_sample(locale, provider, arguments, POOL_SIZE)))
    return _pools[key]


def _sample(locale: str, provider: str, arguments: Mapping[str, Any], size: int) -> list[str]:
    # late: it takes a fifth of a second, and most policies do without it
    import time_machine
    from faker import Faker

    faker = Faker(locale, use_weighting=False)
    settle(faker)
    faker.seed_instance(_SEED)
    make = getattr(faker, provider)
    # whoever makes dates, and identity numbers with dates in them, counts from today: from one and the same day here
    with time_machine.travel(_TODAY, tick=False):
        return [str(make(**arguments)) for _ in range(size)]


def settle(faker: Any) -> None:
    """Put the providers' lists of words in an order that is the same in every process.

    Some of them (Italy's towns among them) are made from sets, whose order changes with Python's hash seed: two
    workers of one clone would draw different values for the same input.
    """
    for provider in faker.get_providers():
        for name in dir(type(provider)):
            value = getattr(type(provider), name, None)
            if isinstance(value, list | tuple) and value and all(isinstance(word, str) for word in value):
                setattr(provider, name, sorted(value))
