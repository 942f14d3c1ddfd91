"""`user_agent`: a browser that millions have."""

from __future__ import annotations

import polars as pl

from anonymizer.maskers import spreads
from anonymizer.maskers.base import Mask, Masker, Setting, number
from anonymizer.odds import Spread

_SYSTEMS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "Linux; Android 10; K",
)
_CHROME = tuple(
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
    for system in _SYSTEMS
    for version in range(124, 132)
)
_FIREFOX = tuple(
    f"Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
    for system in ("Windows NT 10.0; Win64; x64", "X11; Linux x86_64", "Macintosh; Intel Mac OS X 10.15")
    for version in range(124, 132)
)
_SAFARI = tuple(
    f"Mozilla/5.0 ({system}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.{version} {rest}"
    for system, rest in (
        ("Macintosh; Intel Mac OS X 10_15_7", "Safari/605.1.15"),
        ("iPhone; CPU iPhone OS 17_5 like Mac OS X", "Mobile/15E148 Safari/604.1"),
    )
    for version in range(4)
)
AGENTS = pl.Series((*_CHROME, *_FIREFOX, *_SAFARI))


class UserAgent(Masker):
    """One of 64 browsers whose names tell nobody apart: common systems, versions of 2024, nothing rare.

    A rare browser is a fingerprint; after this mask there are none.
    """

    name = "user_agent"
    searched = "never"

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Counts the browsers."""
        super().__init__(mask, setting)
        self.outputs = len(AGENTS)

    def mask(self, values: pl.Series) -> pl.Series:
        """A browser for each value."""
        return AGENTS.gather(number(self.digests.hexadecimal(values), 0, len(AGENTS)))

    def spread(self, part: str = "") -> Spread:
        """Names that are cut may become the same."""
        return spreads.of(self.fit(AGENTS))

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is one of the list."""
        return values.is_in(self.fit(AGENTS).implode())
