"""The mask `redact`."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl
import pytest

from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["Write to maria@acme.it or call +39 06 1234567 about project falcon."]
    expected = ["Write to [email] or call [number] about [redacted]."]
    assert masked("redact", values, {"words": ["Project Falcon"]}) == expected


@pytest.mark.parametrize(
    "personal",
    [
        "maria.rossi+news@acme.co.uk",
        "+39 06 1234567",
        "(202) 555-0143",
        "4111 1111 1111 1111",
        "IT60 X054 2811 1010 0000 0123 456",
        "RSSMRA85T10A562S",
        "192.168.17.4",
        "2a01:4f8:0:1::2",
        "https://acme.it/u/7?token=x",
        "8a6e0804-2bd0-4672-b79d-d97027f9071a",
    ],
)
def test_it_finds(masked: Masked, personal: str) -> None:
    """Nothing of it is left, and the words around it are."""
    (out,) = masked("redact", [f"Please note {personal} and go on."])
    assert re.fullmatch(r"Please note (\[\w+\])+ and go on\.", str(out))


def test_words_of_ones_own(masked: Masked) -> None:
    """In any case, as whole words, with what a pattern would mean taken literally."""
    out = masked("redact", ["ACME and acmeology; a.b and axb"], {"words": ["Acme", "a.b"]})
    assert out == ["[redacted] and acmeology; [redacted] and axb"]


def test_what_is_clean_may_stay(masker: Made) -> None:
    """Verification lets a text survive in which nothing looks personal, and no other."""
    ours = masker("redact").could_be_ours(pl.Series(["see you at ten", "write to a@b.it"]))
    assert ours.to_list() == [True, False]
