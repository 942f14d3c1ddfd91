"""The exact odds that some value comes twice: the birthday's, for outputs that are equally likely or not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction

import numpy as np

Spread = Mapping[int, int]
"""Outputs by their weight: how likely each is in proportion to the others, and how many are as likely as that. Empty
where no two values ever get the same."""

_HALF, _NEARLY = 0.5, 0.999999
"""Above these, odds are said as a percentage, and as more than one."""

_CERTAIN = 40.0
"""An exponent above which the odds of no repetition are less than 10**-17."""


_HARDLY = 1e-9


def odds(values: int, outputs: int) -> str:
    """The odds that two of so many different values get the same one of so many equally likely outputs, in words.

    1 - N! / ((N - n)! N**n). A value's output is its digest's choice: how often the value stands there does not matter.
    """
    return said([(values, {1: outputs})])


def weighted(values: int, spread: Spread) -> str:
    """The same for outputs of which some are likelier."""
    return said([(values, spread)])


def said(parts: Iterable[tuple[int, Spread]]) -> str:
    """The same for values in several parts, each with outputs that no other part has."""
    exponent = math.fsum(_exponent(values, spread) for values, spread in parts)
    chance = -math.expm1(-exponent)
    if chance <= 0:
        return "nil"
    if chance < _HALF:
        return f"1 in {round(1 / chance):,}"
    return "1 in 1" if chance >= 1 else f"{chance:.4%}" if chance < _NEARLY else f"over {_NEARLY:.4%}"


def _exponent(values: int, spread: Spread) -> float:
    """Minus the logarithm of the odds that all values come out apart."""
    outputs = sum(spread.values())
    if not spread:
        return 0.0
    if values > outputs:
        return math.inf
    if len(spread) == 1:
        return _equal(values, outputs)
    # unequal outputs meet sooner than equal ones, so where these are certain to, those are too
    pairs = values * (values - 1) // 2
    if pairs / outputs > _CERTAIN:
        return math.inf
    # where hardly any pair meets, it hardly matters that two pairs might
    total = sum(weight * count for weight, count in spread.items())
    meeting = Fraction(pairs * sum(weight * weight * count for weight, count in spread.items()), total * total)
    return float(meeting) if meeting < _HARDLY else _unequal(values, spread)


def _equal(values: int, outputs: int) -> float:
    # the logarithm of (1 - 0/outputs)(1 - 1/outputs)...: summed, or for many values by its series or Stirling's
    if values <= 10_000:
        return -math.fsum(math.log1p(-number / outputs) for number in range(values))
    if values > outputs // 100:
        return math.lgamma(outputs - values + 1) - math.lgamma(outputs + 1) + values * math.log(outputs)
    return values * (values - 1) / (2 * outputs) + values**3 / (6 * outputs**2)


def _unequal(values: int, spread: Spread) -> float:
    """No value comes twice with n! times the n-th elementary symmetric polynomial of the outputs' odds p.

    For any t the polynomial is t**-n times the product of all 1 + p t times the odds that of as many coins, each of
    which shows heads with odds p t / (1 + p t), exactly n do: a sum of binomials. t is chosen so that n is their mean.
    """
    total = np.longdouble(sum(weight * count for weight, count in spread.items()))
    chances = [(np.longdouble(weight) / total, count) for weight, count in sorted(spread.items())]
    factorial = np.log(np.arange(1, values + 1, dtype=np.longdouble)).sum()
    if values == sum(spread.values()):
        return float(-factorial - sum(count * np.log(chance) for chance, count in chances))
    tilt = _tilt(values, chances)
    start, heads = 0, np.ones(1, dtype=np.longdouble)
    for chance, count in chances:
        first, coins = _binomial(count, chance * tilt / (1 + chance * tilt))
        start, heads = start + first, np.convolve(heads, coins)
    whole = sum(count * np.log1p(chance * tilt) for chance, count in chances)
    return float(values * np.log(tilt) - factorial - whole - np.log(heads[values - start]))


def _tilt(values: int, chances: list[tuple[np.longdouble, int]]) -> np.longdouble:
    """The number by which the mean of all coins is that of the values."""
    low, high = np.longdouble(0), np.longdouble(values)
    for growing in range(2_000):
        mean = sum(count * chance * high / (1 + chance * high) for chance, count in chances)
        if mean >= values or growing > 1_000:
            break
        low, high = high, high * 2
    for _ in range(80):
        middle = (low + high) / 2
        less = sum(count * chance * middle / (1 + chance * middle) for chance, count in chances) < values
        low, high = (middle, high) if less else (low, middle)
    return high


def _binomial(count: int, chance: np.longdouble) -> tuple[int, np.ndarray[tuple[int], np.dtype[np.longdouble]]]:
    """The odds of so many heads, from the first number of them that is not beyond all reach."""
    mean, spread = float(count * chance), math.sqrt(float(count * chance * (1 - chance)))
    first, last = max(0, int(mean - 12 * spread - 30)), min(count, int(mean + 12 * spread + 30))
    at = np.arange(first, last, dtype=np.longdouble)
    steps = np.log((count - at) / (at + 1)) + np.log(chance / (1 - chance))
    logs = np.concatenate((np.zeros(1, dtype=np.longdouble), np.cumsum(steps)))
    found = np.exp(logs - logs.max())
    return first, found / found.sum()
