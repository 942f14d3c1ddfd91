"""What unique indexes and exclusion constraints ask of masks, told by the catalog and by a dump alike."""

from __future__ import annotations

import io
from typing import Any

import pytest

from anonymizer import catalog, plan, policy
from anonymizer.dump import survey
from anonymizer.dump.survey import Facts
from anonymizer.endpoint import source as source_end

SCHEMA = """
CREATE TABLE t (id int, email text, "Nick" varchar(60), code text, name text, deleted timestamptz, live boolean,
    net inet, during tstzrange, begins timestamptz, ends timestamptz, profile jsonb, room int);
CREATE UNIQUE INDEX ON t (lower(email));
CREATE UNIQUE INDEX ON t (upper("Nick"));
CREATE UNIQUE INDEX ON t (("left"(code, 3)));
CREATE UNIQUE INDEX ON t ((profile ->> 'email'));
CREATE UNIQUE INDEX ON t (name) WHERE deleted IS NULL AND live;
ALTER TABLE t ADD EXCLUDE USING gist (net inet_ops WITH &&);
ALTER TABLE t ADD EXCLUDE USING gist (during WITH &&);
ALTER TABLE t ADD EXCLUDE USING gist (tstzrange(begins, ends) WITH &&);
ALTER TABLE t ADD EXCLUDE USING btree (room WITH =);
"""
HELD: dict[str, Any] = {
    "email": "email",
    "Nick": "fpe",
    "name": "fpe",
    "deleted": "fpe",
    "net": {"mask": "ip", "prefix": True},
    "room": "fpe",
    "during": "null",
}
BROKEN: dict[str, tuple[Any, str]] = {
    "email": ("token", "unique inside lower(email)"),
    "Nick": ("iban", "unique inside upper("),
    "code": ("fpe", "unique inside"),
    "profile": ({"mask": "json", "others": "text"}, "repeats itself"),
    "deleted": ("null", "rows are in a unique index by it"),
    "live": ({"mask": "fpe", "among": ["t", "f"]}, "rows are in a unique index by it"),
    "net": ("ip", "repeats itself"),
    "during": ({"mask": "python", "function": "builtins:repr", "injective": True}, "compares it by &&"),
    "begins": ("fpe", "unique inside tstzrange(begins,"),
}


@pytest.fixture
def asked(pair: Any, dumps: Any) -> Any:
    """The findings on a policy for the table: those of the catalog, and those of a dump."""
    pair.sql(SCHEMA)
    facts = Facts()
    survey.survey(io.BytesIO(dumps.dump(pair.source, "--schema-only")), facts)
    with source_end(pair.source, "source").connect() as connection:
        tables = catalog.tables(connection)

    def find(masks: dict[str, Any]) -> list[list[str]]:
        rules = pair.policy({"public.t": masks})
        return [[f.message for f in plan.findings(rules, found, [])] for found in (tables, facts.schema.tables())]

    return find


def test_what_holds_by_construction_is_taken(asked: Any) -> None:
    """Case folds away, networks keep their prefixes, IS NULL sees no values, equality sees nothing but equality."""
    assert asked(HELD) == [[], []]


@pytest.mark.parametrize("column", BROKEN)
def test_what_would_be_luck_is_refused(column: str, asked: Any) -> None:
    """An expression, an operator, a predicate: by the catalog and by a dump."""
    mask, why = BROKEN[column]
    for messages in asked({column: mask}):
        assert len(messages) == 1
        assert why in messages[0]


def test_a_bijection_that_folds_builds_the_index(pair: Any) -> None:
    """All two-letter names of either case, masked, under a unique index over lower()."""
    pair.sql(
        "CREATE TABLE n (id int, name text); CREATE UNIQUE INDEX ON n (lower(name))",
        "INSERT INTO n SELECT i, CASE i % 3 WHEN 0 THEN initcap(w) WHEN 1 THEN upper(w) ELSE w END "
        "FROM (SELECT a * 30 + b, chr(97 + a) || chr(97 + b) FROM generate_series(0, 25) a, generate_series(0, 25) b) "
        "AS x (i, w)",
        "INSERT INTO n SELECT 1000 + i, chr(224 + i) || CASE i % 2 WHEN 0 THEN 'x' ELSE 'X' END "
        "FROM generate_series(0, 22) i",
    )
    pair.clone({"public.n": {"name": "fpe"}})
    assert pair.sql("SELECT count(DISTINCT lower(name)) FROM n", target=True) == [(676 + 23,)]


def test_ends_of_a_reference_of_two_forms_are_refused(pair: Any) -> None:
    """5 and 5.00 are equal to the server, and two texts to a mask."""
    pair.sql(
        "CREATE TABLE a (n numeric(10,2) UNIQUE, d numeric(9,0) UNIQUE)",
        "CREATE TABLE b (n int REFERENCES a (n), d int REFERENCES a (d))",
    )
    rules = pair.policy({"public.a": "fpe", "public.b": "fpe"})
    with source_end(pair.source, "source").connect() as connection:
        found = plan.findings(rules, catalog.tables(connection), catalog.foreign_keys(connection))
    assert [(f.kind, f.column) for f in found] == [("foreign-key", "n")]
    assert isinstance(rules, policy.Policy)
