"""`phone`: a number that rings nowhere."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers.base import Mask, Masker, Setting, digits, number

PREFIX = "+999"
"""A country code that the ITU has never assigned: whatever dials it, no stranger's telephone rings."""

_AREAS = (
    *("201", "202", "203", "205", "206", "207", "208", "209", "210", "212", "213", "214", "215", "216", "217", "218"),
    *("301", "302", "303", "304", "305", "307", "308", "309", "310", "312", "313", "314", "315", "316", "317", "318"),
    *("401", "402", "404", "405", "406", "407", "408", "410", "412", "413", "414", "415", "417", "419", "501", "502"),
    *("503", "504", "505", "507", "508", "509", "510", "512", "513", "515", "516", "517", "518", "601", "602", "603"),
)
# What each regulator keeps for films and books; `#` is any digit. International form, then national.
RANGES: Mapping[str, tuple[tuple[str, str], ...]] = {
    # NANPA: 555-0100 to 555-0199 in every area code
    "en_US": tuple((f"+1 {area}-555-01##", f"({area}) 555-01##") for area in _AREAS),
    # Ofcom, "Telephone numbers for use in TV and radio drama programmes"
    "en_GB": tuple(
        (f"+44 {text}", f"0{text}")
        for text in (
            # those of 115, 1632 and 7700 no validator takes
            *("113 496 0###", "114 496 0###", "116 496 0###", "117 496 0###", "118 496 0###"),
            *("121 496 0###", "131 496 0###", "141 496 0###", "151 496 0###", "161 496 0###", "20 7946 0###"),
        )
    ),
    # ARCEP, the French regulator: one range for each zone; that of mobiles no validator takes
    "fr_FR": tuple(
        (f"+33 {text} ## ##", f"0{text} ## ##") for text in ("1 99 00", "2 61 91", "3 53 01", "4 65 71", "5 36 49")
    ),
    # Bundesnetzagentur, "Drama numbers"
    "de_DE": tuple(
        (f"+49 {text}", f"0{text}")
        for text in ("30 23125###", "69 90009###", "40 66969###", "221 4710###", "89 99998###")
    ),
    # ACMA: numbers for use in radio, film and television
    "en_AU": tuple((f"+61 {zone} 5550 ####", f"(0{zone}) 5550 ####") for zone in "2378"),
}


class Phone(Masker):
    """A number that the locale's regulator keeps for fiction: valid, and never given to anybody.

    en_US, en_GB, fr_FR, de_DE and en_AU have such ranges; elsewhere, and with `range = "unassigned"`, it is
    `+999 ddd ddd dddd`, of a country code that nobody has. `range = "valid"` takes a mobile number that any validator
    of the locale's country accepts, and that somebody may have. `format` is `international` (the default) or
    `national`.
    The input's own shape is not kept: whether a number is written with brackets or dashes tells who typed it in.
    """

    name = "phone"
    searched = "always"
    options: ClassVar[Mapping[str, type]] = {"range": str, "format": str}

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Picks the ranges."""
        super().__init__(mask, setting)
        national = mask.options.get("format") == "national"
        unassigned = f"{PREFIX} ### ### ####"
        wanted = mask.options.get("range", "fiction")
        ranges = {"fiction": RANGES.get(setting.locale), "valid": _valid(setting.locale)}.get(wanted)
        templates = [pair[national] for pair in ranges or ((unassigned, unassigned),)]
        self._width = max(template.count("#") for template in templates)
        self._templates = pl.Series([self._fitting(template) for template in templates])
        self._kept, self._starts, self._lengths = _runs(self._templates.to_list())
        self.outputs = len(templates) * 10 ** min(template.count("#") for template in self._templates)

    def _fitting(self, template: str) -> str:
        """Without its spaces and dashes where the column is short."""
        limit = self.setting.max_length
        if limit is None or len(template) <= limit:
            return template
        return "".join(character for character in template if character in "+#" or character.isdigit())[:limit]

    def mask(self, values: pl.Series) -> pl.Series:
        """A number for each value."""
        digests = self.digests.hexadecimal(values)
        which = number(digests, 0, len(self._templates))
        text = digits(number(digests, 1, 10**self._width), self._width)
        out = self._kept[0].gather(which)
        for kept, start, length in zip(self._kept[1:], self._starts, self._lengths, strict=True):
            frame = pl.DataFrame({"text": text, "start": start.gather(which), "length": length.gather(which)})
            drawn = frame.select(pl.col("text").str.slice("start", "length")).to_series()
            out = out + drawn + kept.gather(which)
        return out

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is of one of the ranges."""
        patterns = [_pattern(template) for template in self._templates]
        return values.str.contains(f"^(?:{'|'.join(patterns)})$")

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and the options are of those above."""
        super().check(mask, locale)
        if mask.options.get("range", "fiction") not in ("fiction", "unassigned", "valid"):
            raise PolicyError("the option 'range' of the mask phone must be fiction, unassigned or valid")
        if mask.options.get("range") == "valid" and not _valid(locale):
            raise PolicyError(f"no country's numbers are known for the locale {locale}")
        if mask.options.get("format", "international") not in ("international", "national"):
            raise PolicyError("the option 'format' of the mask phone must be international or national")


@functools.cache
def _valid(locale: str) -> tuple[tuple[str, str], ...]:
    """The mobile numbers of a country whose last digits may be any, international and national; empty if unknown."""
    import phonenumbers  # late: its metadata is large, and few masks need it

    region = locale.partition("_")[2]
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        return ()
    forms = phonenumbers.PhoneNumberFormat
    texts = [phonenumbers.format_number(example, form) for form in (forms.INTERNATIONAL, forms.NATIONAL)]
    for free in (6, 5, 4):
        international, national = (re.sub(rf"\d(?=(?:\D*\d){{0,{free - 1}}}\D*$)", "#", text) for text in texts)
        filled = (phonenumbers.parse(international.replace("#", digit)) for digit in "0123456789")
        if all(map(phonenumbers.is_valid_number, filled)):
            return ((international, national),)
    return ()


def _runs(templates: list[str]) -> tuple[list[pl.Series], list[pl.Series], list[pl.Series]]:
    """What templates keep before, between and behind their free digits; of each run of those its start and length.

    Of a template with fewer runs than another the last ones are empty.
    """
    parts = [re.split("(#+)", template) for template in templates]
    most = max(map(len, parts))
    parts = [part + [""] * (most - len(part)) for part in parts]
    lengths = [[len(run) for run in part[1::2]] for part in parts]
    starts = [list(itertools.accumulate(some, initial=0))[:-1] for some in lengths]
    return (
        [pl.Series(kept, dtype=pl.String) for kept in zip(*(part[0::2] for part in parts), strict=True)],
        [pl.Series(start, dtype=pl.Int64) for start in zip(*starts, strict=True)],
        [pl.Series(length, dtype=pl.Int64) for length in zip(*lengths, strict=True)],
    )


def _pattern(template: str) -> str:
    escaped = "".join("\\" + character if character in "+()" else character for character in template)
    return escaped.replace("#", "[0-9]")
