"""The mask `bucket`."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from anonymizer.errors import PolicyError
from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["17", "34", "92"]
    expected = ["0", "30", "65"]
    assert masked("bucket", values, {"edges": [0, 18, 30, 65]}, kind="number", base="int4") == expected


def test_below_zero_buckets_go_on(masked: Masked) -> None:
    """Rounded down, not towards zero; below the lowest edge becomes that edge."""
    assert masked("bucket", ["-1", "49", "50"], {"size": 50}, kind="number", base="int4") == ["-50", "0", "50"]
    assert masked("bucket", ["-1"], {"edges": [0, 18]}, kind="number", base="int4") == ["0"]
    assert masked("bucket", ["7.25"], {"size": 0.5}, kind="number", base="numeric", scale=2) == ["7.00"]


def test_edges_are_numbers(masker: Made) -> None:
    """And a size is above zero."""
    for options in ({"edges": ["a"]}, {"size": 0}, {}, {"size": 1, "edges": [1]}):
        with pytest.raises(PolicyError, match="bucket"):
            masker("bucket", options)


def test_the_last_bucket_is_cut_and_known(masked: Masked, masker: Made) -> None:
    """At the end of a type's range a bucket begins outside of it: what is put there is the mask's own."""
    (out,) = masked("bucket", ["-32767"], {"size": 10}, kind="number", base="int2")
    assert out == "-32767"
    assert masker("bucket", {"size": 10}, kind="number", base="int2").could_be_ours(pl.Series([out])).all()
