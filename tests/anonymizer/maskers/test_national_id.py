"""The mask `national_id`."""

from __future__ import annotations

import re
from collections.abc import Callable

from stdnum.es import dni
from stdnum.fr import nir
from stdnum.it import codicefiscale

from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["RSSMRA85T10A562S", "12345678Z", "255081416802538", "123-45-6789"]
    expected = ["CEICSZ24B26O362V", "18520607H", "174109758527893", "290-24-1499"]
    assert masked("national_id", values) == expected


def test_check_digits_are_valid(masked: Masked) -> None:
    """python-stdnum, an independent judge, takes every one."""
    people = [f"RSSMRA{n:02d}T10A562" for n in range(50)]
    valid = [text + codicefiscale.calc_check_digit(text) for text in people]
    for text in masked("national_id", valid):
        codicefiscale.validate(str(text))
    for text in masked("national_id", [f"{n:08d}" + dni.calc_check_digit(f"{n:08d}") for n in range(50)]):
        dni.validate(str(text))
    numbers = [f"25508141680{n:02d}" for n in range(50)]
    for text in masked("national_id", [number + nir.calc_check_digits(number) for number in numbers]):
        nir.validate(str(text))


def test_a_wrong_check_stays_as_wrong(masked: Masked) -> None:
    """So the whole is a bijection: all 23 letters behind one number give 23 different ones."""
    out = masked("national_id", ["12345678" + letter for letter in "TRWAGMYFPDXBNJZSQVHLCKE"])
    assert len(set(out)) == 23
    assert len({str(text)[:8] for text in out}) == 1


def test_an_american_number_is_nobodys(masked: Masked, masker: Made) -> None:
    """Areas from 900, groups below 50: never given to anybody. They repeat, and in en_US the mask says so."""
    for text in masked("national_id", [f"{n:03d}-45-6789" for n in range(100, 300)], locale="en_US"):
        assert re.fullmatch(r"9\d\d-[0-4]\d-\d{4}", str(text))
    assert masked("national_id", ["123456789"], locale="en_US") == ["911150912"]
    assert masker("national_id", locale="en_US").spread("ssn") == {1: 48_995_100}
    assert masker("national_id").injective
