"""`national_id`: a number of the same kind that the state gave to nobody we know."""

from __future__ import annotations

import polars as pl

from anonymizer.maskers import checkdigits
from anonymizer.maskers.base import Mask, Masker, Setting, digits, number
from anonymizer.maskers.permutation import numbers
from anonymizer.maskers.shapes import Shapes
from anonymizer.maskers.text import too_short
from anonymizer.odds import Spread

_CODICE = r"^[A-Z]{6}[0-9]{2}[ABCDEHLMPRST](?:0[1-9]|[15][0-9]|2[0-8]|4[1-9]|6[0-8])[A-Z][0-9]{3}[A-Z]$"
_MONTHS = "ABCDEHLMPRST"
_DNI = r"^(?:[0-9]{8}|[XYZ][0-9]{7})[TRWAGMYFPDXBNJZSQVHLCKE]$"
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_NIR = r"^[12][0-9]{2}(?:0[1-9]|1[0-2])[0-9]{10}$"
_SSN = r"^[0-9]{3}-[0-9]{2}-[0-9]{4}$"


class NationalId(Masker):
    """Known by its form: codice fiscale, DNI and NIE, French NIR, and the American SSN.

    The first three come from a keyed bijection and end in valid check digits; a wrong check stays as wrong. A codice
    fiscale keeps that its day is a day. An SSN becomes one of the areas 900 to 999 with a group below 50, which have
    never been given to anybody; there are 48,995,100 of them, so they repeat. It is known in the locale en_US only,
    also without dashes. Anything else is permuted as `fpe` does.
    """

    name = "national_id"
    searched = "always"

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Derives the bijection's key."""
        super().__init__(mask, setting)
        self._key = self.subkey("national_id")
        self._shapes = Shapes(self._key, codec=setting.codec)
        self._american = setting.locale == "en_US"
        self.injective = not self._american
        self._forms = [(_CODICE, self._codice), (_DNI, self._dni), (_NIR, self._nir)]
        if self._american:
            self._forms += [(_SSN, self._ssn), (r"^[0-9]{9}$", self._ssn)]

    def mask(self, values: pl.Series) -> pl.Series:
        """A number for each value."""
        out = values.clone()
        rest = pl.repeat(True, len(values), dtype=pl.Boolean, eager=True)
        for pattern, images in self._forms:
            found = values.str.contains(pattern)
            if len(at := found.arg_true()):
                out = out.scatter(at, images(values.gather(at)))
                rest = rest & ~found
        if len(at := rest.arg_true()):
            out = out.scatter(at, self._apart(values.gather(at)))
        return out

    def _apart(self, values: pl.Series) -> pl.Series:
        """What has no known form, walked on until it has none again: the two kinds must not meet."""
        known = "|".join(pattern for pattern, _ in self._forms)
        out = self._shapes.permute(values)
        while len(at := out.str.contains(known).arg_true()):
            out = out.scatter(at, self._shapes.permute(out.gather(at)))
        return out

    def parts(self, values: pl.Series) -> pl.Series:
        """American numbers with dashes, those without, and all others."""
        dashed, plain = (values.str.contains(pattern) for pattern, images in self._forms if images == self._ssn)
        without, other = (pl.repeat(word, len(values), eager=True) for word in ("ssn", "apart"))
        return pl.repeat("-", len(values), eager=True).zip_with(dashed, without.zip_with(plain, other))

    def spread(self, part: str = "") -> Spread | None:
        """American numbers are drawn, all others permuted."""
        if not self._american or not part:
            return None
        return {} if part == "apart" else {1: 100 * 49 * 9999}

    def _codice(self, values: pl.Series) -> pl.Series:
        """Six letters, a year, a month, a day (women's plus 40, none above 28), a place: as one number."""
        code = pl.repeat(0, len(values), dtype=pl.UInt64, eager=True)
        for place in range(6):
            code = code * 26 + checkdigits.place(values.str.slice(place, 1)).cast(pl.UInt64)
        day = values.str.slice(9, 2).cast(pl.UInt64)
        code = code * 100 + values.str.slice(6, 2).cast(pl.UInt64)
        code = code * 12 + checkdigits.place(values.str.slice(8, 1), _MONTHS).cast(pl.UInt64)
        code = code * 56 + (day - 1 - (day > 40).cast(pl.UInt64) * 12)
        code = code * 26 + checkdigits.place(values.str.slice(11, 1)).cast(pl.UInt64)
        code = code * 1000 + values.str.slice(12, 3).cast(pl.UInt64)
        image = self._spelled(numbers(self._key, code, 26**6 * 100 * 12 * 56 * 26 * 1000))
        expected, wanted = (checkdigits.italian(text, 15) for text in (values.str.head(15), image))
        check = checkdigits.place(values.str.slice(15, 1))
        return image + checkdigits.letter(checkdigits.moved(check, expected, wanted, 26))

    @staticmethod
    def _spelled(code: pl.Series) -> pl.Series:
        place, code = code % 1000, code // 1000
        town, code = code % 26, code // 26
        day, code = code % 56, code // 56
        month, code = code % 12, code // 12
        year, code = code % 100, code // 100
        text = checkdigits.letter(month, _MONTHS) + digits(day + 1 + (day >= 28).cast(pl.UInt64) * 12, 2)
        text = digits(year, 2) + text + checkdigits.letter(town) + digits(place, 3)
        for _ in range(6):
            text, code = checkdigits.letter(code % 26) + text, code // 26
        return text

    def _dni(self, values: pl.Series) -> pl.Series:
        """Eight digits, or X, Y or Z for the first, and a letter."""
        payload = values.str.head(8)
        first = payload.str.slice(0, 1)
        foreign = first.str.contains("[XYZ]")
        inner = payload.str.slice(1)
        whole = self._shapes.permute(payload)
        image = (first + self._shapes.permute(inner)).zip_with(foreign, whole)
        expected, wanted = (
            text.str.replace_many(["X", "Y", "Z"], ["0", "1", "2"]).cast(pl.Int64) % 23 for text in (payload, image)
        )
        check = checkdigits.place(values.str.slice(8, 1), _DNI_LETTERS)
        return image + checkdigits.letter(checkdigits.moved(check, expected, wanted, 23), _DNI_LETTERS)

    def _nir(self, values: pl.Series) -> pl.Series:
        """Sex, year, month, eight digits of place and order, and two of a key."""
        code = (values.str.slice(0, 1).cast(pl.UInt64) - 1) * 100 + values.str.slice(1, 2).cast(pl.UInt64)
        code = (code * 12 + values.str.slice(3, 2).cast(pl.UInt64) - 1) * 10**8 + values.str.slice(5, 8).cast(pl.UInt64)
        drawn = numbers(self._key, code, 2 * 100 * 12 * 10**8)
        order, month, year = drawn % 10**8, drawn // 10**8 % 12, drawn // (12 * 10**8)
        image = (year // 100 + 1).cast(pl.String) + digits(year % 100, 2) + digits(month + 1, 2) + digits(order, 8)
        expected, wanted = (97 - text.cast(pl.Int64) % 97 for text in (values.str.head(13), image))
        check = checkdigits.moved(values.str.slice(13).cast(pl.Int64), expected, wanted, 100)
        return image + digits(check, 2)

    def _ssn(self, values: pl.Series) -> pl.Series:
        drawn = self.digests.hexadecimal(values.str.replace_all("-", ""))
        parts = [(100, 900, 3), (49, 1, 2), (9999, 1, 4)]
        area, group, serial = (
            digits(number(drawn, slot, below) + first, width) for slot, (below, first, width) in enumerate(parts)
        )
        dashed = area + "-" + group + "-" + serial
        return dashed.zip_with(values.str.contains("-", literal=True), area + group + serial)

    def chance(self, values: pl.Series) -> pl.Series | None:
        """Nobody can say. What has another form is permuted, and some of it stays."""
        return None

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether chance may have made it; of a codice fiscale there are 10**17, and it may not."""
        return too_short(values) & ~values.str.contains(_CODICE)
