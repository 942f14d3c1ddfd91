"""`uuid`: another UUID of the same version and variant, and no two ever meet."""

from __future__ import annotations

import polars as pl

from anonymizer.maskers import promises
from anonymizer.maskers.base import Mask, Masker, Setting
from anonymizer.maskers.permutation import BLOCK, Blocks
from anonymizer.maskers.promises import Promise
from anonymizer.maskers.shapes import strings

_CANONICAL = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_ANY = r"(?i)^[{]?(?:[0-9a-f]{4}-?){7}[0-9a-f]{4}[}]?$"
_LEFT = bytes((0xFF,)) * 6 + bytes((0x0F, 0xFF)) + bytes(8)
"""The first eight bytes without the four bits of the version."""
_RIGHT = bytes(8) + bytes((0x3F,)) + bytes((0xFF,)) * 7
"""The last eight without the two bits of the variant."""
_DASHES = (8, 12, 16, 20)
_SHORTEST = 32
"""So many characters hold a UUID without dashes, or 106 of the bits of one that was made."""


class Uuid(Masker):
    """A keyed bijection on the 122 bits that a version does not fix; version and variant stay as they are.

    In a text column a UUID comes out as it was written: with or without dashes and braces, in small letters or
    capitals. What is no UUID, or one in letters of both cases, gets one of version 4, made of its digest.
    """

    name = "uuid"
    searched = "always"
    kinds = frozenset({"uuid", "text"})
    injective = True
    folds = True

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Derives the bijection's key."""
        super().__init__(mask, setting)
        self._network = Blocks(self.subkey("uuid"), _LEFT, _RIGHT)
        self.injective = setting.kind == "uuid" or setting.max_length is None or setting.max_length >= _SHORTEST

    def mask(self, values: pl.Series) -> pl.Series:
        """The image of each UUID."""
        canonical = values.str.contains(_CANONICAL)
        if canonical.all():
            return self._images(values)
        small = values.str.to_lowercase()
        whole = values.str.contains(_ANY) & ((values == small) | (values == values.str.to_uppercase()))
        made = self.digests.hexadecimal(values).str.slice(0, 32)
        made = made.str.slice(0, 12) + "4" + made.str.slice(13, 3) + "8" + made.str.slice(17)
        out = self._images(small.str.replace_all(r"[^0-9a-f]", "").zip_with(whole, made))
        at = (whole & ~canonical).arg_true()
        spelled = map(_spelled, values.gather(at).to_list(), out.gather(at).to_list())
        return out.scatter(at, pl.Series(list(spelled), dtype=pl.String)) if len(at) else out

    def _images(self, values: pl.Series) -> pl.Series:
        return _text(self._network.permute(bytes.fromhex(str(values.str.join("").item()).replace("-", ""))))

    def promises(self) -> tuple[Promise, ...]:
        """Version and variant."""
        return (promises.VERSION,) if self.setting.kind == "uuid" else ()

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


def _spelled(form: str, image: str) -> str:
    """A UUID written as another is."""
    digits = iter(image.replace("-", ""))
    text = "".join(next(digits) if character.isalnum() else character for character in form)
    return text.upper() if form != form.lower() else text
