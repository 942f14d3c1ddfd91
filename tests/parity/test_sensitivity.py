"""`understudy parity --sensitivity`: every change to a copy of the user's own schema is seen."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from understudy.catalog import KINDS, read
from understudy.catalog.contract import Treatment, load
from understudy.catalog.model import DESCRIBED
from understudy.parity import sensitivity
from understudy.parity.comparison import kind_word
from understudy.parity.sensitivity import trials
from understudy.parity.sensitivity.changes import CHANGES, UNCHANGED
from understudy.parity.verdict import PRESENCE
from understudy.parity.workshop import Workshop
from understudy.postgres import Server, connect
from understudy.postgres.errors import PostgresError

EVERYTHING = Path(__file__).parents[1] / "cases" / "sensitivity" / "everything.sql"
ALL = bool(os.environ.get("UNDERSTUDY_ALL_CASES"))


def compared(kind: str) -> list[tuple[str, str]]:
    """The columns of the contract that reach a kind: the attribute, and the column as `catalog.column`."""
    found = []
    for column in load().columns:
        if column.treatment is Treatment.COMPARED:
            found += [
                (attribute, f"{column.catalog}.{column.name}")
                for where, attribute, _ in column.destinations()
                if where == kind
            ]
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_attribute_has_a_change_or_a_reason(kind: object) -> None:
    """No attribute of any kind is compared for which neither is declared; nor is one declared that is not compared."""
    model = next(k for k in KINDS if k is kind)
    attributes = {a.name for a in model.attributes} | {PRESENCE}
    attributes |= {a.name for a in DESCRIBED} if model.described else set()
    declared = {change.attribute for change in CHANGES[model.name]}
    reasoned = {attribute for name, attribute in UNCHANGED if name == model.name}
    assert attributes - declared - reasoned == set(), "neither a change nor a reason"
    assert (declared | reasoned) - attributes == set(), "no such attribute"
    assert declared & reasoned == set(), "a change, and a reason why there is none"


def test_every_compared_column_of_the_contract_has_a_change() -> None:
    """Where several columns make up one attribute, some change says that it changes that column."""
    missing = []
    changed: set[str] = set()
    sole: set[str] = set()
    for kind in (k.name for k in KINDS):
        reach = compared(kind)
        for change in CHANGES[kind]:
            columns = {column for attribute, column in reach if attribute == change.attribute}
            assert set(change.columns) <= columns, (kind, change.attribute, set(change.columns) - columns)
            changed |= set(change.columns)
            sole |= columns if len(columns) == 1 else set()
    for column in load().columns:
        name = f"{column.catalog}.{column.name}"
        places = [where for where, _, _ in column.destinations()] if column.treatment is Treatment.COMPARED else []
        if places and places != ["every kind"] and name not in changed | sole:
            missing.append(name)
    assert missing == []


Copies = Callable[[], set[str]]


@pytest.fixture
def left_over(parity_server: Server) -> Copies:
    """The scratch databases that were not there when the test began."""

    def there() -> set[str]:
        return {name for name in parity_server.databases() if name.startswith("parity_")}

    before = there()
    return lambda: there() - before


def versions_of_rows(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, set[tuple[object, ...]]]:
    """Which version of each row there is, of every table of a database; statistics and what it shares left out.

    Whatever writes a row makes a version of it, at another place and by another transaction.
    """
    tables = connection.execute(
        "SELECT oid::regclass::text FROM pg_class "
        "WHERE relkind = 'r' AND NOT relisshared AND relname !~ '^pg_statistic'"
    ).fetchall()
    return {
        str(table): set(connection.execute(f"SELECT ctid::text, xmin::text, xmax::text FROM {table}".encode()))
        for (table,) in tables
    }


def test_every_change_to_this_repository_s_own_schema_is_seen(
    parity_server: Server, make_migrated_database: Callable[[], str], left_over: Copies
) -> None:
    """Each change that could be made was seen; of the database that was asked about no row was written, no copy stays.

    By the catalogs alone, which takes seconds; by both witnesses with UNDERSTUDY_ALL_CASES.
    """
    ours = make_migrated_database()
    with connect(ours) as connection:
        before = versions_of_rows(connection)
    with Workshop(parity_server) as workshop:
        made = sensitivity.prove(ours, workshop, ["understudy"], second_witness=ALL)
    assert [trial for trial in made if trial.seen is False] == []
    assert [trial for trial in made if trial.defects or trial.by == "dump"] == []
    tried = {trial.kind for trial in made if trial.seen}
    assert tried >= {"table", "column", "foreign key", "primary key", "index", "view", "materialized view", "function"}
    with connect(ours) as connection:
        assert versions_of_rows(connection) == before
    assert left_over() == set()


NOT_HERE = {
    ("database", "presence"),
    ("window function", "rows"),
    ("window function", "SQL body"),
}
"""What cannot be changed where there is one of everything: a window function is in C, and returns no set."""


@pytest.mark.newest
def test_each_attribute_of_each_kind_is_changed_and_seen(server: Server) -> None:
    """Of one of everything: each attribute of each sort of object, on the newest version; on all with ALL_CASES."""
    with server.scratch(prefix="everything") as database, Workshop(server) as workshop:
        with connect(database) as connection:
            connection.execute("SET check_function_bodies = off")
            connection.execute(EVERYTHING.read_bytes())
            connection.execute(
                "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 5000', current_database()); END $$"
            )
            connection.execute(
                "CREATE SUBSCRIPTION sub CONNECTION 'host=nowhere' PUBLICATION a, b "
                "WITH (connect = false, slot_name = NONE)"
            )
            there = {kind_word(found) for found in read(connection).objects.values()}
        try:
            made = sensitivity.prove(database, workshop, second_witness=ALL)
        finally:
            with connect(database) as connection:
                connection.execute("DROP SUBSCRIPTION sub")
    assert [trial for trial in made if trial.seen is False] == []
    assert [trial for trial in made if trial.defects or trial.by == "dump"] == []
    untried = {(t.kind, t.attribute) for t in made if t.seen is None and "SECURITY LABEL knows" not in t.reason}
    assert untried - NOT_HERE == set()
    assert {kind.name for kind in KINDS} <= there


def test_what_fits_no_object_is_said_and_not_counted(parity_server: Server, database: str) -> None:
    """An attribute that no object here can change is reported as not tried, with the reason."""
    with connect(database) as connection:
        connection.execute("CREATE TABLE t (id int)")
    with Workshop(parity_server) as workshop:
        made = sensitivity.prove(database, workshop, second_witness=False)
    untried = {(t.kind, t.attribute): t.reason for t in made if t.seen is None}
    assert "a type of variable length" in untried["column", "storage"]
    assert "none is a foreign table" in untried["table", "server"]
    assert [t for t in made if t.seen is False] == []


def test_no_copy_stays_after_an_error(
    parity_server: Server, database: str, left_over: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails in the midst of it takes the copies with it, those of other workers too."""
    with connect(database) as connection:
        connection.execute("CREATE TABLE t (id int)")
    begun: list[set[str]] = []

    def fail(*_: object) -> None:
        begun.append(left_over())
        raise PostgresError("the disk is full")

    monkeypatch.setattr(trials, "dump", fail)
    with Workshop(parity_server) as workshop, pytest.raises(PostgresError, match="the disk is full"):
        sensitivity.prove(database, workshop)
    assert any(len(copies) > 1 for copies in begun)
    assert left_over() == set()
