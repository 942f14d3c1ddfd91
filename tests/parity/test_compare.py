"""Two schemas: same, differ, or cannot tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from understudy.parity import Answer, compare
from understudy.parity.parity import MakeWorkshop
from understudy.postgres import connect
from understudy.postgres.programs import run
from understudy.rollout.schemas import migration_files

MIGRATIONS = Path(__file__).parents[2] / "migrations"

BASE = """
CREATE TABLE t (id int PRIMARY KEY, name varchar(10), CONSTRAINT small CHECK (id < 100));
CREATE INDEX t_name ON t (name);
CREATE VIEW v AS SELECT id FROM t;
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER stamp BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION stamp();
"""

MakeDatabase = Callable[[], str]


def execute(dsn: str, text: str) -> str:
    with connect(dsn) as connection:
        connection.execute(text)
    return dsn


def migrated(dsn: str) -> str:
    for file in migration_files(MIGRATIONS):
        execute(dsn, file.read_text())
    return dsn


def test_two_databases_migrated_from_one_folder_are_the_same(make_any_database: MakeDatabase) -> None:
    """The same migrations make the same schema."""
    verdict = compare(migrated(make_any_database()), migrated(make_any_database()))
    assert verdict.answer is Answer.SAME, verdict
    assert verdict.objects[0] > 100


def test_a_restored_dump_is_the_same(make_any_database: MakeDatabase) -> None:
    """What pg_dump writes and psql restores is the schema it came from."""
    source, restored = migrated(make_any_database()), make_any_database()
    with connect(source) as connection:
        major = connection.info.server_version // 10000
    script = run("pg_dump", "--schema-only", dsn=source, server_major=major)
    run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", dsn=restored, server_major=major, input_text=script)
    verdict = compare(source, restored)
    assert verdict.answer is Answer.SAME, verdict


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ("CREATE TABLE u (id int)", {("table", "public.u", "presence")}),
        ("DROP TABLE t CASCADE", {("table", "public.t", "presence"), ("view", "public.v", "presence")}),
        ("ALTER TABLE t SET UNLOGGED", {("table", "public.t", "persistence")}),
        ("ALTER TABLE t ADD extra text", {("column", "public.t.extra", "presence")}),
        ("ALTER TABLE t DROP name", {("column", "public.t.name", "presence"), ("index", "public.t_name", "presence")}),
        ("ALTER TABLE t ALTER name TYPE varchar(20)", {("column", "public.t.name", "type")}),
        ("ALTER TABLE t ALTER name SET DEFAULT 'x'", {("column", "public.t.name", "default")}),
        ("ALTER TABLE t ALTER name SET NOT NULL", {("column", "public.t.name", "not null")}),
        ("ALTER TABLE t ADD CONSTRAINT c CHECK (id > 0)", {("constraint", "public.t.c", "presence")}),
        ("ALTER TABLE t DROP CONSTRAINT small", {("constraint", "public.t.small", "presence")}),
        (
            "ALTER TABLE t DROP CONSTRAINT small, ADD CONSTRAINT small CHECK (id < 99)",
            {("constraint", "public.t.small", "expression")},
        ),
        ("CREATE INDEX u ON t (id)", {("index", "public.u", "presence")}),
        ("DROP INDEX t_name", {("index", "public.t_name", "presence")}),
        (
            "DROP INDEX t_name; CREATE INDEX t_name ON t (name DESC NULLS FIRST)",
            {("index", "public.t_name", "directions")},
        ),
        ("CREATE VIEW w AS SELECT 1 AS one", {("view", "public.w", "presence")}),
        ("DROP VIEW v", {("view", "public.v", "presence")}),
        ("CREATE OR REPLACE VIEW v AS SELECT id FROM t WHERE id > 1", {("view", "public.v", "definition")}),
        ("CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'", {("function", "public.g()", "presence")}),
        ("DROP FUNCTION f(int)", {("function", "public.f(integer)", "presence")}),
        (
            "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1'",
            {("function", "public.f(integer)", "body")},
        ),
        (
            "CREATE TRIGGER again AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION stamp()",
            {("trigger", "public.t.again", "presence")},
        ),
        ("DROP TRIGGER stamp ON t", {("trigger", "public.t.stamp", "presence")}),
        ("ALTER TABLE t DISABLE TRIGGER stamp", {("trigger", "public.t.stamp", "enabled")}),
    ],
)
def test_a_change_is_seen_from_both_sides(
    make_any_database: MakeDatabase, make_workshop: MakeWorkshop, change: str, seen: set[tuple[str, str, str]]
) -> None:
    """Each difference is named once, whichever side is LEFT, with the values swapped."""
    left, right = execute(make_any_database(), BASE), execute(make_any_database(), BASE + change)
    forth = compare(left, right, make_workshop=make_workshop)
    back = compare(right, left, make_workshop=make_workshop)
    assert forth.answer is back.answer is Answer.DIFFER
    assert {(d.kind, d.path, d.attribute) for d in forth.differences} == seen
    assert [(d.key, d.attribute, d.right, d.left) for d in back.differences] == [
        (d.key, d.attribute, d.left, d.right) for d in forth.differences
    ]


def test_the_migration_journal_is_left_out_and_said(make_any_database: MakeDatabase) -> None:
    """The runner's own schema `understudy` is not the product's."""
    left = execute(make_any_database(), BASE)
    right = execute(make_any_database(), BASE + "CREATE SCHEMA understudy; CREATE TABLE understudy.migrations (id int)")
    verdict = compare(left, right)
    assert verdict.answer is Answer.SAME
    assert any("understudy" in note for note in verdict.notes)
