"""`url`: an address on the web that leads nowhere."""

from __future__ import annotations

import polars as pl

from anonymizer.maskers import spreads
from anonymizer.maskers.base import Mask, Masker, Setting
from anonymizer.maskers.text import Text
from anonymizer.odds import Spread

_PARTS = r"^([A-Za-z][A-Za-z0-9+.-]*://|//)?([^/?#\s]*)([\s\S]*)$"


class Url(Masker):
    """The scheme stays; the host becomes `hTAG.example.com`, path and query a text of the same shape.

    One host is always the same fake one, with 64 bits of its digest; a user's name, a password and a port go with it.
    What begins with `/` is a path alone and stays one. Where the column is too short, the path is cut.
    """

    name = "url"
    searched = "always"

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Makes the path's mask ready."""
        super().__init__(mask, setting)
        self._text = Text(Mask("text", {"domain": f"url/{self.domain}"}), setting)

    def mask(self, values: pl.Series) -> pl.Series:
        """An address for each value."""
        parts = values.str.extract_groups(_PARTS).struct.unnest()
        scheme, host, path = (parts.to_series(n).fill_null("") for n in range(3))
        fake = "h" + self.digests.hexadecimal(host.str.to_lowercase()).str.slice(0, 16) + ".example.com"
        return scheme + fake.zip_with(host != "", host) + self._text.mask(path)

    def parts(self, values: pl.Series) -> pl.Series:
        """Its scheme and host, and the shape of what follows."""
        found = values.str.extract_groups(_PARTS).struct.unnest()
        scheme, host, path = (found.to_series(n).fill_null("") for n in range(3))
        return scheme + "\0" + host.str.to_lowercase() + "\0" + self._text.parts(path)

    def spread(self, part: str = "") -> Spread | None:
        """What may follow a host; two hosts meet in 64 bits only. Of cut ones nobody can say."""
        if not part or self.setting.max_length is not None:
            return None
        return spreads.of_shape(part.rpartition("\0")[2])

    def chance(self, values: pl.Series) -> pl.Series | None:
        """Nobody can say. Of an address without a host as much stays as of its path."""
        return None

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether its host is one of ours, or it is so short that chance alone may have made it."""
        ours = values.str.contains(r"^([A-Za-z][A-Za-z0-9+.-]*://|//)?h[0-9a-f]{1,16}(\.example\.com)?(/|\?|#|$)")
        return ours | self._text.could_be_ours(values)
