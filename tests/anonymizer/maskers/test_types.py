"""Every mask in every type it suits, at the edges of both: what it makes the server takes and shows as it was made.

The values go the clone's own way: written by the server, parsed, masked as the plan of a real column says, and loaded
by COPY. UNDERSTUDY_TEST_EXAMPLES says how many times each type is tried with
other values.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from anonymizer import catalog, copytext, maskers, plan
from anonymizer.catalog import Column
from anonymizer.endpoint import source, target
from anonymizer.keys import Key
from anonymizer.maskers import DROP_ROWS, KEEP, NAMES, Mask, Masker, Row
from anonymizer.pipeline import build
from anonymizer.workers import Context

EXAMPLES = int(os.environ.get("UNDERSTUDY_TEST_EXAMPLES", "1"))
KEY = Key(b"an example key of 32 bytes or so")

TEXTS = [
    "Maria Rossi",
    "maria.rossi@acme.it",
    "ROSSI",
    "a",
    "Z",
    "7",
    "",
    " ",
    "  x  ",
    "+39 06 1234567",
    "IT60X0542811101000000123456",
    "RSSMRA85T10A562S",
    "4111 1111 1111 1111",
    "123-45-6789",
    "8a6e0804-2bd0-4672-b79d-d97027f9071a",
    "192.168.17.4",
    "00:1b:63:84:45:e6",
    "https://u:p@acme.it:8080/a?b=c#d",
    "2000-02-29",
    "1985-07-14 10:00:00+00",
    "infinity",
    "45.07, 7.68",
    '{"a": [1, "b"], "c": null}',
    "<a b='1'>x</a>",
    "\\N",
    "\\.",
    "tab\tnew\nline\r\\",
    "e\u0301e\u0301",
    "\u1e9e\u00df\u0130\u0131",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U00010400\U00010428",
    "\u6f22\u5b57",
    "\u0663\u0664",
    "\u202e\u200b",
    "\ufffd\uffff",
    "x" * 3000,
]
characters = st.characters(exclude_characters="\0", exclude_categories=("Cs",))
texts = st.one_of(st.sampled_from(TEXTS), st.text(characters, max_size=50))
lowercase = st.text("0123456789abcdef", max_size=8)


def drawn(*edges: str) -> st.SearchStrategy[str]:
    return st.sampled_from(edges)


def whole(bits: int) -> st.SearchStrategy[str]:
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return st.one_of(st.sampled_from([least, most, 0, -1, 9, 10]), st.integers(least, most)).map(str)


def decimals(digits: int, places: int) -> st.SearchStrategy[str]:
    return st.integers(-(10**digits) + 1, 10**digits - 1).map(lambda n: f"{n}e{-places}")


moments = st.one_of(
    st.datetimes().map(lambda t: t.isoformat(" ")),
    drawn("infinity", "-infinity", "0044-03-15 12:00:00 BC", "4713-01-01 00:00:00 BC", "294276-12-31 23:59:59.999999"),
)
TYPES: dict[str, st.SearchStrategy[str]] = {
    "text": texts,
    "varchar(1)": texts,
    "varchar(3)": texts,
    "varchar(36)": texts,
    "char(1)": texts,
    "char(3)": texts,
    "char(30)": texts,
    "name": texts,
    "lines": texts,
    "smallint": whole(16),
    "int": whole(32),
    "bigint": whole(64),
    "numeric": st.one_of(
        decimals(9, 2), decimals(40, 30), drawn("NaN", "Infinity", "-Infinity", "1e1000", "-1e-1000", "1.500", "0")
    ),
    "numeric(5, 2)": st.one_of(decimals(5, 2), drawn("NaN", "-999.99", "0.00", "-0.01")),
    "numeric(3, 5)": decimals(3, 5),
    "numeric(5, -2)": decimals(5, -2),
    "numeric(40, 20)": decimals(40, 20),
    "positive": st.integers(0, 2**31 - 1).map(str),
    "real": st.one_of(st.floats(width=32).map(str), drawn("-0", "1e-45")),
    "float8": st.one_of(st.floats().map(str), drawn("-0", "5e-324", "1.7976931348623157e308")),
    "money": drawn("-92233720368547758.08", "1.23"),
    "oid": drawn("0", "4294967295"),
    "date": st.one_of(
        st.dates().map(str), drawn("infinity", "-infinity", "4713-01-01 BC", "5874897-12-31", "0001-01-01")
    ),
    "timestamp": moments,
    "timestamptz": moments,
    "timestamp(0)": moments.map(lambda text: text.partition(".")[0]),
    "time": st.one_of(st.times().map(str), drawn("24:00:00", "00:00:00.000001")),
    "timetz": drawn("24:00:00-15:59", "00:00:00+15:59"),
    "interval": drawn("-178000000 years", "1 mon -1 days 00:00:00.000001", "-1 years 3 mons", "00:00:00"),
    "boolean": drawn("t", "f"),
    "mood": drawn("sad", "ok", "so 'so', \"x\""),
    "uuid": st.uuids().map(str),
    "inet": drawn(
        "10.1.2.3/8", "::1/128", "192.168.0.1", "0.0.0.0/0", "fe80::1%0".partition("%")[0], "255.255.255.255"
    ),
    "cidr": drawn("10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0"),
    "macaddr": st.binary(min_size=6, max_size=6).map(lambda b: b.hex(":")),
    "macaddr8": st.binary(min_size=8, max_size=8).map(lambda b: b.hex(":")),
    "bytea": st.binary(max_size=40).map(lambda b: "\\x" + b.hex()),
    "json": drawn('{"a": 1, "a": [2, {"b": "Ann"}]}', '"\\ud83d\\ude00"', "[]", "null", "-0.0", "1e400", '{"": ""}'),
    "jsonb": drawn('{"a": 1.50, "b": [{"c": "Ann"}]}', '"x"', "[]", "null", "12345678901234567890.12", '{"": {}}'),
    "xml": drawn(
        "<a b='1'>x &amp; y</a>", "plain", "<?xml version='1.0'?><a/>", "<a><![CDATA[<b>]]></a>", "<!-- c --><d/>"
    ),
    "tsvector": drawn("'a':1A,2B 'b''c':3", "", "'\\\\':1", "'e':16383"),
    "tsquery": drawn("'a' & !'b':*A"),
    "point": drawn("(45.07,7.68)", "(NaN,Infinity)", "(1e300,-1e-300)", "(-0,0)"),
    "box": drawn("(1,1),(0,0)"),
    "bit(3)": drawn("101", "000"),
    "varbit": drawn("", "1", "0101"),
    "int4range": drawn("empty", "[1,)", "(,)", "[-2147483648,2147483647)"),
    "tstzrange": drawn('[,"2024-01-01 00:00:00+00")', "[-infinity,infinity]"),
    "nummultirange": drawn("{[1.0,2.50)}", "{}"),
    "place": drawn('("Via ""Roma"" 1",,7)', "(,,)", '("",x,-1)', '("a\\\\b","(c,d)",0)'),
    "text[]": drawn("{}", '{"",NULL,"NULL","a\\\\b\\"c",","," x "}', "[0:1][-1:0]={{a,NULL},{b,c}}"),
    "int[]": drawn("{}", "{1,NULL,-2147483648}", "[5:5]={1}"),
    "varchar(3)[]": drawn("{abc,NULL}", "{{a},{b}}"),
    "jsonb[]": drawn('{"{\\"a\\": \\"Ann\\"}",NULL}', "{}"),
    "box[]": drawn("{(1,1),(0,0);NULL}", "{}"),
}
"""Types as SQL writes them, and literals of them."""

MADE = (
    "CREATE DOMAIN lines AS varchar(12) CHECK (length(VALUE) <= 12)",
    "CREATE DOMAIN positive AS int CHECK (VALUE >= 0)",
    "CREATE TYPE mood AS ENUM ('sad', 'ok', 'so ''so'', \"x\"')",
    "CREATE TYPE place AS (street text, zip varchar(5), number int)",
)
OPTIONS: dict[str, dict[str, Any]] = {
    "date_shift": {"subject": "id"},
    "date_trunc": {"unit": "hour"},
    "noise": {"percent": 10},
    "bucket": {"size": 7},
    "entity": {"columns": ["id"], "others": "text"},
    "json": {"keys": {"a": "email", "b": "keep"}, "others": "text"},
    "composite": {"fields": {"street": "street", "number": "keep"}, "others": "text"},
    "hstore": {"others": "text"},
    "xml": {"others": "text"},
    "faker": {"provider": "word"},
    "python": {"function": "copy:copy"},
}


def options_of(name: str, column: Column, values: Sequence[str | None]) -> dict[str, Any] | None:
    """Options with which a mask can work on a column; None where no options would do."""
    kind, present = column.kind, [value for value in values if value]
    if name == "constant":
        return {"value": present[0]} if present and not column.is_array else None
    if name == "generalize":
        return {
            "text": {"keep": 1},
            "number": {"step": 10},
            "time": {"unit": "month"},
            "enum": {"map": {"sad": "ok"}, "others": "ok"},
        }[kind]
    if name == "fpe" and kind in ("enum", "boolean"):
        return {"among": list(column.labels) or ["t", "f"]}
    if name == "date_trunc" and column.base == "date":
        return {"unit": "month"}
    if name == "faker" and (kind != "text" or column.is_array):
        return None  # what a provider makes of another type is checked where a policy names one
    return OPTIONS.get(name, {})


@pytest.fixture(scope="module")
def types(postgres_server: Any) -> Iterator[tuple[str, dict[str, Column]]]:
    """A database that has the types, and the catalog's column of each."""
    with _made(postgres_server) as made:
        yield made


