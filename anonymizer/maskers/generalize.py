"""`generalize`: less exact, so that many share it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers import figures, promises
from anonymizer.maskers.base import Mask, Masker
from anonymizer.maskers.bucket import Bucket
from anonymizer.maskers.date_trunc import DateTrunc
from anonymizer.maskers.promises import Promise

_WAYS = ("keep", "map", "step", "unit")


class Generalize(Masker):
    """For quasi-identifiers, in one of four ways.

    `keep = 3` keeps the first characters and makes stars of the others; `map = {Rome = "Lazio"}` replaces what it lists
    and makes `others` (`*`) of everything else; `step = 10` makes `30-39` of 34 in a text column and 30 in one of
    numbers; `unit = "year"` cuts dates as `date_trunc` does. It needs no key, and equal values stay equal.
    """

    name = "generalize"
    keyless = True
    searched = "never"
    kinds = frozenset({"text", "number", "time", "enum"})
    options: ClassVar[Mapping[str, type]] = {"keep": int, "map": dict, "others": str, "step": int, "unit": str}

    def mask(self, values: pl.Series) -> pl.Series:
        """The general form of each value."""
        options = self.mask_options
        if "keep" in options:
            return self._kept(values, int(options["keep"]))
        if "map" in options:
            known = {str(value): str(general) for value, general in options["map"].items()}
            return values.replace_strict(known, default=options.get("others", "*"), return_dtype=pl.String)
        if "unit" in options:
            return DateTrunc(Mask("date_trunc", {"unit": options["unit"]}), self.setting).mask(values)
        step = int(options["step"])
        if self.setting.kind == "number":
            return Bucket(Mask("bucket", {"size": step}), self.setting).mask(values)
        numbers = figures.parse(values)
        low = (numbers / step).floor().clip(-(2.0**62), 2.0**62).cast(pl.Int64) * step
        return (low.cast(pl.String) + "-" + (low + step - 1).cast(pl.String)).fill_null(options.get("others", "*"))

    @staticmethod
    def _kept(values: pl.Series, keep: int) -> pl.Series:
        return values.str.slice(0, keep) + values.str.slice(keep).str.replace_all(r"[\s\S]", "*")

    def objection(self) -> str | None:
        """Each way has its kinds."""
        kind = self.setting.kind
        way = next(way for way in _WAYS if way in self.mask_options)
        suited = {
            "keep": ("text",),
            "map": ("text", "enum", "number"),
            "step": ("text", "number"),
            "unit": ("time", "text"),
        }
        if kind not in suited[way]:
            return f"with {way} does not suit this type"
        if way == "unit":
            return DateTrunc(Mask("date_trunc", {"unit": self.mask_options["unit"]}), self.setting).objection()
        if kind == "enum" and "others" not in self.mask_options:
            return "needs the option others, a label of the enum"
        return figures.objection(self.setting, "generalize") if way == "step" else None

    def promises(self) -> tuple[Promise, ...]:
        """What it makes of a value, where SQL can tell."""
        options, setting = self.mask_options, self.setting
        if "unit" in options:
            return promises.truncated(setting, options["unit"])
        if "step" in options and setting.kind == "number":
            return promises.floored(setting, options["step"])
        if "keep" in options:
            keep = promises.alike("keep", "the first characters", f"left({{}}::text, {int(options['keep'])})")
            return promises.LENGTH, keep
        return ()

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is as general as the mask makes things."""
        if "map" in self.mask_options:
            known = {*map(str, self.mask_options["map"].values()), self.mask_options.get("others", "*")}
            return values.is_in(list(known))
        return (self.mask(values) == values).fill_null(False)

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and exactly one way."""
        super().check(mask, locale)
        if sum(way in mask.options for way in _WAYS) != 1:
            raise PolicyError(f"the mask generalize needs one of the options {', '.join(_WAYS)}")
        if mask.options.get("step", 1) < 1 or mask.options.get("keep", 0) < 0:
            raise PolicyError(
                "the mask generalize wants a step of at least 1, and keeps no negative number of characters"
            )
        if "unit" in mask.options:
            DateTrunc.check(Mask("date_trunc", {"unit": mask.options["unit"]}), locale)
