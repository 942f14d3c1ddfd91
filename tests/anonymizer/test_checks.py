"""CHECK constraints and domains are tried on masked rows before anything is loaded."""

from __future__ import annotations

from typing import Any

import pytest

from anonymizer.draft import check
from anonymizer.endpoint import source as source_end
from anonymizer.plan import PolicyIncomplete

SCHEMA = (
    "CREATE SEQUENCE s",
    "CREATE FUNCTION shouts(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RETURN t = upper(t); END $$",
    "CREATE FUNCTION counts(t text) RETURNS bool LANGUAGE sql AS $$ SELECT nextval('public.s') > 0 $$",
    "CREATE DOMAIN zip AS text CHECK (VALUE ~ '^[0-9]{5}$')",
    "CREATE DOMAIN zips AS text[] CHECK (cardinality(VALUE) < 3)",
    "CREATE TYPE mood AS ENUM ('glad', 'sad')",
    "CREATE TABLE t (id int, a text, b text, z zip, zs zips, zz zip[], m mood, home text, away text, c text, "
    "up text GENERATED ALWAYS AS (upper(a)) STORED, "
    "CONSTRAINT loud CHECK (shouts(a)), CONSTRAINT apart CHECK (home <> away AND home NOT LIKE '%x%'), "
    "CONSTRAINT counted CHECK (counts(c)), CONSTRAINT made CHECK (up <> 'x'), CONSTRAINT kept CHECK (b ~ '^b'))",
    "INSERT INTO t SELECT n, 'LOUD', 'b' || n, lpad(n::text, 5, '0'), '{a}', '{00001,NULL}', 'glad', 'home', 'away', "
    "'c' FROM generate_series(1, 20) n",
)
CONSTANT = {"mask": "constant", "value": "same"}


@pytest.mark.parametrize(
    ("masks", "said"),
    [
        ({"a": "text"}, []),
        ({"a": "email"}, ['t.a: what the mask email on a makes violates check constraint "loud" in 20 of 20 rows']),
        ({"z": "postcode", "zz": "fpe", "b": "keep", "m": {"mask": "constant", "value": "sad"}}, []),
        ({"z": "city"}, ["t.z: what the mask city makes is none of the type public.zip (constraint zip_check)"]),
        ({"zz": "city"}, ["t.zz: what the mask city makes is none of the type public.zip[] (constraint zip_check)"]),
        (
            {"home": CONSTANT, "away": CONSTANT},
            [
                "t.home: what the mask constant on home and constant on away makes "
                'violates check constraint "apart" in 20 of 20 rows'
            ],
        ),
        ({"home": "null", "away": CONSTANT}, []),
        ({"c": "text"}, []),
    ],
)
def test_masked_rows_are_tried(pair: Any, masks: dict[str, Any], said: list[str]) -> None:
    """Conditions over several columns, with functions and per cent signs, of domains and of their arrays.

    A condition over kept columns alone is true as before. One that cannot be tried without writing is left to the load.
    """
    pair.sql(*SCHEMA)
    rules = pair.policy({"public.t": {"*": "keep", **masks}})
    found = [finding for finding in check(source_end(pair.source, "s"), rules, sample=100) if finding.kind == "check"]
    assert [f"{f.table.split('.')[1]}.{f.column}: {f.message}" for f in found] == said


def test_a_label_that_an_enum_does_not_have_is_found(pair: Any) -> None:
    """By the policy alone: no row needs to be tried for it."""
    pair.sql(*SCHEMA)
    rules = pair.policy({"public.t": {"*": "keep", "m": CONSTANT}})
    (found,) = check(source_end(pair.source, "s"), rules, sample=100)
    assert found.column == "m"
    assert found.message == "the mask constant names 'same', and the enum has no such label"


def test_a_clone_whose_masks_break_a_constraint_is_refused(pair: Any) -> None:
    """Before anything is made, with the constraint and the mask; the source is not written."""
    pair.sql(*SCHEMA)
    with pytest.raises(PolicyIncomplete, match="does not fit") as refused:
        pair.clone({"public.t": {"*": "keep", "a": "email"}})
    assert 'what the mask email on a makes violates check constraint "loud"' in str(refused.value)
    assert pair.oid() is None
    assert pair.sql("SELECT is_called FROM s") == [(True,)]
    assert pair.sql("SELECT last_value FROM s") == [(20,)]