@pytest.fixture(scope="module")
def system_types(system_server: Any) -> Iterator[tuple[str, dict[str, Column]]]:
    """The same on the system's PostgreSQL 15, which knows XML."""
    with _made(system_server) as made:
        yield made


@contextlib.contextmanager
def _made(server: Any) -> Iterator[tuple[str, dict[str, Column]]]:
    with server.scratch(prefix="types") as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            for statement in MADE:
                connection.execute(statement.encode())
            for number, type_ in enumerate(TYPES):
                connection.execute(f"CREATE TABLE t{number} (v {type_})".encode())
        with source(dsn, "types").connect() as connection:
            found = {table.name.name: table.columns[0] for table in catalog.tables(connection)}
        yield dsn, {type_: found[f"t{number}"] for number, type_ in enumerate(TYPES)}


def written(connection: psycopg.Connection[Any], type_: str, literals: Sequence[str | None]) -> list[str | None]:
    """Values as a clone reads them."""
    rows = f"SELECT v FROM unnest(%s::text[]) WITH ORDINALITY u (t, n), LATERAL (SELECT t::{type_}) s (v) ORDER BY n"
    query = f"COPY ({rows}) TO STDOUT"
    with connection.cursor() as cursor, cursor.copy(query.encode(), [list(literals)]) as copy:
        data = b"".join(map(bytes, copy))
    return copytext.unescape(copytext.parse(data, ["v"]).get_column("v")).to_list()


