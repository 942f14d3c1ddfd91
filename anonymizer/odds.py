"""The exact odds that some value comes twice: the birthday's, for outputs that are equally likely or not."""

from __future__ import annotations

import math
from collections.abc import Sequence

_CERTAIN = 40.0
"""An exponent above which the odds of no repetition are less than 10**-17."""


def odds(values: int, outputs: int) -> str:
    """The odds that two of so many different values get the same one of so many equally likely outputs, in words.

    1 - N! / ((N - n)! N**n). A value's output is its digest's choice: how often the value stands there does not matter.
    """
    if values > outputs:
        return "1 in 1"
    # the logarithm of (1 - 0/outputs)(1 - 1/outputs)...: summed, or for many values by its series or Stirling's
    if values <= 10_000:
        exponent = -math.fsum(math.log1p(-number / outputs) for number in range(values))
    elif values > outputs // 100:
        exponent = math.lgamma(outputs - values + 1) - math.lgamma(outputs + 1) + values * math.log(outputs)
    else:
        exponent = values * (values - 1) / (2 * outputs) + values**3 / (6 * outputs**2)
    return _said(-math.expm1(-exponent))


def weighted(values: int, weights: Sequence[int]) -> str:
    """The same for outputs of which some are likelier: each as often as its weight says.

    No value comes twice with n! times the n-th elementary symmetric polynomial of the outputs' probabilities.
    """
    if len(set(weights)) == 1 or values > len(weights):
        return odds(values, len(weights))
    total = sum(weights)
    # unequal outputs meet sooner than equal ones, so where these are certain to, those are too
    if values * (values - 1) / (2 * len(weights)) > _CERTAIN:
        return _said(1.0)
    # apart[k]: k! e_k of the outputs so far, the odds that k values are all apart and in those outputs
    apart = [1.0] + [0.0] * values
    for seen, weight in enumerate(weights, 1):
        chance = weight / total
        for number in range(min(seen, values), 0, -1):
            apart[number] += number * chance * apart[number - 1]
    return _said(1.0 - apart[values])


def _said(chance: float) -> str:
    if chance <= 0:
        return "nil"
    return f"1 in {round(1 / chance):,}" if chance < 0.5 else f"{chance:.4%}"
