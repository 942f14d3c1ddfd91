"""`bucket`: numbers rounded down to the beginning of their bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers import figures, promises
from anonymizer.maskers.base import Mask, Masker
from anonymizer.maskers.promises import Promise


class Bucket(Masker):
    """The greatest multiple of `size` that is not above the number, or the greatest of `edges`.

    Below the lowest edge a number becomes that edge. NaN and infinity stay. It needs no key: a bucket tells exactly as
    much as it holds.
    """

    name = "bucket"
    keyless = True
    searched = "never"
    kinds = frozenset({"number"})
    options: ClassVar[Mapping[str, type]] = {"size": float, "edges": list}

    def mask(self, values: pl.Series) -> pl.Series:
        """The beginning of each value's bucket."""
        numbers = figures.parse(values)
        places = figures.decimals_of(self.setting, values)
        return figures.render(figures.within(self.setting, self._lower(numbers)), places, values)

    def _lower(self, numbers: pl.Series) -> pl.Series:
        if "size" in self.mask_options:
            size = float(self.mask_options["size"])
            return (numbers / size).floor() * size
        edges = pl.Series(sorted(float(edge) for edge in self.mask_options["edges"]), dtype=pl.Float64)
        at = edges.search_sorted(numbers, side="right").cast(pl.Int64) - 1
        return edges.gather(at.clip(0)).set(numbers.is_null(), None)

    def objection(self) -> str | None:
        """It reckons."""
        return figures.objection(self.setting, "round")

    def promises(self) -> tuple[Promise, ...]:
        """The bucket itself, which SQL can tell."""
        if "size" in self.mask_options:
            return promises.floored(self.setting, self.mask_options["size"])
        return promises.edged(self.setting, self.mask_options["edges"])

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it begins a bucket, or is the end of the type's range, where the last bucket is cut."""
        numbers = figures.parse(values)
        return (figures.within(self.setting, self._lower(numbers)) == numbers).fill_null(True)

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and exactly one of the two must say where buckets begin."""
        super().check(mask, locale)
        if ("size" in mask.options) == ("edges" in mask.options):
            raise PolicyError("the mask bucket needs one of the options 'size' and 'edges'")
        edges = mask.options.get("edges", [0])
        if not edges or not all(isinstance(edge, int | float) and not isinstance(edge, bool) for edge in edges):
            raise PolicyError("the option 'edges' of the mask bucket must be a list of numbers")
        if mask.options.get("size", 1) <= 0:
            raise PolicyError("the option 'size' of the mask bucket must be above zero")