def loaded(
    connection: psycopg.Connection[Any], type_: str, values: Sequence[str | None]
) -> tuple[list[str | None], int]:
    """The same values after they went into a column by COPY, and how many differ to the server."""
    frame = pl.DataFrame({"v": copytext.escape(pl.Series(values, dtype=pl.String))})
    with connection.transaction(force_rollback=True), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE into_it (n serial, v {type_})".encode())
        with cursor.copy(b"COPY into_it (v) FROM STDIN") as copy:
            copy.write(copytext.serialize(frame))
        shown = []
        with cursor.copy(b"COPY (SELECT v FROM into_it ORDER BY n) TO STDOUT") as copy:
            data = b"".join(map(bytes, copy))
            shown = copytext.unescape(copytext.parse(data, ["v"]).get_column("v")).to_list()
        try:
            with connection.transaction():
                cursor.execute(b"SELECT count(DISTINCT v) FROM into_it")
                row = cursor.fetchone()
        except psycopg.errors.UndefinedFunction:
            row = None
    return shown, int(row[0]) if row else -1


def suited(column: Column, values: Sequence[str | None], dsn: str) -> Iterator[tuple[str, Masker]]:
    """Every mask that a plan would let stand on a column, made ready."""
    context = Context(source(dsn, ""), target(dsn, ""), KEY, "", "it_IT", "utf-8")
    for name in NAMES:
        if name in (KEEP, DROP_ROWS) or column.kind not in maskers.find(name).kinds:
            continue
        options = options_of(name, column, values)
        if options is None:
            continue
        mask = Mask(name, options)
        maskers.check(mask, "it_IT")
        inner = maskers.build(mask, plan.column_plan(column, mask).setting(KEY, "it_IT", "utf-8"))
        if inner is not None and inner.objection() is None:
            yield name, build(plan.column_plan(column, mask), context)
        if column.kind == "text" and column.max_length in (3, 36) and maskers.find(name).tagged and name != "null":
            unique = Mask(name, {**options, "unique": True})
            yield f"{name}, unique", build(plan.column_plan(column, unique), context)


