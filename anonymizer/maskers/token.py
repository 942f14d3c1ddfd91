"""`token`: another secret of the same form that opens nothing, and no two ever meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.maskers.base import Mask, Masker, Setting
from anonymizer.maskers.shapes import HEX, Shapes
from anonymizer.maskers.text import too_short

_HEX = r"^[0-9a-f]+$"


class Token(Masker):
    """A keyed bijection on tokens of one form: lower-case hexadecimal stays such, in others letters become letters.

    `prefix` lists beginnings that stay because they say what kind of token it is: `["sk_live_"]`.
    """

    name = "token"
    searched = "always"
    options: ClassVar[Mapping[str, type]] = {"prefix": list}
    injective = True

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Derives the bijections' keys."""
        super().__init__(mask, setting)
        key = self.subkey("token")
        self._hex = Shapes(key, HEX)
        self._plain = Shapes(key, codec=setting.codec)
        self._prefixes = sorted(map(str, mask.options.get("prefix", [])), key=len, reverse=True)

    def mask(self, values: pl.Series) -> pl.Series:
        """The image of each token."""
        size = pl.repeat(0, len(values), dtype=pl.Int64, eager=True)
        for prefix in reversed(self._prefixes):
            begins = values.str.starts_with(prefix)
            size = pl.repeat(len(prefix), len(values), dtype=pl.Int64, eager=True).zip_with(begins, size)
        frame = pl.DataFrame({"value": values, "size": size})
        cut = frame.select(
            head=pl.col("value").str.slice(0, pl.col("size")), rest=pl.col("value").str.slice(pl.col("size"))
        )
        return cut["head"] + self._images(cut["rest"])

    def _images(self, values: pl.Series) -> pl.Series:
        hexadecimal = values.str.contains(_HEX)
        out = values.clone()
        if len(at := hexadecimal.arg_true()):
            out = out.scatter(at, self._hex.permute(values.gather(at)))
        if len(at := (~hexadecimal).arg_true()):
            image = self._plain.permute(values.gather(at))
            # walked on where it looks hexadecimal: the two kinds must not meet
            while len(again := image.str.contains(_HEX).arg_true()):
                image = image.scatter(again, self._plain.permute(image.gather(again)))
            out = out.scatter(at, image)
        return out

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is so short that chance may have made it."""
        return too_short(values)
