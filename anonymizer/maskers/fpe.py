"""`fpe`: digits become digits, letters letters, and no two values ever meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import ClassVar

import polars as pl

from anonymizer.errors import AnonymizerError, PolicyError
from anonymizer.maskers import moments, promises
from anonymizer.maskers.base import INTEGERS, Mask, Masker, Setting
from anonymizer.maskers.forms import as_written
from anonymizer.maskers.permutation import numbers
from anonymizer.maskers.promises import Promise
from anonymizer.maskers.shapes import Shapes
from anonymizer.maskers.text import by_chance, too_short

_NUMBER = r"^(-?)([0-9]+)(\.[0-9]+)?$"
_DIGITS = 18
"""A number of so many digits surely fits into 64 bits."""


_MOST_PLACES = 16_383
"""So many digits a numeric may have behind the point."""


class Fpe(Masker):
    """A keyed bijection on values of one shape: a Feistel network of ten rounds of AES-256.

    Texts keep case, punctuation and length; letters beyond ASCII stay in their script. Numbers keep their sign, how
    many digits they have before and behind the point, and the range of their type; zero stays. Dates and times keep
    their year, what stands behind the second, and the zone: within a year every day and second changes places.

    `among` lists values that change places with each other only, as a CHECK or an enum may demand; `min` and `max` say
    the same of whole numbers. What is not among them becomes something else that is not.
    """

    name = "fpe"
    kinds = frozenset({"text", "number", "time", "enum", "boolean"})
    options: ClassVar[Mapping[str, type]] = {"among": list, "min": int, "max": int}

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Derives the bijection's key."""
        super().__init__(mask, setting)
        self._key = self.subkey("fpe")
        self._shapes = Shapes(self._key, codec=setting.codec)
        self._among = pl.Series(
            [as_written(setting, str(text)) for text in mask.options.get("among", ())], dtype=pl.String
        )
        self._ranged = "min" in mask.options
        self.folds = "among" not in mask.options
        self._low, self._high = int(mask.options.get("min", 0)), int(mask.options.get("max", 0))
        # of an unconstrained numeric 1.0 and 1.00 are equal: masks see neither (forms.told_apart), nor make them
        self._trimmed = setting.base == "numeric" and setting.scale is None
        self._rounded = -min(0, setting.scale or 0) if setting.base == "numeric" else 0
        self._places = setting.precision or _MOST_PLACES
        self.injective = setting.kind != "number" or setting.base in (*INTEGERS, "numeric")

    def objection(self) -> str | None:
        """Only whole and decimal numbers have digits of their own; an interval is on no calendar."""
        kind, base = self.setting.kind, self.setting.base
        if kind == "time" and base not in (*moments.TYPES, ""):
            return f"cannot permute the type {base}"
        if kind == "number" and base not in (*INTEGERS, "numeric", ""):
            return f"cannot permute numbers of the type {base}"
        if kind in ("enum", "boolean") and not len(self._among):
            return "needs the option 'among' where values are words of a list"
        if self._ranged and (kind != "number" or base not in (*INTEGERS, "")):
            return "has 'min' and 'max' for whole numbers only"
        return None

    def mask(self, values: pl.Series) -> pl.Series:
        """The image of each value."""
        if self._ranged:
            return self._closed(values, self._between)
        if len(self._among):
            return self._closed(values, self._listed)
        return self._open(values)

    def _open(self, values: pl.Series) -> pl.Series:
        if self.setting.kind == "time":
            return moments.permute(self._key, values)
        if self.setting.kind != "number":
            return self._shapes.permute(values)
        if not self._rounded:
            return self._numbers(values)
        # of numeric(5, -2) the last two digits are noughts, or the server would make them so
        noughts = "0" * self._rounded
        rounded = values.str.ends_with(noughts)
        image = self._numbers(values.str.strip_suffix(noughts).zip_with(rounded, values))
        return (image + noughts).zip_with(rounded, image)

    def _closed(self, values: pl.Series, closed: Callable[[pl.Series], pl.Series]) -> pl.Series:
        """A part of all values permuted within itself; the others walked on until they are outside of it again."""
        out = closed(values)
        rest = out.is_null().arg_true()
        if len(rest):
            if self.setting.kind in ("enum", "boolean"):
                raise AnonymizerError("a value is not among those that the policy lists for the mask fpe")
            image = self._open(values.gather(rest))
            while len(again := closed(image).is_not_null().arg_true()):
                image = image.scatter(again, self._open(image.gather(again)))
            out = out.scatter(rest, image)
        return out

    def _listed(self, values: pl.Series) -> pl.Series:
        places = values.replace_strict(
            self._among, pl.Series(range(len(self._among)), dtype=pl.UInt64), default=None, return_dtype=pl.UInt64
        )
        return self._placed(places, len(self._among), self._among.gather)

    def _between(self, values: pl.Series) -> pl.Series:
        whole = values.cast(pl.Int64, strict=False)
        whole = whole.set(~whole.is_between(self._low, self._high).fill_null(False), None)
        return self._placed(
            whole - self._low, self._high - self._low + 1, lambda image: (image + self._low).cast(pl.String)
        )

    def _placed(self, places: pl.Series, size: int, written: Callable[[pl.Series], pl.Series]) -> pl.Series:
        at = places.is_not_null().arg_true()
        image = numbers(self._key, places.gather(at).cast(pl.UInt64), size).cast(pl.Int64)
        return pl.repeat(None, len(places), dtype=pl.String, eager=True).scatter(at, written(image))

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
        length = int(digits.str.len_bytes()[0])
        trimmed = self._trimmed and length > before
        if not leading and length - before > self._places:
            # numeric(3, 5) has three digits behind two noughts
            rest = self._group(digits.str.tail(self._places), 0, leading=False, negative=negative)
            return digits.str.head(length - self._places) + rest
        if length > _DIGITS and self.setting.base not in INTEGERS:
            return self._long(digits, leading=leading, trimmed=trimmed, negative=negative)
        low = 10 ** (length - 1) if leading else 0
        high = 10**length if leading else 10 ** (length - before)
        number = digits.cast(pl.UInt64, strict=False)
        greatest = max(INTEGERS.values()) + negative if self.setting.base in INTEGERS else 10**_DIGITS
        if number.null_count() or (number > greatest).any():
            # no number of this type, so of no column either
            return self._long(digits, leading=leading, trimmed=trimmed, negative=negative)
        if trimmed:
            # nine numbers of every ten end with another digit than nought
            first = low // 10 * 9
            nines = numbers(self._key, number // 10 * 9 + number % 10 - 1 - first, high // 10 * 9 - first) + first
            return (nines // 9 * 10 + nines % 9 + 1).cast(pl.String).str.zfill(length)
        low = max(low, int(negative))  # -0.00 is 0.00, which is another value's image
        # what fits into a smaller type is permuted apart, so that a smallint that refers to a bigint comes out like it
        ends = [limit + negative + 1 for limit in INTEGERS.values() if before == length]
        edges = [low, *(end for end in ends if low < end < high), high]
        image = number.clone()
        for begin, end in pairwise(edges):
            if len(at := ((number >= begin) & (number < end)).arg_true()):
                image = image.scatter(at, numbers(self._key, number.gather(at) - begin, end - begin) + begin)
        return image.cast(pl.String).str.zfill(length)

    def _long(self, digits: pl.Series, *, leading: bool, trimmed: bool, negative: bool) -> pl.Series:
        """Numbers of more digits than 64 bits hold, walked on until no digit is one that would vanish."""

        def wrong(image: pl.Series) -> pl.Series:
            vanishes = image.str.starts_with("0") if leading else ~image.str.starts_with("0")
            if trimmed:
                vanishes |= image.str.ends_with("0")
            return vanishes | ~image.str.contains("[1-9]") if negative else vanishes

        out = self._shapes.permute(digits)
        while len(at := wrong(out).arg_true()):
            out = out.scatter(at, self._shapes.permute(out.gather(at)))
        return out

    def promises(self) -> tuple[Promise, ...]:
        """Length and digits of a text or a number, the year of a date; a list or a range permutes its own."""
        if self._ranged or len(self._among):
            return ()
        if self.setting.kind == "time":
            return (promises.YEAR,) if promises.dated(self.setting) else ()
        if self.setting.kind == "number":
            return () if self._trimmed else (promises.WIDTH,)
        return (promises.LENGTH,)

    def chance(self, values: pl.Series) -> pl.Series | None:
        """What the letters and digits of each come to, of a text."""
        return by_chance(values) if self.setting.kind == "text" and not len(self._among) else None

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is so short that chance alone may have made it; a moment is one of a year's few."""
        if self.setting.kind == "time":
            return pl.repeat(True, len(values), dtype=pl.Boolean, eager=True)
        return too_short(values)

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and a range has two ends."""
        super().check(mask, locale)
        low, high = mask.options.get("min"), mask.options.get("max")
        if (low is None) != (high is None) or (low is not None and (low > high or "among" in mask.options)):
            raise PolicyError(
                "the mask fpe wants both of 'min' and 'max', the lesser first, and no 'among' beside them"
            )
        among = list(map(str, mask.options.get("among", ())))
        if len(set(among)) < len(among):
            raise PolicyError("of the mask fpe the option 'among' names a value twice")