def masked(ready: Masker, values: Sequence[str | None]) -> list[str | None]:
    """Values through a mask, with a row of which every other column has something."""
    series = pl.Series(values, dtype=pl.String)
    other = pl.Series([f"Maria {n}" for n in range(len(values))], dtype=pl.String)
    row = None
    if ready.needs or ready.follows:
        row = Row(dict.fromkeys(ready.needs, other), dict.fromkeys(ready.follows, other))
    return maskers.apply(ready, series, row).to_list()


@pytest.mark.parametrize("type_", TYPES)
def test_whatever_a_mask_makes_its_type_takes(type_: str, request: pytest.FixtureRequest) -> None:
    """As many, NULL for NULL, the same every time, taken and shown by the server as made; kept apart where promised."""
    dsn, columns = request.getfixturevalue("system_types" if type_ == "xml" else "types")
    column = columns[type_]
    least = min(8, len(getattr(TYPES[type_], "elements", range(8))))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=EXAMPLES == 1,
    )
    @given(st.lists(TYPES[type_], min_size=least, max_size=30, unique=True))
    def takes(literals: list[str]) -> None:
        edges = TEXTS if column.kind == "text" and not column.is_array else []
        with source(dsn, "").connect(autocommit=False) as connection:
            connection.execute("SET TRANSACTION READ WRITE; SET search_path = public")
            values = written(connection, type_, [*literals, *edges, None])
            for name, ready in suited(column, values, dsn):
                out = masked(ready, values)
                assert [value is None for value in out] == [value is None or name == "null" for value in values], name
                assert masked(ready, values) == out, name
                shown, different = loaded(connection, type_, out)
                pairs = ((_same(column, one), _same(column, other)) for one, other in zip(out, shown, strict=True))
                wrong = [pair for pair in pairs if pair[0] != pair[1]]
                assert not wrong or column.is_array or name in _AS_WRITTEN, (name, wrong)
                if maskers.never_repeats(ready) and not column.is_array and name != "null":
                    assert different == loaded(connection, type_, values)[1], name

    takes()


_AS_WRITTEN = ("json", "tsvector", "composite")
"""Masks whose output the server writes in its own way: verification compares what is inside."""


def _same(column: Column, value: str | None) -> object:
    """A value by what it is: char(n) is padded, a fraction rounded."""
    if value is None or column.is_array:
        return value
    if column.base == "bpchar":
        return value.rstrip(" ")
    if column.base == "point":
        return [str(float(part)) for part in value.strip("()").split(",")]
    if column.kind == "number" and column.base != "money":
        digits = {"float4": 6, "numeric": 14}.get(column.base, 15)
        return f"{round(float(value), column.scale or 400):.{digits}g}" if value != "NaN" else value
    return value


def test_every_kind_of_column_is_tried(types: tuple[str, dict[str, Column]]) -> None:
    """No kind of which the masks speak is missing, but hstore, which is an extension's."""
    kinds = {column.kind for column in types[1].values()}
    assert kinds | {"hstore"} == maskers.base.ANYTHING
    assert {column.is_array for column in types[1].values()} == {True, False}
