"""A value is found inside of whatever a column can hold: planted at random, in any container, it is reported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from xml.sax.saxutils import escape

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anonymizer.schema import Programs
from anonymizer.verify.model import Elsewhere
from understudy.postgres import Server
from understudy.postgres.programs import find

SCHEMA = """
CREATE EXTENSION hstore; CREATE EXTENSION citext;
CREATE TYPE inner_type AS (label text, photo bytea);
CREATE TYPE outer_type AS (n int, inside inner_type, doc json);
CREATE DOMAIN remark AS varchar(4000);
CREATE TABLE person (id int PRIMARY KEY, email text);
INSERT INTO person VALUES (1, 'perdita.dearlove@corp.test');
CREATE TABLE place (
    id int PRIMARY KEY, a_text text, a_varchar varchar(4000), a_char char(4000), a_citext citext, a_remark remark,
    some_json json, some_jsonb jsonb, some_xml xml, some_hstore hstore, some_tsvector tsvector, some_bytea bytea,
    composite outer_type, texts text[], docs json[], docbs jsonb[], blobs bytea[], composites inner_type[],
    vectors tsvector[], xmls xml[], remarks remark[], stores hstore[]
);
INSERT INTO place (id) SELECT generate_series(1, 30);
"""
POLICY = """
version = 1
[tables."public.person"]
id = "keep"
email = "email"
[tables."public.place"]
"*" = "keep"
"""
DEEP = 3000

words = st.text("abcdefghijklmnopqrstuvwxyzéñßøдж", min_size=8, max_size=12)
canaries = st.lists(words, min_size=1, max_size=3).map(" ".join)


def _document(canary: str, how: int) -> Any:
    return [canary, [[{"a": [f"to {canary}, with love"]}]], {canary: None}, {"a": "\ud800", "b": canary}][how]


def _json(canary: str, how: int) -> str:
    """JSON as a text, letters escaped; for the last ways a document in a document, and one that is too deep to open."""
    if how == 4:
        return json.dumps({"payload": json.dumps({"inside": json.dumps(canary)})})
    if how == 5:
        return "[" * DEEP + json.dumps(canary) + "]" * DEEP
    return json.dumps(_document(canary, how))


def _no_surrogate(canary: str, how: int) -> str:
    return _json(canary, how % 3 if how == 3 else how)


def _xml(canary: str, how: int) -> str:
    escaped = "".join(letter if letter.isascii() else f"&#x{ord(letter):x};" for letter in escape(canary))
    return [
        f"<p>to <b>{canary}</b></p>",
        f"<p who='{escaped}'/>",
        f"<p><![CDATA[to {canary}]]></p>",
        f"<!-- {canary} --><p/>",
        f"<a><b><c>{escaped}</c></b></a>",
        f"text {escaped}",
    ][how]


def _text(canary: str, how: int) -> str:
    return [canary, f"To: <{canary}>!", f"a\tb\n{canary}\\", _no_surrogate(canary, 1), f'"{canary}"', f"{{{canary}}}"][
        how
    ]


def _blob(canary: str, how: int) -> bytes:
    around = [(b"", b""), (b"\xff\xfe", b"\x00\x01"), (b"\x89PNG\r\n", b"\x80"), (b"x ", b" y")][how % 4]
    return around[0] + (canary if how < 4 else json.dumps({"a": canary})).encode() + around[1]


CONTAINERS: dict[str, tuple[str, Callable[[str, int], Any]]] = {
    **dict.fromkeys(("a_text", "a_varchar", "a_char", "a_citext", "a_remark"), ("%s", _text)),
    "some_json": ("%s::json", _json),
    "some_jsonb": ("%s::jsonb", _no_surrogate),
    "some_xml": ("%s::xml", _xml),
    "some_hstore": ("public.hstore('k', %s)", _text),
    "some_tsvector": ("to_tsvector('simple', %s)", lambda canary, _: canary),
    "some_bytea": ("%s::bytea", _blob),
    "composite": ("ROW(1, ROW(%s, NULL)::inner_type, NULL)::outer_type", _text),
    "texts": ("ARRAY['x', %s, NULL]", _text),
    "docs": ("ARRAY['1', %s]::json[]", _json),
    "docbs": ("ARRAY[ARRAY['1', %s]]::jsonb[]", _no_surrogate),
    "blobs": ("ARRAY[%s::bytea]", _blob),
    "composites": ("ARRAY[ROW('x', %s::bytea)::inner_type]", _blob),
    "vectors": ("ARRAY[to_tsvector('simple', %s)]", lambda canary, _: canary),
    "xmls": ("ARRAY[%s::xml]", _xml),
    "remarks": ("ARRAY[%s]::remark[]", _text),
    "stores": ("ARRAY[public.hstore(%s, NULL)]", _text),
}
plants = st.lists(
    st.tuples(st.sampled_from(sorted(CONTAINERS)), canaries, st.integers(0, 5)),
    min_size=12,
    max_size=24,
    unique_by=lambda plant: plant[1].split()[0][:4],
)


@pytest.fixture(scope="module")
def look(system_server: Server, open_pair: Callable[..., Any], looking: Callable[..., Any]) -> Iterator[Any]:
    """What verifies a clone whose server knows XML and hstore, and its pair."""
    programs = [find(name, server_major=15).path for name in ("pg_dump", "pg_restore")]
    with open_pair(on=(system_server, Programs(*programs, find("psql").path))) as pair:
        pair.sql(SCHEMA)
        pair.clone({"public.person": {"email": "email"}})
        with looking(pair) as looker:
            yield looker


@pytest.fixture(scope="module")
def own_words(look: Any) -> str:
    """What a report says by itself; a canary may be a word of it."""
    return repr(look(POLICY)) + repr(Elsewhere("", "canary 1 stands in it", 0))


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(plants)
def test_a_canary_is_found_in_every_container(look: Any, own_words: str, plants: list[tuple[str, str, int]]) -> None:
    """Whatever a column can hold: texts, documents however deep, arrays of them, what is escaped, binary, sorted."""
    with psycopg.connect(look.pair.target, autocommit=True) as connection:
        connection.execute("TRUNCATE place")
        for number, (column, canary, how) in enumerate(plants):
            sql, put = CONTAINERS[column]
            connection.execute(
                f"INSERT INTO place (id, {column}) VALUES ({number}, {sql})".encode(), [put(canary, how)]
            )
    found = look(POLICY, canaries=tuple(canary for _, canary, _ in plants))
    said = {f"public.place.{column}: canary {number} stands in it" for number, (column, _, _) in enumerate(plants, 1)}
    assert said <= set(found.problems)
    words = {word for _, canary, _ in plants for word in canary.split()}
    assert not [word for word in words if word in repr(found) and word not in own_words]
