"""`geo`: coordinates moved by some kilometres."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers import figures, promises
from anonymizer.maskers.base import Mask, Masker, Setting, number
from anonymizer.maskers.promises import Promise

_KM_A_DEGREE = 111.32
_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_PAIR = rf"^([\s(\[]*)({_NUMBER})(\s*,\s*|\s+)({_NUMBER})([\s)\]]*)$"
_DECIMALS = 6


class Geo(Masker):
    """A latitude, a longitude, or a point `(x,y)` moved by at most `km` (5) kilometres along each axis.

    How far depends on the value alone, so a place that comes a hundred times cannot be averaged back. A degree counts
    as 111 km on both axes: towards the poles a longitude moves less. `axis = "lat"` or `"lon"` keeps a single number
    within 90 or 180 degrees; without it, within 90 if it was, else within 180. In a text, what is no coordinate becomes
    `0,0`.
    """

    name = "geo"
    tagged = False
    searched = "never"
    kinds = frozenset({"number", "point", "text"})
    options: ClassVar[Mapping[str, type]] = {"km": float, "axis": str}

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Reads the options."""
        super().__init__(mask, setting)
        self._degrees = float(mask.options.get("km", 5)) / _KM_A_DEGREE

    def mask(self, values: pl.Series) -> pl.Series:
        """Coordinates for each value."""
        if self.setting.kind == "number":
            return self._moved(values, values, 0)
        single = values.str.contains(rf"^{_NUMBER}$")
        parts = values.str.extract_groups(_PAIR).struct.unnest()
        before, x, between, y, behind = (parts.to_series(n) for n in range(5))
        pair = before + self._moved(x, values, 0) + between + self._moved(y, values, 1) + behind
        alone = self._moved(values.set(~single, None), values, 0)
        nowhere = "(0,0)" if self.setting.kind == "point" else "0,0"
        return alone.zip_with(single, pair.fill_null(nowhere))

    def _moved(self, coordinates: pl.Series, values: pl.Series, slot: int) -> pl.Series:
        degrees = coordinates.cast(pl.Float64, strict=False)
        share = number(self.digests.hexadecimal(values), slot, 2**52).cast(pl.Float64) / 2**51 - 1
        moved = degrees + share * self._degrees
        axis = self.mask_options.get("axis")
        narrow = degrees.abs() <= 90 if axis is None else pl.repeat(axis == "lat", len(values), eager=True)
        bounds = pl.repeat(90.0, len(values), eager=True).zip_with(narrow.fill_null(False), pl.Series([180.0]))
        moved = moved.zip_with(moved.abs() <= bounds, bounds * moved.sign())
        if self.setting.kind == "number":
            moved = figures.within(self.setting, moved)
        return figures.render(moved, self._decimals(coordinates), coordinates)

    def _decimals(self, coordinates: pl.Series) -> pl.Series:
        if self.setting.scale is not None:
            return pl.repeat(self.setting.scale, len(coordinates), dtype=pl.Int64, eager=True)
        return figures.decimals(coordinates).clip(upper_bound=_DECIMALS)

    def promises(self) -> tuple[Promise, ...]:
        """How far at the most."""
        if self.setting.kind != "number":
            return ()
        (bound,) = promises.moved(self.setting, repr(self._degrees))
        most = 90 if self.mask_options.get("axis") == "lat" else 180
        return (replace(bound, given=f"{{}} BETWEEN -{most} AND {most}"),)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """All: a number that is moved may come to lie where another was."""
        return pl.repeat(True, len(values), dtype=pl.Boolean, eager=True)

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and the options must make sense."""
        super().check(mask, locale)
        if not mask.options.get("km", 5) > 0 or not re.fullmatch("lat|lon", mask.options.get("axis", "lat")):
            raise PolicyError("the mask geo wants km above zero and axis lat or lon")
