"""`bytea`: other bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers import promises
from anonymizer.maskers.base import Mask, Masker, Setting
from anonymizer.maskers.promises import Promise

_PNG = (
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a4944415478da63680000008200"
    "81da45083b0000000049454e44ae426082"
)
"""One grey pixel."""


class Bytea(Masker):
    r"""`as` says what a value becomes: `random` bytes of the same length (the default), `empty`, or a grey `png`.

    Random bytes come from SHAKE-128 of the sub-key and the value, so equal values stay equal; those of fewer than 16
    bytes may meet. `\x` stays `\x`.
    """

    name = "bytea"
    kinds = frozenset({"bytea"})
    options: ClassVar[Mapping[str, type]] = {"as": str}

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Derives the stream's key."""
        super().__init__(mask, setting)
        self._as = mask.options.get("as", "random")
        self._key = self.subkey("bytea")

    def mask(self, values: pl.Series) -> pl.Series:
        """Bytes for each value."""
        if self._as != "random":
            fixed = "\\x" + (_PNG if self._as == "png" else "")
            return pl.repeat(fixed, len(values), dtype=pl.String, eager=True)
        out = [
            "\\x" + hashlib.shake_128(self._key + value.encode()).hexdigest((len(value) - 2) // 2)
            for value in values.to_list()
        ]
        return pl.Series(values.name, out, dtype=pl.String)

    def promises(self) -> tuple[Promise, ...]:
        """The number of bytes, of random ones."""
        return (promises.SIZE,) if self._as == "random" else ()

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is so short that chance may have made it, or it is what all become."""
        return (values.str.len_bytes() < 2 + 16) | (values == "\\x" + _PNG)

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and `as` must be one of the three."""
        super().check(mask, locale)
        if mask.options.get("as", "random") not in ("random", "empty", "png"):
            raise PolicyError("the option 'as' of the mask bytea must be random, empty or png")
