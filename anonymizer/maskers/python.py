"""`python`: a team's own mask."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import polars as pl

from anonymizer.errors import AnonymizerError, PolicyError
from anonymizer.maskers.base import ANYTHING, Mask, Masker, Setting


class FunctionFailed(AnonymizerError):
    """a function of the policy failed"""


class Python(Masker):
    """`function = "module:function"`: called with all values of a block at once, it returns as many.

    It gets a polars Series of strings as PostgreSQL writes them, none of them NULL, and returns a Series of strings in
    the same order. If it has a parameter `digests` it gets the keyed digests of the values as well, 64 hexadecimal
    digits each: choose by them, and the output is deterministic under the key and says nothing without it. `args` are
    handed over by name. `injective = true` promises that different values stay different.
    """

    name = "python"
    leaves_text = True
    keeps_null = False
    kinds = ANYTHING
    options: ClassVar[Mapping[str, type]] = {"function": str, "args": dict, "injective": bool}
    required = frozenset({"function"})

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Finds the function."""
        super().__init__(mask, setting)
        self._function = _find(mask.options["function"])
        self._arguments: dict[str, Any] = dict(mask.options.get("args", {}))
        self._digested = "digests" in inspect.signature(self._function).parameters
        self.injective = bool(mask.options.get("injective", False))

    def mask(self, values: pl.Series) -> pl.Series:
        """What the function makes of them.

        Raises:
            FunctionFailed: it raised, or what it returned is no Series of as many strings. No value is repeated.
        """
        arguments = self._arguments | ({"digests": self.digests.hexadecimal(values)} if self._digested else {})
        try:
            out = self._function(values, **arguments)
        except Exception as error:  # noqa: BLE001 - a stranger's code; its message may hold a value
            raise FunctionFailed(detail=f"{self.mask_options['function']} raised {type(error).__name__}.") from None
        if not isinstance(out, pl.Series) or len(out) != len(values):
            raise FunctionFailed(
                detail=f"{self.mask_options['function']} did not return a polars Series of as many values."
            )
        return out.cast(pl.String)

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and the function must be there."""
        super().check(mask, locale)
        _find(mask.options["function"])


def _find(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise PolicyError(
            f"there is no function {path!r}",
            detail=f"It said: {error}.",
            hint='Write it as "module:function"; the module must be importable where the clone runs.',
        ) from None
    if not callable(found):
        raise PolicyError(f"{path!r} is no function")
    function: Callable[..., Any] = found
    return function
