"""`fpe`: digits become digits, letters letters, and no two values ever meet."""

from __future__ import annotations

import polars as pl

from anonymizer.maskers.base import INTEGERS, Mask, Masker, Setting
from anonymizer.maskers.permutation import numbers
from anonymizer.maskers.shapes import Shapes
from anonymizer.maskers.text import too_short

_NUMBER = r"^(-?)(\d+)(\.\d+)?$"
_DIGITS = 18
"""A number of so many digits surely fits into 64 bits."""


class Fpe(Masker):
    """A keyed bijection on values of one shape: a Feistel network of ten rounds of AES-256.

    Texts keep case, punctuation and length; letters beyond ASCII stay in their script. Numbers keep their sign, how
    many digits they have before and behind the point, and the range of their type; zero stays.
    """

    name = "fpe"
    kinds = frozenset({"text", "number"})

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Derives the bijection's key."""
        super().__init__(mask, setting)
        self._key = self.subkey("fpe")
        self._shapes = Shapes(self._key, codec=setting.codec)
        # of an unconstrained numeric 1.0 and 1.00 are equal, and their images are not
        self.injective = setting.kind == "text" or setting.base in INTEGERS or setting.scale is not None

    def objection(self) -> str | None:
        """Only whole and decimal numbers have digits of their own."""
        if self.setting.kind == "number" and self.setting.base not in (*INTEGERS, "numeric", ""):
            return f"cannot permute numbers of the type {self.setting.base}"
        return None

    def mask(self, values: pl.Series) -> pl.Series:
        """The image of each value."""
        return self._numbers(values) if self.setting.kind == "number" else self._shapes.permute(values)

    def _numbers(self, values: pl.Series) -> pl.Series:
        """One group of signs and lengths after another: a group maps onto itself."""
        parts = values.str.extract_groups(_NUMBER).struct.unnest()
        sign, whole, fraction = (parts.to_series(n) for n in range(3))
        frame = pl.DataFrame(
            {
                "at": pl.int_range(len(values), eager=True),
                "sign": sign,
                "digits": whole + fraction.fill_null("").str.strip_prefix("."),
                "before": whole.str.len_bytes(),
                "behind": fraction.fill_null("").str.len_bytes(),
                "zero": whole == "0",
            }
        ).drop_nulls()
        out = values.clone()
        for (minus, before, behind, zero), group in frame.group_by(
            "sign", "before", "behind", "zero", maintain_order=True
        ):
            point = int(str(behind))
            digits = self._group(group["digits"], int(str(before)), leading=not zero, negative=bool(minus))
            image = digits.str.head(-(point - 1)) + "." + digits.str.tail(point - 1) if point else digits
            out = out.scatter(group["at"], str(minus) + image)
        return out

    def _group(self, digits: pl.Series, before: int, *, leading: bool, negative: bool) -> pl.Series:
        """Numbers of one length, none with a leading zero, or all of them nothing but zero before the point."""
        length = digits.str.len_bytes()[0]
        if length > _DIGITS and self.setting.base not in INTEGERS:
            return self._long(digits)
        low = 10 ** (length - 1) if leading else 0
        high = 10**length if leading else 10 ** (length - before)
        greatest = INTEGERS.get(self.setting.base)
        if greatest is not None:
            high = min(high, greatest + 1 + negative)
        number = digits.cast(pl.UInt64, strict=False)
        if number.null_count() or (number >= high).any():
            return self._long(digits)  # no number of this type, so of no column either
        return (numbers(self._key, number - low, high - low) + low).cast(pl.String).str.zfill(length)

    def _long(self, digits: pl.Series) -> pl.Series:
        """Numbers of more digits than 64 bits hold, walked on until the first digit is none that would vanish."""
        out = self._shapes.permute(digits)
        zero = digits.str.starts_with("0")
        while len(wrong := (out.str.starts_with("0") != zero).arg_true()):
            out = out.scatter(wrong, self._shapes.permute(out.gather(wrong)))
        return out

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is so short that chance alone may have made it."""
        return too_short(values)
