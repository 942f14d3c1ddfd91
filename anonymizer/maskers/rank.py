"""`rank`: other numbers in the same order."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import polars as pl

from anonymizer.maskers import figures, promises
from anonymizer.maskers.base import INTEGERS, Mask, Masker, Setting
from anonymizer.maskers.promises import Promise

_SUBDIVISIONS = 16
_TOP = 60
_EIGHTHS = 8
_FLOAT_PLACES = 6


class Rank(Masker):
    """A keyed curve that only rises: who was third stays third, and nobody keeps a number.

    The curve is made of straight pieces, sixteen to each power of two, each with a slope of its own between 1 and 2.9
    from the key; so a chunk needs to know nothing of the others. It is strictly rising: different numbers stay
    different, up to the end of the type's range, where they are cut. What order alone tells, it tells.
    """

    name = "rank"
    searched = "never"
    kinds = frozenset({"number"})

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Draws the curve."""
        super().__init__(mask, setting)
        edges = {*range(_SUBDIVISIONS)}
        for octave in range(4, _TOP):
            edges.update((1 << octave) + (step << octave - 4) for step in range(_SUBDIVISIONS))
        xs = sorted(edges)
        stream = hashlib.shake_128(self.subkey("rank")).digest(len(xs))
        slopes = [_EIGHTHS + byte % (2 * _EIGHTHS) for byte in stream]
        ys = [0]
        for (low, high), slope in zip(pairwise(xs), slopes, strict=False):
            ys.append(ys[-1] + (high - low) * slope // _EIGHTHS)
        self._xs, self._ys, self._slopes = pl.Series(xs), pl.Series(ys), pl.Series(slopes)

    def mask(self, values: pl.Series) -> pl.Series:
        """The point of the curve above each value."""
        places = self._places()
        numbers = figures.parse(values)
        if self.setting.base in INTEGERS:
            whole = values.cast(pl.Int64, strict=False)
        else:
            whole = (numbers * 10.0**places).round(0).clip(-(2.0**62), 2.0**62).cast(pl.Int64)
        most = 2**_TOP - 1
        size = whole.clip(-most, most).abs().fill_null(0)
        at = (self._xs.search_sorted(size, side="right") - 1).clip(0)
        image = self._ys.gather(at) + (size - self._xs.gather(at)) * self._slopes.gather(at) // _EIGHTHS
        image = image.zip_with(whole.fill_null(0) >= 0, -image).set(whole.is_null(), None)
        if self.setting.base in INTEGERS:
            greatest = INTEGERS[self.setting.base]
            text = image.clip(-greatest, greatest).cast(pl.String)
            return text.zip_with(text.is_not_null(), values)
        scaled = figures.within(self.setting, image.cast(pl.Float64) / 10.0**places)
        return figures.render(scaled, pl.repeat(places, len(values), dtype=pl.Int64, eager=True), values)

    def _places(self) -> int:
        if self.setting.base in INTEGERS:
            return 0
        return _FLOAT_PLACES if self.setting.scale is None else max(0, self.setting.scale)

    def objection(self) -> str | None:
        """It reckons."""
        return figures.objection(self.setting, "rank")

    def promises(self) -> tuple[Promise, ...]:
        """The order."""
        return promises.ranked(self.setting)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """All: a point of the curve may be a number that somebody had."""
        return pl.repeat(True, len(values), dtype=pl.Boolean, eager=True)
