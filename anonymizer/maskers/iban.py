"""`iban`: another account of the same country, with valid check digits, and no two ever meet."""

from __future__ import annotations

import polars as pl

from anonymizer.maskers import checkdigits, promises
from anonymizer.maskers.base import Mask, Masker, Setting
from anonymizer.maskers.promises import Promise
from anonymizer.maskers.shapes import Shapes
from anonymizer.maskers.text import too_short

_IBAN = r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$"
_ITALIAN = r"^(IT|SM)[0-9]{2}[A-Z][0-9]{10}[A-Z0-9]{12}$"
_SPANISH = r"^ES[0-9]{22}$"
_WEIGHTS = (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)


class Iban(Masker):
    """The country stays; digits of the account become digits, letters letters, by a keyed bijection.

    The two check digits of ISO 13616 are reckoned anew, and so are Italy's and San Marino's CIN and Spain's two control
    digits: a valid account becomes a valid one, an invalid one stays as wrong as it was. Groups of four stay groups.
    What is no IBAN is permuted as `fpe` does. Bank and branch come out as numbers that are hardly any bank's.
    """

    name = "iban"
    searched = "always"
    injective = True

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Derives the bijection's key."""
        super().__init__(mask, setting)
        self._shapes = Shapes(self.subkey("iban"), codec=setting.codec)

    def mask(self, values: pl.Series) -> pl.Series:
        """The image of each account."""
        bare = values.str.replace_all(r"[ -]", "")
        fits = bare.str.contains(_IBAN)
        out = values.clone()
        if len(at := (~fits).arg_true()):
            out = out.scatter(at, self._apart(out.gather(at)))
        if len(at := fits.arg_true()):
            images = self._images(bare.gather(at))
            out = out.scatter(at, _spaced(values.gather(at), images))
        return out

    def _apart(self, values: pl.Series) -> pl.Series:
        """What is no IBAN, walked on until it is none again: the two kinds must not meet."""
        out = self._shapes.permute(values)
        while len(at := out.str.replace_all(r"[ -]", "").str.contains(_IBAN).arg_true()):
            out = out.scatter(at, self._shapes.permute(out.gather(at)))
        return out

    def _images(self, values: pl.Series) -> pl.Series:
        country, check, account = values.str.slice(0, 2), values.str.slice(2, 2), values.str.slice(4)
        italian, spanish = values.str.contains(_ITALIAN), values.str.contains(_SPANISH)
        image = account.clone()  # scatter works in place
        for where, images in (
            (italian, self._italian),
            (spanish, self._spanish),
            (~(italian | spanish), self._shapes.permute),
        ):
            if len(at := where.arg_true()):
                image = image.scatter(at, images(account.gather(at)))
        digits = checkdigits.moved(check.cast(pl.Int64), _check(country, account), _check(country, image), 100)
        return country + digits.cast(pl.String).str.zfill(2) + image

    def _italian(self, accounts: pl.Series) -> pl.Series:
        cin, rest = checkdigits.place(accounts.str.slice(0, 1)), accounts.str.slice(1)
        image = self._shapes.permute(rest)
        expected, wanted = checkdigits.italian(rest, 22), checkdigits.italian(image, 22)
        return checkdigits.letter(checkdigits.moved(cin, expected, wanted, 26)) + image

    def _spanish(self, accounts: pl.Series) -> pl.Series:
        payload = accounts.str.slice(0, 8) + accounts.str.slice(10)
        image = self._shapes.permute(payload)
        checks = []
        for place, (start, length) in enumerate(((0, 8), (8, 10))):
            check = accounts.str.slice(8 + place, 1).cast(pl.Int64)
            expected, wanted = _spanish(payload.str.slice(start, length)), _spanish(image.str.slice(start, length))
            checks.append(checkdigits.moved(check, expected, wanted, 10).cast(pl.String))
        return image.str.slice(0, 8) + checks[0] + checks[1] + image.str.slice(8)

    def promises(self) -> tuple[Promise, ...]:
        """The length and the country."""
        bare = "translate({}, ' -', '')"
        country = f"CASE WHEN {bare} ~ '^[A-Z]{{2}}[0-9]{{2}}[A-Z0-9]{{11,30}}$' THEN left({bare}, 2) END"
        return promises.LENGTH, promises.alike("country", "the country", country)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is so short that chance may have made it."""
        return too_short(values)


def _check(country: pl.Series, account: pl.Series) -> pl.Series:
    return 98 - checkdigits.remainder(checkdigits.as_digits(account + country + "00"), 97)


def _spanish(digits: pl.Series) -> pl.Series:
    padded = digits.str.zfill(10)
    total = pl.repeat(0, len(digits), dtype=pl.Int64, eager=True)
    for place, weight in enumerate(_WEIGHTS):
        total = total + padded.str.slice(place, 1).cast(pl.Int64) * weight
    check = 11 - total % 11
    return check.replace({10: 1, 11: 0})


def _spaced(originals: pl.Series, images: pl.Series) -> pl.Series:
    if not originals.str.contains(r"[ -]").any():
        return images
    out = []
    for original, image in zip(originals.to_list(), images.to_list(), strict=True):
        characters = iter(image)
        out.append("".join(c if c in " -" else next(characters) for c in original))
    return pl.Series(out, dtype=pl.String)
