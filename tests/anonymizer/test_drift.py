"""Every way in which a schema can drift away from a policy, and what is found of it; what is found refuses to clone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from anonymizer import catalog, draft, policy, record
from anonymizer import drift as drifting
from anonymizer.draft import reading
from anonymizer.endpoint import source as source_end

SCHEMA = (
    "CREATE TYPE mood AS ENUM ('sad', 'ok')",
    "CREATE TYPE place AS (street text, number int)",
    "CREATE DOMAIN code AS varchar(40)",
    "CREATE DOMAIN positive AS int",
    "CREATE TABLE users (id int PRIMARY KEY, email text, name varchar(30), mood mood, home place, code code, "
    "rank positive, born date, tags text[], loud text GENERATED ALWAYS AS (upper(name)) STORED, doc jsonb, note text)",
    "CREATE TABLE mail (id int, sender text, user_id int REFERENCES users)",
    "CREATE TABLE parts (id int, name text) PARTITION BY RANGE (id)",
    "CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM (0) TO (10)",
    "CREATE TABLE loose (id int, name text)",
    "INSERT INTO users (id, email, name, mood, home, code, rank, born, tags, doc) VALUES "
    "(1, 'a@corp.test', 'Ann', 'sad', '(\"Via Roma\",3)', 'x1', 7, '2000-01-01', '{a}', "
    '\'{"plan": "free", "who": {"mail": "a@corp.test"}, "list": [1]}\')',
    "INSERT INTO mail VALUES (1, 'a@corp.test', 1)",
)
POLICY = """version = 1
[tables."public.users"]
id    = "keep"
email = "email"
name  = "name"
mood  = { mask = "fpe", among = ["sad", "ok"] }
home  = { mask = "composite", fields = { street = "street", number = "keep" }, others = "text" }
code  = "fpe"
rank  = { mask = "noise", amount = 3 }
born  = { mask = "date_shift", subject = "id" }
tags  = "text"
doc   = { mask = "json", paths = { "$.plan" = "keep", "$.who.mail" = "email", "$.list" = "keep" }, others = "text" }
note  = { mask = "null" }
[tables."public.mail"]
id      = "keep"
sender  = "email"
user_id = "keep"
[tables."public.parts"]
id   = "keep"
name = "name"
[tables."public.loose"]
id   = "keep"
name = "keep"
"""

DRIFT: dict[str, tuple[str, list[tuple[str, str | None]]]] = {
    # what it names
    "a column more": ("ALTER TABLE users ADD phone text", [("unnamed", "phone")]),
    "a column fewer": ("ALTER TABLE users DROP born", [("gone", "born")]),
    "a column renamed": ("ALTER TABLE users RENAME born TO birth", [("unnamed", "birth"), ("gone", "born")]),
    "a column that another mask looks at": (
        "ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE; ALTER TABLE users DROP id",
        [("unsuitable", "born"), ("gone", "id")],
    ),
    "a column behind partitions": ("ALTER TABLE parts ADD phone text", [("unnamed", "phone")]),
    "a table more": ("CREATE TABLE more (id int)", [("unnamed", None)]),
    "a table fewer": ("DROP TABLE loose", [("gone", None)]),
    "a table renamed": ("ALTER TABLE loose RENAME TO tight", [("unnamed", None), ("gone", None)]),
    "a table of another schema": (
        "CREATE SCHEMA s; ALTER TABLE loose SET SCHEMA s",
        [("unnamed", None), ("gone", None)],
    ),
    "a schema more, with a table": ("CREATE SCHEMA s; CREATE TABLE s.users (id int)", [("unnamed", None)]),
    "a table that became a partition": (
        "ALTER TABLE parts ATTACH PARTITION loose FOR VALUES FROM (20) TO (30)",
        [("partition", None)],
    ),
    "a partition that became a table": ("ALTER TABLE parts DETACH PARTITION part_1", [("unnamed", None)]),
    # what it is
    "another type": ("ALTER TABLE loose ALTER id TYPE bigint", [("retyped", "id")]),
    "another type, which the mask cannot take": (
        "ALTER TABLE users ALTER email TYPE int USING 7",
        [("retyped", "email"), ("unsuitable", "email")],
    ),
    "a shorter text": ("ALTER TABLE mail ALTER sender TYPE varchar(30)", [("retyped", "sender")]),
    "another element of an array": ("ALTER TABLE users ALTER tags TYPE varchar(9)[]", [("retyped", "tags")]),
    "no array any more": ("ALTER TABLE users ALTER tags TYPE text USING 'x'", [("retyped", "tags")]),
    "a field more of a composite type": ("ALTER TYPE place ADD ATTRIBUTE door text CASCADE", [("retyped", "home")]),
    "a field of it renamed": (
        "ALTER TYPE place RENAME ATTRIBUTE street TO road CASCADE",
        [("retyped", "home"), ("unsuitable", "home")],
    ),
    "another type below a domain of the same name": (
        "ALTER TABLE users ALTER code TYPE text; DROP DOMAIN code; CREATE DOMAIN code AS text; "
        "ALTER TABLE users ALTER code TYPE code",
        [("retyped", "code")],
    ),
    "a column that is generated now": (
        "ALTER TABLE users DROP note; ALTER TABLE users ADD note text GENERATED ALWAYS AS (lower(name)) STORED",
        [("gone", "note")],
    ),
    "a column that is no longer generated": ("ALTER TABLE users ALTER loud DROP EXPRESSION", [("unnamed", "loud")]),
    "a label more of an enum": ("ALTER TYPE mood ADD VALUE 'glad'", [("unsuitable", "mood")]),
    "a label of it renamed": ("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", [("unsuitable", "mood")]),
    # what it must satisfy
    "NOT NULL under the mask null": (
        "UPDATE users SET note = ''; ALTER TABLE users ALTER note SET NOT NULL",
        [("not-null", "note")],
    ),
    "NOT NULL by a domain": (
        "UPDATE users SET note = ''; CREATE DOMAIN said AS text NOT NULL; ALTER TABLE users ALTER note TYPE said",
        [("retyped", "note"), ("not-null", "note")],
    ),
    "a unique column": ("ALTER TABLE users ADD UNIQUE (name)", [("unique", "name")]),
    "a column of a unique index of several": ("CREATE UNIQUE INDEX ON users (id, name)", [("unique", "name")]),
    "a unique expression": ("CREATE UNIQUE INDEX ON users (left(code, 3))", [("unique", "code")]),
    "an exclusion constraint": ("ALTER TABLE users ADD EXCLUDE USING btree (rank WITH =)", [("unique", "rank")]),
    "a unique column in one partition": ("CREATE UNIQUE INDEX ON part_1 (name)", [("unique", "name")]),
    "a reference whose other end is kept": (
        "CREATE UNIQUE INDEX ON loose (name); "
        "ALTER TABLE mail ADD FOREIGN KEY (sender) REFERENCES loose (name) NOT VALID",
        [("foreign-key", "sender")],
    ),
    "a reference of what is kept": (
        "ALTER TABLE users ADD UNIQUE (code); ALTER TABLE loose ADD FOREIGN KEY (name) REFERENCES users (code)",
        [("foreign-key", "name")],
    ),
    "a domain's condition": (
        "ALTER DOMAIN positive ADD CHECK (VALUE = 7)",
        [("check", "rank")],
    ),
    "a table's condition": ("ALTER TABLE users ADD CHECK (length(email) = 11)", [("check", "email")]),
    "a column that rows are put into partitions by": (
        "ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE; ALTER TABLE users RENAME TO old; "
        "CREATE TABLE users (LIKE old INCLUDING GENERATED) PARTITION BY LIST (email); DROP TABLE old",
        [("partition", "email")],
    ),
    # what stands inside
    "a new path": ("""UPDATE users SET doc = '{"who": {"phone": "1"}}'""", [("json-path", "doc")]),
    "a path renamed": ("""UPDATE users SET doc = '{"Who": {"mail": "a@corp.test"}}'""", [("json-path", "doc")]),
    "a number that is an object now": (
        """UPDATE users SET doc = '{"plan": {"of": "a@corp.test"}}'""",
        [("json-path", "doc")],
    ),
    "a list of numbers of objects": ("""UPDATE users SET doc = '{"list": [{"of": "Ann"}]}'""", [("json-path", "doc")]),
    "an object that is a text now": ("""UPDATE users SET doc = '{"who": "Ann"}'""", [("json-path", "doc")]),
    "a document that is a text": ("""UPDATE users SET doc = '"Ann"'""", [("json-path", "doc")]),
    # what is no column
    "a comment": ("COMMENT ON TABLE loose IS 'ask maria.rossi@corp.test'", [("literal", None)]),
    "a default": ("ALTER TABLE loose ALTER name SET DEFAULT 'maria.rossi@corp.test'", [("literal", None)]),
    "a view": ("CREATE VIEW v AS SELECT 'maria.rossi@corp.test' AS boss", [("literal", None)]),
}
NONE = {
    "a partition more": "CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM (10) TO (20)",
    "a table that inherits what it had": "CREATE TABLE heir () INHERITS (loose); DROP TABLE heir",
    "another expression": (
        "ALTER TABLE users DROP loud; ALTER TABLE users ADD loud text GENERATED ALWAYS AS (lower(name)) STORED"
    ),
    "a view, a materialized view, a sequence, a function, a trigger": (
        "CREATE VIEW v AS SELECT * FROM users; CREATE MATERIALIZED VIEW m AS SELECT * FROM users; CREATE SEQUENCE s; "
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
        "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f()"
    ),
    "a foreign table, whose rows never come": (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER far FOREIGN DATA WRAPPER w; "
        "CREATE FOREIGN TABLE f (a int) SERVER far"
    ),
    "another collation, order of columns, default and storage": (
        'ALTER TABLE loose ALTER name TYPE text COLLATE "C"; ALTER TABLE loose ALTER id SET DEFAULT 7'
    ),
    "an index that is not unique": "CREATE INDEX ON users (name)",
    "NOT NULL under another mask": "ALTER TABLE users ALTER email SET NOT NULL",
    "a label of an enum that is kept": "CREATE TYPE hue AS ENUM ('red'); DROP TYPE hue",
}


@pytest.fixture(scope="module")
def source(postgres_server: Any) -> Iterator[str]:
    """A database for which the policy was written."""
    with postgres_server.scratch(prefix="drift") as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            for statement in SCHEMA:
                connection.execute(statement.encode())
        yield dsn


@pytest.fixture(scope="module")
def rules(source: str) -> policy.Policy:
    """The policy, with all that is there recorded."""
    written = policy.parse(POLICY)
    with reading(source_end(source, "source")) as connection:
        tables = catalog.tables(connection)
        inside = drifting.kept(connection, written, tables, 100)
        return policy.parse(
            record.recorded(POLICY, [table for table in tables if table.name in written.tables], inside)
        )


def found(source: str, rules: policy.Policy, statements: str) -> list[tuple[str, str | None]]:
    """What is found after statements, which are taken back."""
    end = source_end(source, "source")
    with end.connect(autocommit=False) as connection:
        connection.execute(f"SET TRANSACTION READ WRITE; SET LOCAL search_path = public; {statements}".encode())
        connection.execute("SET LOCAL search_path = ''")
        checked = draft.examined(connection, end, rules, sample=100)
        connection.rollback()
    return [(finding.kind, finding.column) for finding in checked.findings]


def test_nothing_has_drifted(source: str, rules: policy.Policy) -> None:
    """What was recorded fits."""
    assert found(source, rules, "SELECT") == []


@pytest.mark.parametrize("drift", DRIFT)
def test_drift_is_found(drift: str, source: str, rules: policy.Policy) -> None:
    """By its kind and its column, and nothing else with it."""
    statements, expected = DRIFT[drift]
    assert sorted(found(source, rules, statements), key=str) == sorted(expected, key=str)


@pytest.mark.parametrize("change", NONE)
def test_what_no_policy_need_know_is_none(change: str, source: str, rules: policy.Policy) -> None:
    """The clone carries it over, makes it anew from what is masked, or says that it leaves it out."""
    assert found(source, rules, NONE[change]) == []
