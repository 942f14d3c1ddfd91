"""`email`: an address that looks like a person's and reaches nobody."""

from __future__ import annotations

import polars as pl

from anonymizer import pools
from anonymizer.maskers.base import TAG, Mask, Masker, Setting, number

DOMAINS = pl.Series(["example.com", "example.net", "example.org"])
"""RFC 2606 keeps these for examples: no mail to them is ever delivered."""

_SHORTEST = len("@example.com")


class Email(Masker):
    """`first.last.TAG@example.com`: two names of the locale's pools and 96 bits of the value's own digest.

    Nobody can find two values that meet in a digest of so many bits: of ten million different ones two would in 1 clone
    of 10**15. Where the column is too short for the names, they are left out; where it is too short for the tag
    (below 36 characters), that is cut, and such a mask is not taken for a unique column.
    """

    name = "email"
    searched = "always"
    folds = True

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Loads the pools, in ASCII: an address with other letters is one that half of all programs refuse."""
        super().__init__(mask, setting)
        self._first = pools.ascii_lower(pools.load(setting.locale, "first_names"))
        self._last = pools.ascii_lower(pools.load(setting.locale, "last_names"))
        limit = setting.max_length
        self._room = TAG if limit is None else max(1, min(TAG, limit - _SHORTEST))
        self.injective = self._room == TAG
        self.outputs = None if self.injective else 16**self._room

    def mask(self, values: pl.Series) -> pl.Series:
        """An address for each value."""
        digests = self.digests.hexadecimal(values)
        domains = DOMAINS.gather(number(digests, 2, len(DOMAINS)))
        tags = digests.str.slice(64 - TAG, self._room)
        first = self._first.gather(number(digests, 0, len(self._first)))
        last = self._last.gather(number(digests, 1, len(self._last)))
        whole = first + "." + last + "." + tags + "@" + domains
        limit = self.setting.max_length
        if limit is None:
            return whole
        short = tags + "@" + DOMAINS[0]
        return whole.zip_with(whole.str.len_chars() <= limit, short)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it has a tag and one of the example domains."""
        return values.str.contains(rf"(^|\.)[0-9a-f]{{{self._room}}}@example\.(com|net|org)$")
