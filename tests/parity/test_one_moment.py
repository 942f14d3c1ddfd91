"""A schema is read as it was at one moment, whatever others do to it meanwhile."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
import pytest

from understudy.catalog import Kind, Snapshot, read, reader
from understudy.parity import Answer, Options, compare
from understudy.parity.parity import HEARINGS
from understudy.postgres import connect

PATIENCE = 60
LOCK = 20261121
BASE = "CREATE TABLE t (id int); CREATE TABLE u (id int); CREATE VIEW v AS SELECT id FROM u"
"""To write the view down the server locks what it reads from, until the snapshot is read: `t` stays free."""

MakeDatabase = Callable[[], str]

WAITING = Kind(
    name="waiting",
    catalog="pg_class",
    source=f"(SELECT pg_advisory_xact_lock_shared({LOCK})) x(waited) WHERE waited IS NULL",
    path="''",
    attributes=(),
    oid="0",
)
"""A kind without objects, whose query waits for whoever holds the lock."""


def execute(dsn: str, text: str) -> str:
    with connect(dsn) as connection:
        connection.execute(text)
    return dsn


@pytest.fixture
def halfway(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every read stops after the relations and before their columns while the lock is held."""
    kinds = list(reader.KINDS)
    kinds.insert([kind.name for kind in kinds].index("column"), WAITING)
    monkeypatch.setattr(reader, "KINDS", tuple(kinds))


@contextlib.contextmanager
def held(dsn: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection that holds the lock until its `with` block ends."""
    with connect(dsn) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        yield connection


def wait_for_reader(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Returns when a session waits for the lock: it has read some of the catalogs and not the others."""
    deadline = time.monotonic() + PATIENCE
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
    while not connection.execute(waiting, [LOCK]).fetchone():
        assert time.monotonic() < deadline, "nobody came to read"
        time.sleep(0.01)


def reading(pool: ThreadPoolExecutor, dsn: str) -> Future[Snapshot]:
    def go() -> Snapshot:
        with connect(dsn) as connection:
            return read(connection)

    return pool.submit(go)


def test_what_is_made_meanwhile_is_not_seen_by_halves(make_any_database: MakeDatabase, halfway: None) -> None:
    """A table that somebody makes after the tables were read has no columns in the snapshot either."""
    dsn = execute(make_any_database(), BASE)
    with ThreadPoolExecutor(1) as pool:
        with held(dsn) as connection:
            snapshot = reading(pool, dsn)
            wait_for_reader(connection)
            connection.execute("CREATE TABLE w (id int); COMMENT ON TABLE t IS 'later'; ALTER TABLE t ADD more int")
        seen = snapshot.result(timeout=PATIENCE)
    tables = {key for key in seen.objects if key.startswith("table ")}
    columns = {key for key in seen.objects if key.startswith("column ")}
    assert tables == {"table public.t", "table public.u"}
    assert columns == {"column public.t.id", "column public.u.id", "column public.v.id"}
    assert seen.objects["table public.t"].values["comment"] is None


def test_a_change_during_the_read_changes_the_stamp(make_any_database: MakeDatabase) -> None:
    """What the server resolves names by is in the stamp; rows, statistics and temporary tables are not."""
    dsn = execute(make_any_database(), f"{BASE}; CREATE TYPE e AS ENUM ('a'); CREATE INDEX i ON t (id)")
    with connect(dsn) as connection:
        before = reader.stamp(connection)
        execute(
            dsn, "INSERT INTO t VALUES (1); ANALYZE t; CREATE TEMPORARY TABLE x (id int PRIMARY KEY, CHECK (id > 1))"
        )
        assert reader.stamp(connection) == before
        for change in (
            "ALTER TABLE t RENAME TO w",
            "ALTER TABLE u RENAME id TO number",
            "ALTER TYPE e RENAME VALUE 'a' TO 'b'",
            "ALTER INDEX i RENAME TO j",
            "CREATE OR REPLACE VIEW v AS SELECT number AS id FROM u WHERE number > 1",
            "ALTER SCHEMA public RENAME TO private",
            "DROP VIEW private.v",
        ):
            execute(dsn, change)
            after = reader.stamp(connection)
            assert after != before, change
            before = after


def test_a_schema_that_is_renamed_while_it_is_read_is_read_again(
    make_any_database: MakeDatabase, halfway: None
) -> None:
    """A name that is another one halfway through is never compared: the verdict is that on the schema as it then is."""
    left, right = execute(make_any_database(), BASE), execute(make_any_database(), BASE)
    with ThreadPoolExecutor(1) as pool:
        with held(left) as connection:
            verdict = pool.submit(compare, left, right, Options(second_witness=False))
            wait_for_reader(connection)
            connection.execute("ALTER TABLE t RENAME TO w")
        seen = verdict.result(timeout=PATIENCE)
    assert {(d.path, d.attribute) for d in seen.differences} == {("public.t", "presence"), ("public.w", "presence")}
    assert seen.reasons == []


def test_a_schema_that_never_keeps_still_is_untold(
    make_any_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A schema that is changed during every one of the attempts is "cannot tell", and the reason names the side."""
    left, right = execute(make_any_database(), BASE), execute(make_any_database(), BASE)
    numbers = itertools.count()
    query = reader.query

    def changing(kind: Kind, major: int, hidden: frozenset[str] = frozenset()) -> str:
        if kind.name == "column":
            for dsn in (left, right):
                execute(dsn, f"CREATE TABLE again_{next(numbers)} ()")
        return query(kind, major, hidden)

    monkeypatch.setattr(reader, "query", changing)
    verdict = compare(left, right, Options(second_witness=False))
    assert verdict.answer is not Answer.SAME
    assert {reason.partition(":")[0] for reason in verdict.reasons} == {"LEFT", "RIGHT"}
    assert all("being changed" in reason for reason in verdict.reasons)
    assert next(numbers) >= 2 * 2 * HEARINGS
