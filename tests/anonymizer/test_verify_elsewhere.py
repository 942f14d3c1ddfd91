"""Originals of a masked column are found in every other column, whatever its type, and told from what is nobody's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from anonymizer import policy
from anonymizer.errors import LeakError
from anonymizer.verify import Verification

SCHEMA = """
DO $$ BEGIN CREATE EXTENSION hstore; EXCEPTION WHEN OTHERS THEN CREATE DOMAIN hstore AS text; END $$;
CREATE TYPE contact AS (label text, photo bytea);
CREATE DOMAIN remark AS text CHECK (length(VALUE) < 200);
CREATE TABLE person (id int PRIMARY KEY, email text, full_name text, phone text, note text, tier text);
CREATE TABLE place (
    id int PRIMARY KEY, words text, fixed varchar(80), remark remark, doc jsonb, raw json, tags text[], docs jsonb[],
    pairs hstore, contact contact, search tsvector, data bytea, datas bytea[], half jsonb, who text
);
CREATE TABLE part (id int, words text) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (1) TO (100);
"""
ROWS = """
INSERT INTO person VALUES
  (1, 'perdita.dearlove@corp.test', 'Perdita Dearlove', '+39 347 5550199', 'likes the sea at Noli best', 'premium'),
  (2, 'otto.zwick@corp.test', 'Otto Zwickenpflug', '+39 347 5550100', 'ok', 'basic');
