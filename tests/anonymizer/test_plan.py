"""The policy laid over the catalog: nothing is decided by default, and both ends of a reference are treated alike."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from anonymizer import catalog, plan, policy
from anonymizer.finding import Finding
from anonymizer.plan import ColumnPlan, TablePlan


@pytest.fixture
def find(database: str) -> Callable[[str, str], list[Finding]]:
    """What is found for a schema and the tables of a policy."""

    def found(schema: str, tables: str) -> list[Finding]:
        with psycopg.connect(database) as connection:
            connection.execute(schema.encode())
            rules = policy.parse("version = 1\n" + tables)
            return plan.findings(rules, catalog.tables(connection), catalog.foreign_keys(connection))

    return found


@pytest.fixture
def lay(database: str) -> Callable[[str, str], dict[str, TablePlan]]:
    """The plans for a schema by the tables of a policy."""

    def laid(schema: str, tables: str) -> dict[str, TablePlan]:
        with psycopg.connect(database) as connection:
            connection.execute(schema.encode())
            rules = policy.parse("version = 1\n" + tables)
            plans = plan.lay(rules, catalog.tables(connection), catalog.foreign_keys(connection))
            return {found.name.name: found for found in plans}

    return laid


def column(found: TablePlan, name: str) -> ColumnPlan:
    return next(column for column in found.columns if column.name == name)


def test_every_partition_has_a_plan_and_its_own_order_of_columns(lay: Callable[..., dict[str, TablePlan]]) -> None:
    """By the entry of its root; the partitioned table itself holds nothing. Generated columns are not copied."""
    found = lay(
        "CREATE TABLE p (a int, b text, c int GENERATED ALWAYS AS (a) STORED) PARTITION BY LIST (a);"
        "CREATE TABLE q (b text, c int GENERATED ALWAYS AS (a) STORED, a int);"
        "ALTER TABLE p ATTACH PARTITION q FOR VALUES IN (1)",
        '[tables."public.p"]\na = "keep"\nb = "text"',
    )
    assert set(found) == {"q"}
    assert [(c.name, c.mask.name) for c in found["q"].columns] == [("b", "text"), ("a", "keep")]


def test_both_ends_of_a_reference_are_cut_to_the_shorter_one(lay: Callable[..., dict[str, TablePlan]]) -> None:
    """Over any number of steps and around a circle; a column that takes no part keeps its own length."""
    found = lay(
        "CREATE TABLE a (e varchar(80) UNIQUE, x varchar(90)); CREATE TABLE b (e text UNIQUE REFERENCES a (e));"
        "CREATE TABLE c (e varchar(60) UNIQUE REFERENCES b (e)); ALTER TABLE a ADD FOREIGN KEY (e) REFERENCES c (e)",
        '[tables."public.a"]\ne = "email"\nx = "text"\n'
        '[tables."public.b"]\ne = "email"\n[tables."public.c"]\ne = "email"',
    )
    assert {name: column(table, "e").max_length for name, table in found.items()} == {"a": 60, "b": 60, "c": 60}
    assert column(found["a"], "x").max_length == 90


@pytest.mark.parametrize(
    ("schema", "tables", "kinds"),
    [
        ("CREATE TABLE t (a int)", "", ["unnamed"]),
        ("CREATE TABLE t ()", '[tables."public.t"]', []),
        ("CREATE TABLE t (a text[] NOT NULL)", '[tables."public.t"]\na = "null"', ["not-null"]),
        ("CREATE TABLE t (a int GENERATED ALWAYS AS (1) STORED)", '[tables."public.t"]\na = "keep"', ["gone"]),
        (
            "CREATE TABLE p (a int, b text) PARTITION BY LIST (a); CREATE TABLE q PARTITION OF p DEFAULT;"
            "CREATE UNIQUE INDEX ON q (b)",
            '[tables."public.p"]\na = "keep"\nb = "text"',
            ["unique"],
        ),
        (
            "CREATE TABLE p (a int, b text) PARTITION BY LIST (a); CREATE TABLE q PARTITION OF p DEFAULT;"
            "ALTER TABLE q ALTER b SET NOT NULL",
            '[tables."public.p"]\na = "keep"\nb = "null"',
            ["not-null"],
        ),
        (
            "CREATE TABLE p (a int, b text) PARTITION BY LIST (a);"
            "CREATE TABLE q PARTITION OF p DEFAULT PARTITION BY HASH (b)",
            '[tables."public.p"]\na = "keep"\nb = "text"',
            ["partition"],
        ),
        (
            "CREATE TABLE a (x int PRIMARY KEY); CREATE TABLE b (x int REFERENCES a)",
            '[tables."public.a"]\n"*" = "drop-rows"\n[tables."public.b"]\n"*" = "keep"',
            ["foreign-key"],
        ),
        (
            "CREATE TABLE a (x int PRIMARY KEY); CREATE TABLE b (x int REFERENCES a)",
            '[tables."public.a"]\n"*" = "drop-rows"\n[tables."public.b"]\n"*" = "null"',
            [],
        ),
        (
            "CREATE TABLE a (x int PRIMARY KEY); CREATE TABLE b (x int REFERENCES a)",
            '[tables."public.a"]\n"*" = "keep"\n[tables."public.b"]\n"*" = "drop-rows"',
            [],
        ),
        (
            "CREATE TABLE a (x text PRIMARY KEY, up text REFERENCES a)",
            '[tables."public.a"]\nx = "email"\nup = { mask = "email", domain = "boss" }',
            ["foreign-key"],
        ),
        ("CREATE TABLE t (a inet UNIQUE)", '[tables."public.t"]\na = { mask = "ip", unique = true }', ["unsuitable"]),
    ],
)
def test_what_speaks_against_a_policy(
    find: Callable[[str, str], list[Finding]], schema: str, tables: str, kinds: list[str]
) -> None:
    """Each as a word for programs; what holds in one partition holds for the entry of all."""
    found = [finding.kind for finding in find(schema, tables)]
    assert found[: len(kinds)] == kinds
    assert bool(found) == bool(kinds)
