"""What every mask promises, whatever the values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anonymizer import maskers
from anonymizer.errors import PolicyError
from anonymizer.keys import Key
from anonymizer.maskers import DROP_ROWS, KEEP, NAMES, Masker

OTHER_KEY = Key(b"another key, just as long as that")

anything = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=40)
integers = st.integers(-(2**31), 2**31 - 1).map(str)
decimals = st.decimals(-(10**8), 10**8, places=2, allow_nan=False).map(lambda d: f"{d:.2f}")
stamps = st.one_of(
    st.datetimes().map(lambda t: t.isoformat(" ") + "+00"),
    st.dates().map(str),
    st.sampled_from(["infinity", "-infinity", "0044-03-15 BC", "12024-01-31 10:00:00+00", "9999-12-31"]),
)
documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(st.characters(codec="utf-8", exclude_characters="\0"))),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=8,
)


def _json() -> st.SearchStrategy[str]:
    import json

    return documents.map(lambda value: json.dumps(value, ensure_ascii=False))


def _hstore(text: str) -> str:
    return '"k"=>"' + text.replace("\\", "\\\\").replace('"', '\\"') + '", "n"=>NULL'


def _composite(text: str) -> str:
    return '("' + text.replace("\\", "\\\\").replace('"', '""') + '",,7)'


def _tsvector(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "':1A,3"


@dataclass(frozen=True)
class Case:
    """A mask in a column: what the column holds, and what of the mask's promises needs saying."""

    name: str
    values: st.SearchStrategy[str] = anything
    options: dict[str, Any] = field(default_factory=dict)
    setting: dict[str, Any] = field(default_factory=dict)
    keyed: bool = True


NUMBER = {"kind": "number", "base": "numeric", "precision": 12, "scale": 2}
INT = {"kind": "number", "base": "int4"}
TIME = {"kind": "time", "base": "timestamptz"}

CASES = [
    Case("null", keyed=False),
    Case("constant", options={"value": "x"}, keyed=False),
    *(
        Case(name)
        for name in ["email", "user_name", "first_name", "last_name", "name", "address", "street", "city", "postcode"]
    ),
    *(
        Case(name)
        for name in [
            "country",
            "company",
            "job",
            "url",
            "user_agent",
            "phone",
            "ip",
            "mac",
            "uuid",
            "national_id",
            "iban",
            "card",
            "fpe",
        ]
    ),
    Case("ip", st.ip_addresses().map(str), {"prefix": True}, {"kind": "inet"}),
    Case("mac", setting={"kind": "macaddr"}, values=st.binary(min_size=6, max_size=6).map(lambda b: b.hex(":"))),
    Case("uuid", st.uuids().map(str), setting={"kind": "uuid"}),
    Case("fpe", integers, setting=INT),
    Case("fpe", decimals, setting=NUMBER),
    Case("password", keyed=False),
    Case("token", options={"prefix": ["sk_live_", "sk_"]}),
    *(Case("date_shift", stamps, {"subject": "id"}, s) for s in (TIME, {})),
    *(Case("date_trunc", stamps, {"unit": unit}, TIME, keyed=False) for unit in ("year", "week", "hour", "minute")),
    *(Case("birth_date", stamps, {}, s) for s in (TIME, {})),
    *(Case("noise", v, {"percent": 10, "min": -1e9}, s) for v, s in ((integers, INT), (decimals, NUMBER))),
    Case("bucket", integers, {"size": 50}, INT, keyed=False),
    Case("bucket", decimals, {"edges": [0, 18, 30, 65]}, NUMBER, keyed=False),
    *(Case("rank", v, {}, s) for v, s in ((integers, INT), (decimals, NUMBER))),
    Case("geo", decimals, setting=NUMBER),
    Case("geo"),
    Case("geo", st.tuples(st.floats(-90, 90), st.floats(-90, 90)).map(str), setting={"kind": "point"}),
    Case("text"),
    Case("redact", options={"words": ["Acme", "c++"]}, keyed=False),
    Case("entity", options={"columns": ["id"]}, keyed=False),
    Case("entity", options={"columns": ["id"], "others": "text"}),
    Case("json", _json(), {"keys": {"a": "email"}, "others": "text"}, {"kind": "json"}),
    Case("json", anything, {"others": "text"}),
    Case(
        "composite",
        anything.map(_composite),
        {"fields": {"street": "street"}, "others": "text"},
        {"kind": "composite", "fields": ("street", "zip", "n")},
    ),
    Case("hstore", anything.map(_hstore), {"keys": {"k": "text"}, "others": "text"}, {"kind": "hstore"}),
    Case("tsvector", anything.map(_tsvector), setting={"kind": "tsvector"}),
    Case("bytea", st.binary(max_size=40).map(lambda b: "\\x" + b.hex()), setting={"kind": "bytea"}),
    Case("xml", anything.map(lambda t: f"<a b='1'>{t.replace('<', '')}</a>"), {"others": "text"}, {"kind": "xml"}),
    Case("xml", anything, {"others": "text"}),
    Case("generalize", options={"keep": 2}, keyed=False),
    Case("generalize", options={"map": {"Rome": "Lazio"}}, keyed=False),
    Case("generalize", integers, {"step": 10}, keyed=False),
    Case("generalize", stamps, {"unit": "month"}, TIME, keyed=False),
    Case("faker", options={"provider": "color_name"}),
]
CUT = [case for case in CASES if not case.setting and case.name not in ("json", "xml")]
"""What may stand in varchar(n): a document that is cut is none."""
IDS = [f"{n}-{case.name}" for n, case in enumerate(CASES)]