INSERT INTO place (id, half) VALUES (1, '{"who": "nobody", "kept": "nothing"}');
INSERT INTO part VALUES (1, 'nothing');
"""
POLICY = """
version = 1
[tables."public.person"]
id = "keep"
tier = "keep"
email = "email"
full_name = "name"
phone = "phone"
note = "text"
[tables."public.place"]
"*" = "keep"
half = { mask = "json", paths = { "$.who" = "text" }, others = "keep" }
who = { mask = "redact" }
[tables."public.part"]
"*" = "keep"
"""


@pytest.fixture(scope="module")
def pair(open_pair: Callable[..., AbstractContextManager[Any]]) -> Iterator[Any]:
    """A source and a true clone of it."""
    with open_pair() as opened:
        opened.sql(SCHEMA + ROWS)
        opened.clone(policy.parse(POLICY))
        yield opened


@pytest.fixture(scope="module")
def look(pair: Any, looking: Callable[..., Any]) -> Iterator[Callable[..., Verification]]:
    """Verifies the clone with something that stands in a column of both sides, and takes it out again."""
    with looking(pair) as looker:

        def call(column: str = "", value: str = "", rules: str = POLICY, **more: Any) -> Verification:
            table = "part" if column.startswith("part.") else "place"
            column = column.removeprefix("part.")
            kept = '\'{"who": "nobody", "kept": "nothing"}\'' if column == "half" else "NULL"
            for target in (False, True) if column else ():
                pair.sql(f"UPDATE {table} SET {column} = {value}", target=target)
            try:
                found: Verification = looker(rules, **more)
                return found
            finally:
                for target in (False, True) if column else ():
                    pair.sql(f"UPDATE {table} SET {column} = {kept}", target=target)

        yield call


@pytest.mark.parametrize(
    ("column", "value", "of"),
    [
        ("words", "'Write to PERDITA.DEARLOVE@corp.test, please.'", "email"),
        ("words", "E'tab\\tperdita.dearlove@corp.test\\nand more'", "email"),
        ("fixed", "'Signed: Perdita Dearlove'", "full_name"),
        ("fixed", "'Dearlove, Perdita'", "full_name"),
        ("remark", "'call +39 347 5550199'", "phone"),
        ("remark", "'call +393475550199 now'", "phone"),
        ("words", "'She likes the sea at Noli best.'", "note"),
        ("doc", """'{"a": [{"b": "for perdita.dearlove@corp.test"}]}'""", "email"),
        ("doc", """'{"perdita.dearlove@corp.test": 1}'""", "email"),
        ("raw", r"""'{"a": "line\nPerdita\u0020Dearlove"}'""", "full_name"),
        ("tags", "ARRAY['x', 'by Perdita Dearlove']", "full_name"),
        ("docs", r"""ARRAY['{"a": "\\ Perdita Dearlove"}'::jsonb]""", "full_name"),
        ("pairs", """'"who"=>"Perdita Dearlove"'""", "full_name"),
        ("contact", "ROW('Perdita Dearlove', NULL)::contact", "full_name"),
        ("contact", "ROW('x', convert_to('Perdita Dearlove', 'UTF8'))::contact", "full_name"),
        ("search", "to_tsvector('simple', 'to Perdita Dearlove')", "full_name"),
        ("search", "to_tsvector('simple', 'perdita.dearlove@corp.test')", "email"),
        ("data", r"'\xff'::bytea || convert_to('Perdita Dearlove', 'UTF8')", "full_name"),
        ("datas", "ARRAY[convert_to('perdita.dearlove@corp.test', 'UTF8')]", "email"),
        ("half", """'{"who": "zzzz", "kept": "Perdita Dearlove"}'""", "full_name"),
        ("who", "'a letter from Perdita Dearlove'", "full_name"),
        ("part.words", "'Perdita Dearlove'", "full_name"),
    ],
)
def test_an_original_is_found_in_every_kind_of_column(
    look: Callable[..., Verification], column: str, value: str, of: str
) -> None:
    """Kept ones, kept parts of documents, and masked ones whose mask leaves text as it is. No value is repeated."""
    found = look(column, value)
    where = "public." + (column if column.startswith("part.") else f"place.{column}")
    assert f"{where}: 1 original values of public.person.{of} stand in it" in found.problems
    assert not found.passed
    assert found.survivors
    assert "earlove" not in repr(found)
    assert "5550199" not in repr(found)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("words", "'premium, ok, basic, Perdita, it, 42, 2024-01-01'"),
        ("tags", "ARRAY['Perdita', 'other', 'Dearlove']"),
        ("doc", """'{"first": "Perdita", "last": "Dearlove"}'"""),
        ("words", "'the corp.test of Dearloves'"),
    ],
)
def test_what_is_nobodys_is_not_found(look: Callable[..., Verification], column: str, value: str) -> None:
    """Single words, short values, dates; parts of a value; two words of two strings."""
    found = look(column, value)
    if column != "tags":
        assert found.problems == ()


def test_a_true_clone_has_nothing_elsewhere(look: Callable[..., Verification]) -> None:
    """And says so."""
    found = look()
    assert found.passed
    assert [item for item in found.elsewhere if item.values] == []


def test_what_the_policy_accepts_is_reported_and_passes(look: Callable[..., Verification]) -> None:
    """With the reason; only there, and only of that column."""
    accepted = (
        '[[elsewhere]]\nin = "public.place.words"\nof = "public.person.full_name"\nreason = "signed by their authors"\n'
    )
    rules = POLICY + accepted
    found = look("words", "'by Perdita Dearlove'", rules)
    assert found.passed
    assert [(item.values, item.accepted) for item in found.elsewhere] == [(1, "signed by their authors")]
    assert not look("fixed", "'by Perdita Dearlove'", rules).passed
    assert not look("words", "'perdita.dearlove@corp.test'", rules).passed


def test_a_partition_goes_by_the_name_of_its_table(look: Callable[..., Verification]) -> None:
    """As in the rest of the policy: what is accepted of the table is accepted of its partitions."""
    rules = POLICY + '[[elsewhere]]\nin = "public.part.words"\nreason = "signed"\n'
    found = look("part.words", "'by Perdita Dearlove'", rules)
    assert found.problems == ()
    assert [(item.column, item.values, item.accepted) for item in found.elsewhere] == [
        ("public.part.words", 1, "signed")
    ]


@pytest.mark.parametrize("column", ["words", "doc", "data", "search"])
def test_a_canary_is_found_wherever_it_sings(look: Callable[..., Verification], column: str) -> None:
    """Even if it is a single word that no column of the source is masked for; by its number, not by its text."""
    text = "canarybird"
    value = {
        "words": f"'a {text} in a mine'",
        "doc": f"""'{{"a": {{"{text}": 1}}}}'""",
        "data": f"convert_to('x {text}', 'UTF8')",
        "search": f"to_tsvector('simple', '{text}')",
    }[column]
    found = look(column, value, canaries=("not there", text))
    assert found.problems == (f"public.place.{column}: canary 2 stands in it",)
    assert text not in repr(found)


def test_chance_is_no_excuse_for_a_canary(look: Callable[..., Verification], pair: Any) -> None:
    """However short it is, and although the mask of the column could have made it; no policy accepts it either."""
    made = pair.sql("SELECT note FROM person WHERE id = 2", target=True)[0][0]
    pair.sql("UPDATE person SET note = 'zk' WHERE id = 2", target=True)
    rules = POLICY + '[[elsewhere]]\nin = "public.person.note"\nreason = "we like birds"\n'
    try:
        assert "public.person.note: canary 1 stands in it" in look(rules=rules, canaries=("zk",)).problems
    finally:
        pair.sql(f"UPDATE person SET note = '{made}' WHERE id = 2", target=True)
    assert look().problems == ()


def test_comments_labels_and_defaults_are_looked_at(look: Callable[..., Verification], pair: Any) -> None:
    """What is written in the catalog is as readable as any row."""
    for change, back in (
        ("COMMENT ON TABLE place IS 'ask Perdita Dearlove'", "COMMENT ON TABLE place IS NULL"),
        ("ALTER TABLE place ALTER words SET DEFAULT 'Perdita Dearlove'", "ALTER TABLE place ALTER words DROP DEFAULT"),
        ("CREATE TYPE label AS ENUM ('Perdita Dearlove')", "DROP TYPE label"),
    ):
        pair.sql(change, target=True)
        try:
            assert look().problems == ("catalog: 1 original values of public.person.full_name stand in it",)
        finally:
            pair.sql(back, target=True)


def test_a_policy_that_lets_a_name_through_ends_the_clone(open_pair: Callable[..., Any]) -> None:
    """The clone verifies itself: nothing is swapped in, and the message has no value."""
    with open_pair() as opened:
        opened.sql(
            "CREATE TABLE t (id int, full_name text, bio text)",
            "INSERT INTO t VALUES (1, 'Perdita Dearlove', 'Perdita Dearlove likes the sea')",
        )
        with pytest.raises(LeakError) as raised:
            opened.clone({"public.t": {"full_name": "name"}})
        assert "public.t.bio: 1 original values of public.t.full_name stand in it" in str(raised.value)
        assert "earlove" not in str(raised.value)
        assert opened.oid() is None
