"""Subsets at their edges: empty tables, hostile names, keys half NULL, partitions, conditions that ask others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from anonymizer import catalog, endpoint
from anonymizer import plan as planning
from anonymizer.errors import AnonymizerError
from anonymizer.policy import Policy
from anonymizer.subset.choice import Source, choose

SCHEMA = r"""
CREATE SCHEMA "s.""t: 5%";
CREATE TABLE "s.""t: 5%"."us ers" ("i d" int, "wh'ere" text, "a%b" int, PRIMARY KEY ("i d", "a%b"));
INSERT INTO "s.""t: 5%"."us ers" SELECT n, 'x' || n, n % 3 FROM generate_series(1, 90) n;
CREATE TABLE "s.""t: 5%"."Orders;--" ("no" int PRIMARY KEY, "u\s" int, "a%b" int,
    CONSTRAINT "f; ""k" FOREIGN KEY ("u\s", "a%b") REFERENCES "s.""t: 5%"."us ers");
INSERT INTO "s.""t: 5%"."Orders;--" SELECT n, n, CASE WHEN n % 2 = 0 THEN n % 3 END FROM generate_series(1, 90) n;
CREATE TABLE empty (id int PRIMARY KEY);
CREATE TABLE of_empty (id int PRIMARY KEY, empty_id int REFERENCES empty);
INSERT INTO of_empty SELECT n FROM generate_series(1, 10) n;
CREATE TABLE events (day int, id int, who text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10) PARTITION BY LIST (id);
CREATE TABLE events_1_1 PARTITION OF events_1 DEFAULT;
CREATE TABLE events_2 PARTITION OF events DEFAULT;
INSERT INTO events SELECT n % 20, n, 'w' || n FROM generate_series(1, 200) n;
CREATE TABLE notes (event int, day int, note text, FOREIGN KEY (event, day) REFERENCES events);
INSERT INTO notes SELECT id, day, 'n' FROM events;
CREATE TABLE vips (id int);
INSERT INTO vips SELECT n FROM generate_series(1, 5) n;
CREATE FUNCTION luck(int) RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT true';
CREATE VIEW chosen AS SELECT id FROM vips;
"""
USERS = '"s.""t: 5%"."us ers"'
ORDERS = '"s.""t: 5%"."Orders;--"'


MASKS = {USERS: {"wh'ere": "text"}, "public.events": {"who": "text"}, "public.notes": {"note": "text"}}
TABLES = {"users": USERS, "orders": ORDERS, **{n: n for n in ("empty", "of_empty", "events", "notes", "vips")}}


def rules_of(pair: Any, subset: dict[str, Any]) -> Policy:
    names = {"users": USERS, "orders": ORDERS}
    return pair.policy(MASKS, subset={names.get(name, f"public.{name}"): rule for name, rule in subset.items()})


def chosen(pair: Any, **subset: Any) -> dict[str, int]:
    """How many rows of each table come by rules; those of tables that are not concerned come whole."""
    rules, end = rules_of(pair, subset), endpoint.source(pair.source, "the source")
    with end.connect(autocommit=False) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = str(connection.execute("SELECT pg_export_snapshot()").fetchone()[0])
        tables = catalog.tables(connection)
        plans = planning.lay(rules, tables, catalog.foreign_keys(connection))
        found = choose(Source(connection, end, str(pair.programs.psql), snapshot), rules, pair.key, tables, plans)
    rows = {str(table.table): table.rows for table in found.tables}
    named = {name: table if "." in table else f"public.{table}" for name, table in TABLES.items()}
    return {name: rows[text] for name, text in named.items() if text in rows}


@pytest.fixture(scope="module")
def asked(open_pair: Callable[..., AbstractContextManager[Any]]) -> Iterator[Any]:
    """A source that is only asked."""
    with open_pair() as pair:
        pair.sql(SCHEMA)
        yield pair


def test_edges(pair: Any) -> None:
    """Whatever the names; a key half NULL refers to nothing; nothing of nothing is nothing."""
    pair.sql(SCHEMA)
    some = {"where": '"i d" <= 30 and "wh\'ere" <> \';--%\''}
    assert chosen(pair, users=some, empty="50%") == {"users": 30, "orders": 15, "empty": 0, "of_empty": 0}
    # of a named table those come too that refer to nobody
    assert chosen(pair, users=some, orders="100%") == {"users": 30, "orders": 15 + 45}
    for nothing in ("0%", 0, {"where": "false"}, {"where": "NULL::boolean"}):
        assert chosen(pair, users=nothing) == {"users": 0, "orders": 0}
    assert chosen(pair, users=1000)["users"] == 90
    pair.clone(rules_of(pair, {"users": some, "empty": "50%"}))
    counts = {name: pair.sql(f"SELECT count(*) FROM {table}", target=True)[0][0] for name, table in TABLES.items()}
    assert counts == {"users": 30, "orders": 15, "empty": 0, "of_empty": 0, "events": 200, "notes": 200, "vips": 5}


def test_conditions_that_ask_others(asked: Any) -> None:
    """Over all partitions, by another table or a view, correlated, with the table's own name."""
    for condition, count in {
        "id in (select id from public.vips)": 5,
        "exists (select from public.chosen v where v.id = events.id)": 5,
        "id = (select max(id) from public.events)": 1,
        "day = any (array[3, 4]) and who like 'w%'": 20,
        "id % 10 = 0 or who is null": 20,
    }.items():
        assert chosen(asked, events={"where": condition}) == {"events": count, "notes": count}, condition


@pytest.mark.parametrize(
    "condition",
    [
        "random() < 0.5",
        "public.luck(id)",
        "luck(id)",
        "id in (select id from public.vips where public.luck(id))",
        "clock_timestamp() > now()",
        "nextval('s') > 0",
        "pg_sleep(9) is null",
        "setval('s', 1) > 0",
        "id = 1 for update",
        "pg_read_file('x') is null",
        "lo_import('x') > 0",
        "exists (table public.nowhere)",
        "1",
        "count(*) > 1",
        "who",
    ],
)
def test_what_is_no_condition_is_refused(asked: Any, condition: str) -> None:
    """It draws anew each time, acts, or is none."""
    with pytest.raises(AnonymizerError) as refused:
        chosen(asked, events={"where": condition})
    assert refused.value.exit_code in (2, 4)
