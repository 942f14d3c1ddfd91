"""How many outputs a mask has, and how likely each is, where it draws words and puts them together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl

from anonymizer.odds import Spread


def of(values: pl.Series) -> Spread:
    """Of words drawn from a list in which some may stand more than once."""
    return Counter(Counter(values.to_list()).values())


def together(pools: Sequence[pl.Series], between: Sequence[str], limit: int | None) -> Spread:
    """Of words drawn from several lists, put together and cut.

    Args:
        pools: the lists.
        between: what stands between two words, one fewer than there are lists.
        limit: how many characters are left, None for all.
    """
    first, rest = pools[0], pools[1:]
    if not rest:
        return of(first if limit is None else first.str.slice(0, limit))
    if first.n_unique() < len(first) or first.str.contains(between[0], literal=True).any():
        return _spelled(pools, between, limit)
    # what separates tells where the first word ends, so words that differ make what differs
    if limit is None:
        return _times(len(first), together(rest, between[1:], None))
    found: Counter[int] = Counter()
    lengths = first.str.len_chars()
    cut = of(first.filter(lengths >= limit).str.slice(0, limit))
    every = math.prod(map(len, rest))
    found.update({weight * every: count for weight, count in cut.items()})
    for length, count in Counter(lengths.filter(lengths < limit).to_list()).items():
        left = limit - length - len(between[0])
        inner = together(rest, between[1:], left) if left > 0 else {every: 1}
        found.update(_times(count, inner))
    return found


def _times(count: int, spread: Spread) -> Counter[int]:
    return Counter({weight: outputs * count for weight, outputs in spread.items()})


def _spelled(pools: Sequence[pl.Series], between: Sequence[str], limit: int | None) -> Spread:
    """Word by word, for lists whose words have in them what separates."""
    tails = pools[-1]
    for pool, mark in zip(pools[-2:0:-1], between[:0:-1], strict=True):
        tails = (
            (pool.to_frame("a").join(tails.to_frame("b"), how="cross"))
            .select(pl.format("{}" + mark + "{}", "a", "b"))
            .to_series()
        )
    hashes = []
    for word in pools[0].to_list():
        whole = word + between[0] + tails
        hashes.append((whole if limit is None else whole.str.slice(0, limit)).hash().to_numpy())
    _, counts = np.unique(np.concatenate(hashes), return_counts=True)
    return Counter(counts.tolist())


LETTERS = Counter({10: 22, 9: 4})
"""A byte, and how many of its 256 values make each of 26 letters."""
NUMERALS = Counter({26: 6, 25: 4})
"""The same of ten digits."""


def shape(values: pl.Series) -> pl.Series:
    """What the mask `text` keeps of a text: which characters are letters, small or large, or digits, and the others."""
    from anonymizer.maskers.text import to_ascii

    plain = to_ascii(values)
    for pattern, mark in (("[A-Z]", "A"), ("[a-z]", "a"), ("[0-9]", "0")):
        plain = plain.str.replace_all(pattern, mark)
    return plain


def of_shape(shape: str) -> Spread:
    """What the mask `text` makes of texts of one shape: letters and digits drawn one by one."""
    letters, numerals = shape.count("a") + shape.count("A"), shape.count("0")
    found: Counter[int] = Counter()
    for some, many in _drawn(LETTERS, letters).items():
        for others, more in _drawn(NUMERALS, numerals).items():
            found[some * others] += many * more
    return found


def _drawn(one: Counter[int], times: int) -> Spread:
    """So many characters of which some are likelier than others."""
    (high, likely), (low, rest) = sorted(one.items(), reverse=True)
    return {
        high**n * low ** (times - n): math.comb(times, n) * likely**n * rest ** (times - n) for n in range(times + 1)
    }
