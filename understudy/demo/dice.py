"""Random numbers that are a function of a seed, a name and a row's number, and of nothing else.

No state is carried from row to row: a row comes out the same in whatever chunk, thread or order it is made, and the
attributes of a user can be made again wherever they are mentioned. The function is splitmix64 in 64-bit integers, so
that every machine gets the same bits; whatever is built on it uses integers, or floating point operations that
IEEE 754 rounds exactly (no logarithms, whose last bit depends on the C library).
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import polars as pl

_GAMMA = 0x9E3779B97F4A7C15
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def _u64(value: int) -> pl.Expr:
    return pl.lit(value, dtype=pl.UInt64)


@dataclass(frozen=True)
class Dice:
    """All dice of one production. `stream` names a die, `row` says which throw."""

    seed: int

    def bits(self, stream: str, row: pl.Expr) -> pl.Expr:
        """64 random bits, as UInt64."""
        key = int.from_bytes(hashlib.blake2b(f"{self.seed}/{stream}".encode(), digest_size=8).digest(), "big")
        # arithmetic on UInt64 wraps, which is what splitmix64 asks for
        mixed = row.cast(pl.UInt64) * _u64(_GAMMA) + _u64(key)
        for shift, factor in _MIX:
            mixed = (mixed ^ (mixed // _u64(1 << shift))) * _u64(factor)
        return mixed ^ (mixed // _u64(1 << 31))

    def below(self, stream: str, row: pl.Expr, limit: int | pl.Expr) -> pl.Expr:
        """A whole number from 0 to limit - 1, as Int64. The bias of the remainder is below limit / 2**53."""
        number = (self.bits(stream, row) // _u64(1 << 11)).cast(pl.Int64)
        return number % (pl.lit(limit, dtype=pl.Int64) if isinstance(limit, int) else limit)

    def unit(self, stream: str, row: pl.Expr) -> pl.Expr:
        """A number from 0 up to but not 1, as Float64."""
        return (self.bits(stream, row) // _u64(1 << 11)).cast(pl.Float64) * 2.0**-53

    def chance(self, stream: str, row: pl.Expr, percent: float) -> pl.Expr:
        """True in that many of a hundred rows."""
        return self.below(stream, row, 10_000) < round(percent * 100)

    def pick(self, stream: str, row: pl.Expr, choices: pl.Series) -> pl.Expr:
        """One of the choices."""
        return pl.lit(choices).gather(self.below(stream, row, len(choices)))


def spread(rank: pl.Expr, of: int) -> pl.Expr:
    """The ranks 0 to of - 1, each to a number of its own between 0 and 1, evenly and out of order (Float64).

    A mean over all of them is what an integral would give, but for about 1 / of**2; thrown ones would be off by
    1 / sqrt(of).
    """
    step = next(n for n in range(max(1, of * 5 // 8), of + 2) if math.gcd(n, of) == 1)
    return (rank * step % of + 0.5) / of


def chosen(rank: pl.Expr, wanted: int, of: int) -> pl.Expr:
    """True for exactly `wanted` of the ranks 0 to of - 1, evenly spaced."""
    if of == 0:
        return pl.lit(False)
    return ((rank + 1) * wanted) // of > (rank * wanted) // of
