"""`password`: everybody's becomes the one that the staging environment knows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.maskers.base import Mask, Masker, Setting

KNOWN = "understudy"
"""The password that every account of a clone has, unless the policy says otherwise."""

BCRYPT = "$2b$10$understudyunderstudyuuhqfSoIiS1l3bjpH.rpUrhRO9JzPRN9a"
_HEX = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}


class Password(Masker):
    """The hash of the password `understudy`, in the form of the original; or the option `hash`, whatever that is.

    Django's `pbkdf2_sha256$...` and plain hexadecimal digests (MD5 to SHA-512) keep their form, everything else becomes
    bcrypt. So whoever tests can sign in as anybody, and no hash is left to be cracked. All of these are public: staging
    must not be reachable by strangers, and its accounts must open nothing else.
    """

    name = "password"
    tagged = False
    keyless = True
    searched = "always"
    options: ClassVar[Mapping[str, type]] = {"hash": str}

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Makes the hashes."""
        super().__init__(mask, setting)
        self._hash = mask.options.get("hash")
        self._hex = {size: hashlib.new(name, KNOWN.encode()).hexdigest() for size, name in _HEX.items()}

    def mask(self, values: pl.Series) -> pl.Series:
        """The known hash, as often as there are values."""
        if self._hash is not None:
            return pl.repeat(self._hash, len(values), dtype=pl.String, eager=True)
        out = pl.repeat(BCRYPT, len(values), dtype=pl.String, eager=True)
        plain = values.str.contains(r"^[0-9a-f]+$")
        for size, digest in self._hex.items():
            wanted = plain & (values.str.len_bytes() == size)
            out = pl.repeat(digest, len(values), dtype=pl.String, eager=True).zip_with(wanted, out)
        django = values.str.starts_with("pbkdf2_sha256$")
        return pl.repeat(DJANGO, len(values), dtype=pl.String, eager=True).zip_with(django, out)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is a hash of the known password."""
        known = pl.Series([self._hash] if self._hash is not None else [BCRYPT, DJANGO, *self._hex.values()])
        return values.is_in(self.fit(known).implode())


DJANGO = "pbkdf2_sha256$260000$understudysalt$srTRfmpJGzQIpa31AqPVKUNteLBe/1V32OzIxvOjbPw="
