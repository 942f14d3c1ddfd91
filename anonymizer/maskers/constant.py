"""`constant`: every value becomes the same one, which the policy says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers.base import ANYTHING, Mask, Masker
from anonymizer.maskers.forms import as_written


class Constant(Masker):
    """Every value that is not NULL becomes the option `value`, written as SQL text of the column's type."""

    name = "constant"
    keyless = True
    kinds = ANYTHING
    options: ClassVar[Mapping[str, type]] = {"value": object}
    required = frozenset({"value"})
    keeps_empty = False

    def mask(self, values: pl.Series) -> pl.Series:
        """The constant, as often as there are values."""
        return pl.repeat(self._text(), len(values), dtype=pl.String, eager=True)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is the constant."""
        return values == self._text()

    def _text(self) -> str:
        value = self.mask_options["value"]
        return as_written(self.setting, str(value).lower() if isinstance(value, bool) else str(value))

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and the value must be a scalar."""
        super().check(mask, locale)
        if not isinstance(mask.options["value"], str | int | float | bool):
            raise PolicyError(
                "the value of the mask constant must be a text, a number, true or false",
                hint='For NULL write "null" as the mask.',
            )
