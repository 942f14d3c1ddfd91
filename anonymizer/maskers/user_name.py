"""`user_name`: a name to sign in with that nobody has."""

from __future__ import annotations

import polars as pl

from anonymizer import pools
from anonymizer.maskers.base import TAG, Mask, Masker, Setting, number


class UserName(Masker):
    """`first_last_TAG` in lower-case ASCII: two names of the locale's pools and 96 bits of the value's digest.

    Where the column is too short for that the names are left out, and then the tag is cut.
    """

    name = "user_name"
    searched = "always"
    folds = True

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Loads the pools."""
        super().__init__(mask, setting)
        self._first = pools.ascii_lower(pools.load(setting.locale, "first_names"))
        self._last = pools.ascii_lower(pools.load(setting.locale, "last_names"))
        limit = setting.max_length
        self._room = TAG if limit is None else max(1, min(TAG, limit - 1))
        self.injective = self._room == TAG
        self.outputs = None if self.injective else 16**self._room

    def mask(self, values: pl.Series) -> pl.Series:
        """A name for each value."""
        digests = self.digests.hexadecimal(values)
        first = self._first.gather(number(digests, 0, len(self._first)))
        last = self._last.gather(number(digests, 1, len(self._last)))
        tags = digests.str.slice(64 - TAG, self._room)
        whole = first + "_" + last + "_" + tags
        limit = self.setting.max_length
        if limit is None:
            return whole
        short = "u" + tags
        return whole.zip_with(whole.str.len_chars() <= limit, short)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it ends in a tag as ours do."""
        return values.str.contains(rf"(_|^u)[0-9a-f]{{{self._room}}}$")
