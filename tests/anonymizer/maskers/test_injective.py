"""Every mask that says it never repeats itself: small domains are gone through, of large ones neighbours are taken.

Such a mask may stand on a unique column, so an index over ten million rows builds by how the mask is made. Each case
says where it holds; a mask that claims it and has no case here fails the first test.
"""

from __future__ import annotations

import itertools
import string
from collections.abc import Callable, Iterable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizer import maskers
from anonymizer.maskers import DROP_ROWS, KEEP, NAMES, Mask, Masker, Setting

Made = Callable[..., Masker]

LARGE = 20_000
IT, TEXT = {"locale": "it_IT"}, {}
INT4 = {"kind": "number", "base": "int4"}
NUMERIC = {"kind": "number", "base": "numeric", "precision": 12, "scale": 2}


def pairs(alphabet: str, width: int = 2) -> Iterable[str]:
    return map("".join, itertools.product(alphabet, repeat=width))


def numbered(form: str) -> Iterable[str]:
    return (form.format(n) for n in range(LARGE))


DAYS = [f"{year}-{month:02}-{day:02}" for year in range(1990, 2026) for month in range(1, 13) for day in range(1, 29)]
WHOLE: list[tuple[str, dict[str, Any], dict[str, Any], Iterable[str]]] = [
    ("fpe", {}, TEXT, pairs(string.ascii_letters + string.digits + "-", 3)),
    ("fpe", {}, INT4, (str(n) for n in range(-LARGE, LARGE))),
    ("fpe", {}, INT4, (str(2**31 - 1 - n) for n in range(LARGE))),
    ("fpe", {}, NUMERIC, (f"{n / 100:.2f}" for n in range(-LARGE // 2, LARGE // 2))),
    ("fpe", {}, {"kind": "time", "base": "date"}, DAYS),
    ("fpe", {}, {"kind": "time", "base": "timestamptz"}, (f"{day} 10:00:0{n}.5+00" for day in DAYS for n in range(4))),
    ("fpe", {"min": 3, "max": 4000}, INT4, (str(n) for n in range(-9999, 10000))),
    ("token", {}, TEXT, pairs(string.digits + "abcdefghABCX", 3)),
    ("token", {}, TEXT, numbered("{:032x}")),
    ("token", {"prefix": ["sk_"]}, TEXT, itertools.chain(numbered("sk_{:x}"), numbered("{:x}"), numbered("sk{:x}"))),
    ("card", {}, TEXT, itertools.chain(numbered("4{:014}"), numbered("4{:011}"), numbered("{}"))),
    (
        "iban",
        {},
        TEXT,
        itertools.chain(numbered("IT60X{:022}"), numbered("DE89{:018}"), numbered("ES{:022}"), numbered("IT{}")),
    ),
    (
        "national_id",
        {},
        IT,
        itertools.chain(numbered("{:08}T"), numbered("1850712{:08}"), numbered("{0}-{0}")),
    ),
    (
        "national_id",
        {},
        IT,
        (
            f"RSSMRA85{m}{d:02}H{n:03}Z"
            for m in "ABCDEHLMPRST"
            for d in (*range(1, 29), *range(41, 69))
            for n in range(0, 1000, 13)
        ),
    ),
    ("national_id", {}, IT, (f"{n // 100:03}-45-{n % 10_000:04}" for n in range(LARGE))),
    ("uuid", {}, {"kind": "uuid"}, numbered("00000000-0000-4000-8000-{:012x}")),
    (
        "uuid",
        {},
        TEXT,
        itertools.chain(numbered("00000000-0000-4000-8000-{:012x}"), numbered("{:032X}"), numbered("{}")),
    ),
    (
        "mac",
        {},
        {"kind": "macaddr"},
        (f"00:1b:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}:07" for n in range(LARGE)),
    ),
    ("ip", {"prefix": True}, {"kind": "inet"}, (f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(LARGE))),
    ("ip", {"prefix": True}, {"kind": "inet"}, (f"2001:db8::{n:x}" for n in range(LARGE // 4))),
    ("email", {}, TEXT, numbered("person{}@corp.test")),
    ("email", {}, {"max_length": 36}, numbered("person{}@corp.test")),
    ("user_name", {}, {"max_length": 25}, numbered("person{}")),
    ("name", {"unique": True}, {"max_length": 25}, numbered("person{}")),
    ("null", {}, TEXT, []),
    ("python", {"function": "builtins:repr", "injective": True}, TEXT, []),
]
"""A mask, its options, where it stands, and different values: all of a small domain, or neighbours in a large one."""

ANY_TEXT = st.text("0123456789abcdefABCDEFXYZIT -", min_size=1, max_size=30)
FORMS = [
    r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}",
    r"(IT|SM)\d{2}[A-Z]\d{10}[A-Z0-9]{12}",
    r"ES\d{22}",
    r"[A-Z]{6}\d{2}[ABCDEHLMPRST]\d{2}[A-Z]\d{3}[A-Z]",
    r"(\d{8}|[XYZ]\d{7})[A-Z]",
    r"[12]\d{2}(0[1-9]|1[0-2])\d{10}",
    r"\d{12,19}",
    r"\d{4}( \d{4}){3}",
    r"[0-9a-f]{1,12}",
    r"[0-9A-F]{1,12}",
    r"[0-9a-f]{32}",
    r"sk_[0-9a-f]{1,8}",
]


def test_every_claim_has_a_case() -> None:
    """No mask says that it never repeats itself and escapes these tests."""
    kinds = ("text", "number", "time", "uuid", "macaddr", "inet", "enum", "boolean", "json", "bytea", "point", "other")
    bases = {"number": "int4", "time": "date"}
    required: dict[str, dict[str, Any]] = {
        "python": {"function": "builtins:repr", "injective": True},
        "constant": {"value": 1},
        "date_shift": {"subject": "id"},
        "date_trunc": {"unit": "day"},
        "noise": {"amount": 1},
        "bucket": {"size": 1},
        "generalize": {"keep": 1},
        "entity": {"columns": ["a"]},
        "json": {"others": "keep"},
        "composite": {"fields": {}, "others": "keep"},
        "hstore": {"others": "keep"},
        "xml": {"others": "keep"},
        "faker": {"provider": "name"},
    }
    from anonymizer.keys import Key

    claimed = set()
    for name, kind in itertools.product(set(NAMES) - {KEEP, DROP_ROWS}, kinds):
        if kind in maskers.find(name).kinds:
            setting = Setting(Key(bytes(32)), "it_IT", kind=kind, base=bases.get(kind, ""))
            masker = maskers.build(Mask(name, required.get(name, {})), setting)
            if masker is not None and maskers.never_repeats(masker):
                claimed.add(name)
    assert claimed <= {name for name, *_ in WHOLE}


@pytest.mark.parametrize("case", range(len(WHOLE)), ids=lambda n: f"{n}-{WHOLE[n][0]}")
def test_no_two_meet(case: int, masker: Made) -> None:
    """As many images as there are values; under lower() too, where the mask says so."""
    name, options, setting, values = WHOLE[case]
    ready = masker(name, options, **setting)
    distinct = pl.Series("x", list(dict.fromkeys(values)), dtype=pl.String)
    if not len(distinct):
        return
    assert maskers.never_repeats(ready)
    out = maskers.apply(ready, distinct)
    assert out.n_unique() == len(distinct)
    if ready.folds:
        folded = distinct.to_frame().with_columns(low=pl.col("x").str.to_lowercase()).unique("low", maintain_order=True)
        assert maskers.apply(ready, folded["x"]).str.to_lowercase().n_unique() == len(folded)


@pytest.mark.parametrize("name", ["fpe", "token", "card", "iban", "national_id", "uuid"])
def test_forms_of_every_kind_do_not_meet(name: str, masker: Made) -> None:
    """A mask that knows several forms maps each onto itself: what looks like one is not what another becomes."""
    ready = masker(name)

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.one_of(ANY_TEXT, *(st.from_regex(form, fullmatch=True) for form in FORMS)), unique=True))
    def apart(values: list[str]) -> None:
        out = maskers.apply(ready, pl.Series("x", values, dtype=pl.String))
        assert out.n_unique() == len(values)

    apart()


@pytest.mark.parametrize("name", ["fpe", "token", "card", "iban", "national_id", "uuid", "email", "user_name", "text"])
def test_domains_cannot_be_linked(name: str, masker: Made) -> None:
    """Of two thousand values none comes out alike in two join domains, and no place does more often than by chance."""
    values = pl.Series("x", [f"{n:06}{n * 7919 % 10**9:09}abcdef" for n in range(2000)])
    ours, theirs = (maskers.apply(masker(name, {"domain": domain}), values).to_list() for domain in ("a", "b"))
    assert not set(ours) & set(theirs)
    alike = sum(a == b and a.isalnum() for x, y in zip(ours, theirs, strict=True) for a, b in zip(x, y, strict=False))
    fixed = {"email": 0.4, "user_name": 0.4}.get(name, 0.15)
    assert alike < fixed * sum(map(len, ours))