relaxed = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _apply(masker: Masker, values: list[str | None]) -> list[str | None]:
    return maskers.apply(masker, pl.Series("x", values, dtype=pl.String)).to_list()


def test_every_mask_is_here() -> None:
    """No mask escapes these tests, but `python`, whose own are elsewhere."""
    assert {case.name for case in CASES} | {"python", KEEP, DROP_ROWS} == set(NAMES)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_it_obeys(case: Case, masker: Callable[..., Masker]) -> None:
    """Any values: as many come out, NULL stays NULL, nothing fails, and each depends on itself alone."""
    ready = masker(case.name, case.options, **case.setting)

    @relaxed
    @given(st.lists(case.values, min_size=1, max_size=6))
    def obeys(values: list[str]) -> None:
        together = _apply(ready, [*values, None])
        assert together[-1] is None
        assert together[:-1] == [_apply(ready, [value])[0] for value in values]
        again = masker(case.name, case.options, **case.setting)
        assert _apply(again, values) == together[:-1]
        assert all("\0" not in value for value in together if value)

    obeys()


@pytest.mark.parametrize("case", CUT, ids=lambda case: case.name)
@pytest.mark.parametrize("limit", [1, 20])
def test_it_fits(case: Case, limit: int, masker: Callable[..., Masker]) -> None:
    """In varchar(n) a text of at most n characters becomes one of at most n, with `unique = true` too."""
    masks = [masker(case.name, case.options, max_length=limit)]
    if case.name != "null":
        masks.append(masker(case.name, {**case.options, "unique": True}, max_length=limit))

    @relaxed
    @given(case.values.map(lambda value: value[:limit]))
    def fits(value: str) -> None:
        for ready in masks:
            (out,) = _apply(ready, [value])
            assert out is None or len(out) <= limit

    fits()


@pytest.mark.parametrize("case", [case for case in CASES if case.setting.get("kind", "text") == "text"], ids=str)
def test_the_empty_string_stays(case: Case, masker: Callable[..., Masker]) -> None:
    """It tells nothing about anybody; only a constant and NULL replace it."""
    (out,) = _apply(masker(case.name, case.options, **case.setting), [""])
    assert out == {"null": None, "constant": "x"}.get(case.name, "")


_LONG = ["Maria Rossi 12345678", "1985-07-14 10:00:00+00", "maria.rossi@acme.it", "45.0703, 7.6869"]


@pytest.mark.parametrize("name", ["json", "xml", "hstore", "composite"])
def test_what_has_parts_has_no_domain_of_its_own(name: str) -> None:
    """The masks inside have theirs; one that did nothing would be a promise that is not kept."""
    with pytest.raises(PolicyError, match="has no option 'domain'"):
        maskers.check(maskers.Mask(name, {"domain": "x", "others": "text"}), "it_IT")


@pytest.mark.parametrize("case", [case for case in CASES if case.keyed and not case.setting], ids=lambda c: c.name)
def test_the_key_and_the_domain_matter(case: Case, masker: Callable[..., Masker]) -> None:
    """Another key, or another join domain, and the same values come out differently."""
    values: list[str | None] = [*_LONG, "8a6e0804-2bd0-4672-b79d-d97027f9071a"]
    ours = _apply(masker(case.name, case.options), values)
    assert ours != _apply(masker(case.name, case.options, key=OTHER_KEY), values)
    if not maskers.find(case.name).parted:  # what is inside has join domains of its own
        assert ours != _apply(masker(case.name, {**case.options, "domain": "elsewhere"}), values)
