"""`uuid`: another UUID of the same version and variant, and no two ever meet."""

from __future__ import annotations

import polars as pl

from anonymizer.maskers.base import Mask, Masker, Setting
from anonymizer.maskers.permutation import BLOCK, Blocks
from anonymizer.maskers.shapes import strings

_CANONICAL = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_ANY = r"(?i)^[{]?(?:[0-9a-f]{4}-?){7}[0-9a-f]{4}[}]?$"
_LEFT = bytes((0xFF,)) * 6 + bytes((0x0F, 0xFF)) + bytes(8)
"""The first eight bytes without the four bits of the version."""
_RIGHT = bytes(8) + bytes((0x3F,)) + bytes((0xFF,)) * 7
"""The last eight without the two bits of the variant."""
_DASHES = (8, 12, 16, 20)


class Uuid(Masker):
    """A keyed bijection on the 122 bits that a version does not fix; version and variant stay as they are.

    In a text column a UUID comes out in the usual lower-case form with dashes, however it was written, so that it still
    equals that of a uuid column; what is no UUID gets one of version 4, made of its digest.
    """

    name = "uuid"
    kinds = frozenset({"uuid", "text"})
    injective = True

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Derives the bijection's key."""
        super().__init__(mask, setting)
        self._network = Blocks(self.subkey("uuid"), _LEFT, _RIGHT)
        self.injective = setting.kind == "uuid" or setting.max_length is None or setting.max_length >= 36

    def mask(self, values: pl.Series) -> pl.Series:
        """The image of each UUID."""
        plain = values
        if not values.str.contains(_CANONICAL).all():
            plain = values.str.to_lowercase().str.replace_all(r"[^0-9a-f]", "")
            other = self.digests.hexadecimal(values).str.slice(0, 32)
            made = other.str.slice(0, 12) + "4" + other.str.slice(13, 3) + "8" + other.str.slice(17)
            plain = plain.zip_with(values.str.contains(_ANY), made)
        blob = bytes.fromhex(str(plain.str.join("").item()).replace("-", ""))
        return _text(self._network.permute(blob))

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """None: 122 bits do not repeat by chance. The nil UUID alone is nobody's."""
        return values.str.contains(r"^[0-]+$")


def _text(blob: bytes) -> pl.Series:
    """UUIDs in their usual form, from their bytes."""
    digits = blob.hex().encode()
    lanes = [digits[place :: 2 * BLOCK] for place in range(2 * BLOCK)]
    count = len(blob) // BLOCK
    for dash in reversed(_DASHES):
        lanes.insert(dash, b"-" * count)
    return strings(lanes, count)
