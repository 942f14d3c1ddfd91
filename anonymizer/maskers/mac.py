"""`mac`: another hardware address, and no two ever meet."""

from __future__ import annotations

import polars as pl

from anonymizer.maskers.base import Mask, Masker, Setting
from anonymizer.maskers.permutation import BLOCK, Blocks

_ANY = r"(?i)^(?:[0-9a-f]{2}[:.-]?){5}[0-9a-f]{2}$|^(?:[0-9a-f]{2}[:.-]?){7}[0-9a-f]{2}$"


class Mac(Masker):
    """A keyed bijection on 46 bits of a MAC-48 address, on 62 of an EUI-64; multicast and local bit stay.

    It is written with colons in lower case, as PostgreSQL writes it, so that a text equals a macaddr. What is no such
    address in a text column gets one made of its digest, with the local bit set.
    """

    name = "mac"
    searched = "always"
    kinds = frozenset({"macaddr", "text"})
    folds = True

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Derives the bijections' key."""
        super().__init__(mask, setting)
        key = self.subkey("mac")
        self._short = Blocks(key, bytes((0xFC, 0xFF, 0xFF)) + bytes(13), bytes(3) + bytes((0xFF,)) * 3 + bytes(10))
        self._long = Blocks(key, bytes((0xFC, 255, 255, 255)) + bytes(12), bytes(4) + bytes((0xFF,)) * 4 + bytes(8))
        # texts may be other ways to write one address, which become one
        self.injective = setting.kind == "macaddr"

    def mask(self, values: pl.Series) -> pl.Series:
        """The image of each address."""
        plain = values.str.to_lowercase().str.replace_all(r"[^0-9a-f]", "")
        made = "02" + self.digests.hexadecimal(values).str.slice(0, 10)
        plain = plain.zip_with(values.str.contains(_ANY), made)
        blob = bytes.fromhex(str(plain.str.pad_end(2 * BLOCK, "0").str.join("").item()))
        long = plain.str.len_bytes() == 16
        short = self._image(self._short, blob, 6)
        return self._image(self._long, blob, 8).zip_with(long, short) if long.any() else short

    @staticmethod
    def _image(network: Blocks, blob: bytes, size: int) -> pl.Series:
        digits = network.permute(blob).hex()
        rows = range(0, len(digits), 2 * BLOCK)
        return pl.Series(
            [":".join(digits[row + 2 * byte : row + 2 * byte + 2] for byte in range(size)) for row in rows]
        )

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether its local bit is set: only such addresses are given away freely, the others belong to one device."""
        return values.str.contains(r"(?i)^.[26ae]")
