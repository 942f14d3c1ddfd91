"""Up and down on a real server: all or nothing, once, in order, one at a time."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from understudy import migrate
from understudy.migrate.errors import (
    JournalMismatchError,
    LockedError,
    LockTimeoutError,
    MigrateError,
    MigrationFileError,
    MigrationRefused,
    StatementError,
)
from understudy.migrate.options import Options
from understudy.migrate.session import runner_session
from understudy.postgres import connect
from understudy.postgres.dsn import url

Write = Callable[[dict[str, str]], Path]
Ask = Callable[[str, str], list[tuple[Any, ...]]]

THREE = {
    "0001_a": "CREATE TABLE a (id int PRIMARY KEY, t text)",
    "0001_a.rollback": "DROP TABLE a",
    "0002_b": "CREATE TABLE b (id int REFERENCES a)",
    "0002_b.rollback": "DROP TABLE b",
    "0003_c": "CREATE TABLE c ()",
    "0003_c.rollback": "DROP TABLE c",
}
TABLES = (
    "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class"
    " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)


def test_up_applies_what_is_missing_and_nothing_twice(any_database: str, write: Write, ask: Ask) -> None:
    """Up goes to the top in order; a second up does nothing; a new file is applied alone."""
    folder = write(dict(list(THREE.items())[:4]))
    assert [one.label for one in migrate.up(any_database, folder)] == ["0001_a", "0002_b"]
    assert migrate.up(any_database, folder) == ()
    write(THREE)
    assert [one.version for one in migrate.up(any_database, folder)] == [3]
    assert ask(any_database, TABLES) == [("a,b,c",)]


def test_the_journal_keeps_what_who_how_long_and_which_program(database: str, write: Write, ask: Ask) -> None:
    """A row for each migration, in a schema of its own."""
    folder = write(THREE)
    migrate.up(database, folder)
    rows = ask(
        database,
        "SELECT version, name, checksum, applied_by = session_user, seconds > 0, program, baseline"
        " FROM understudy.migrations ORDER BY place",
    )
    first = migrate.read_folder(folder)[0]
    assert len(rows) == 3
    assert rows[0][:6] == (1, "a", first.up.checksum, True, True, __import__("understudy").__version__)


def test_up_and_down_stop_where_they_are_told(database: str, write: Write, ask: Ask) -> None:
    """--to N leaves N applied and nothing above it; down alone undoes the last; down to 0 undoes all."""
    folder = write(THREE)
    migrate.up(database, folder, to=2)
    assert ask(database, TABLES) == [("a,b",)]
    migrate.up(database, folder)
    assert [one.version for one in migrate.down(database, folder)] == [3]
    assert [one.version for one in migrate.down(database, folder, to=0)] == [2, 1]
    assert ask(database, TABLES) == [(None,)]
    assert migrate.down(database, folder) == ()


def test_a_number_that_no_migration_has_is_refused(database: str, write: Write) -> None:
    """A typing error in --to must not undo everything."""
    folder = write(THREE)
    with pytest.raises(MigrationRefused, match="no migration 7"):
        migrate.up(database, folder, to=7)
    migrate.up(database, folder)
    with pytest.raises(MigrationRefused, match="no migration 7"):
        migrate.down(database, folder, to=7)


def test_a_failing_migration_leaves_nothing_of_itself(database: str, write: Write, ask: Ask) -> None:
    """The ones before it stay, of it nothing does, and the message says where it failed."""
    folder = write(THREE | {"0002_b": "CREATE TABLE b ();\nSELECT 1;\nSELECT 1/0"})
    with pytest.raises(StatementError, match="0002_b failed") as caught:
        migrate.up(database, folder)
    assert "0002_b.sql, line 3: division by zero." in str(caught.value.detail)
    assert ask(database, TABLES) == [("a",)]
    assert [s.state for s in migrate.status(database, folder).standings] == ["applied", "pending", "pending"]


def test_an_error_never_repeats_a_value(database: str, write: Write) -> None:
    """What a data exception quotes is a row's value, and stays where it was."""
    folder = write(
        {"1_a": "CREATE TABLE t AS SELECT 'secret@example.com'::text AS x; ALTER TABLE t ALTER x TYPE int USING x::int"}
    )
    with pytest.raises(StatementError) as caught:
        migrate.up(database, folder)
    assert "secret" not in str(caught.value)


def test_an_entry_without_its_migration_cannot_be(database: str, write: Write, ask: Ask) -> None:
    """A run that ends between the last statement and the commit leaves neither the change nor the entry."""
    folder = write(THREE)

    def crash(moment: str, label: str, place: int) -> None:
        if moment == "unjournaled":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate.up(database, folder, options=Options(trace=crash))
    assert ask(database, TABLES) == [(None,)]
    assert len(migrate.up(database, folder)) == 3


def test_a_changed_file_stops_everything(database: str, write: Write) -> None:
    """A migration that was applied is history: another text under its number is refused, a line end is not."""
    folder = write(THREE)
    migrate.up(database, folder, to=2)
    (folder / "0001_a.sql").write_bytes(THREE["0001_a"].encode() + b"\r\n")
    assert migrate.status(database, folder).standings[0].state == "applied"
    write({"0001_a": "CREATE TABLE a (id bigint PRIMARY KEY)"})
    with pytest.raises(JournalMismatchError, match="0001_a changed"):
        migrate.up(database, folder)
    assert migrate.status(database, folder).standings[0].state == "changed"


def test_a_missing_file_stops_what_would_build_on_it(database: str, write: Write) -> None:
    """An older checkout neither applies nor undoes around a migration it does not know."""
    folder = write(THREE)
    migrate.up(database, folder, to=2)
    (folder / "0002_b.sql").unlink()
    (folder / "0002_b.rollback.sql").unlink()
    for what in (migrate.up, migrate.down):
        with pytest.raises(JournalMismatchError, match="0002_b is applied, but its file is missing"):
            what(database, folder)
    assert [s.state for s in migrate.status(database, folder).standings] == ["applied", "missing", "pending"]


def test_a_late_file_is_reported_and_applied_only_on_request(database: str, write: Write) -> None:
    """A lower number than what is applied is out of order; undoing goes back in the order of application."""
    folder = write({"0001_a": THREE["0001_a"], "0003_c": THREE["0003_c"], "0003_c.rollback": THREE["0003_c.rollback"]})
    migrate.up(database, folder)
    write(THREE)
    assert migrate.status(database, folder).standings[1].state == "out of order"
    with pytest.raises(JournalMismatchError, match="0002_b came too late"):
        migrate.up(database, folder)
    migrate.up(database, folder, options=Options(out_of_order=True))
    assert [one.version for one in migrate.down(database, folder, to=0)] == [2, 3, 1]


def test_a_missing_rollback_is_found_before_anything_is_undone(database: str, write: Write, ask: Ask) -> None:
    """Down to 0 over a migration without rollback touches nothing."""
    folder = write({name: text for name, text in THREE.items() if name != "0001_a.rollback"})
    migrate.up(database, folder)
    with pytest.raises(MigrationFileError, match="0001_a has no rollback"):
        migrate.down(database, folder, to=0)
    assert ask(database, TABLES) == [("a,b,c",)]


def test_what_a_migration_sets_ends_with_it(database: str, write: Write, ask: Ask) -> None:
    """search_path, role and timeouts of one file do not reach the next, nor the journal."""
    folder = write(
        {
            "1_a": "CREATE SCHEMA s; CREATE ROLE mig_nobody_x; SET ROLE mig_nobody_x; SET search_path = s",
            "2_b": "CREATE TABLE where_am_i ()",
        }
    )
    try:
        migrate.up(database, folder)
        assert ask(database, TABLES) == [("where_am_i",)]
    finally:
        ask(database, "DROP ROLE IF EXISTS mig_nobody_x")


# --- locks ---


def test_a_lock_that_is_not_to_be_had_is_given_up_in_time(database: str, write: Write, quick: Options) -> None:
    """lock_timeout, a bounded number of times; nothing of the migration stays, and others were not held up for long."""
    folder = write({"1_a": "CREATE TABLE t (id int)", "2_b": "CREATE TABLE u (); ALTER TABLE t ADD x int"})
    migrate.up(database, folder, to=1)
    waits: list[int] = []

    def trace(moment: str, label: str, place: int) -> None:
        if moment == "waiting":
            waits.append(place)

    with contextlib.closing(connect(database, autocommit=False)) as other:
        other.execute("SELECT * FROM t")
        with pytest.raises(LockTimeoutError, match="2_b") as caught:
            migrate.up(database, folder, options=replace(quick, trace=trace))
    assert waits == [1, 1]
    assert "2_b.sql, line 1" in str(caught.value.detail)
    assert "tried 3 times" in str(caught.value.detail)


def test_while_it_pauses_a_migration_holds_no_lock(database: str, write: Write, quick: Options, ask: Ask) -> None:
    """Between attempts the earlier statements' locks are given back; when the way is free it goes through."""
    folder = write(
        {"1_a": "CREATE TABLE t (id int); CREATE TABLE u (id int)", "2_b": "LOCK u; ALTER TABLE t ADD x int"}
    )
    migrate.up(database, folder, to=1)
    free: list[bool] = []
    with contextlib.closing(connect(database, autocommit=False)) as other:
        other.execute("SELECT * FROM t")

        def trace(moment: str, label: str, place: int) -> None:
            if moment == "waiting":
                with connect(database) as third:
                    third.execute("SET lock_timeout = '50ms'")
                    third.execute("SELECT * FROM u")
                free.append(True)
                other.rollback()

        migrate.up(database, folder, options=replace(quick, trace=trace))
    assert free == [True]


def test_a_files_own_lock_timeout_counts(database: str, write: Write, quick: Options, ask: Ask) -> None:
    """`-- lock-timeout:` in the header overrides the runner's."""
    folder = write({"1_a": "-- lock-timeout: 5s\nCREATE TABLE seen AS SELECT current_setting('lock_timeout')"})
    migrate.up(database, folder, options=quick)
    assert ask(database, "TABLE seen") == [("5s",)]


def test_the_pauses_grow_and_are_never_the_same(database: str, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pause is about twice the one before, shortened or lengthened at random, and bounded."""
    folder = write({"1_a": "CREATE TABLE t (id int)", "2_b": "ALTER TABLE t ADD x int"})
    migrate.up(database, folder, to=1)
    paused: list[float] = []
    monkeypatch.setattr("understudy.migrate.apply.time.sleep", paused.append)
    options = Options(lock_timeout_ms=10, attempts=9, first_pause_s=1.0, longest_pause_s=4.0)
    with contextlib.closing(connect(database, autocommit=False)) as other:
        other.execute("SELECT * FROM t")
        with pytest.raises(LockTimeoutError):
            migrate.up(database, folder, options=options)
    middles = [1.0, 2.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0]
    assert len(paused) == len(middles)
    assert all(0.5 <= pause / middle <= 1.5 for pause, middle in zip(paused, middles, strict=True))
    assert len({pause / middle for pause, middle in zip(paused, middles, strict=True)}) == len(middles)


def test_a_runner_that_lost_its_lock_writes_nothing(database: str, write: Write, ask: Ask) -> None:
    """The lock is looked for in the very transaction that matters: who lost it may not be alone any more."""
    for header in ("", "-- transaction: none\n"):
        folder = write({"0001_a": header + THREE["0001_a"]})
        options = Options(attach=lambda connection: connection.execute("SELECT pg_advisory_unlock_all()") and None)
        with pytest.raises(MigrateError, match="the runner's lock was lost"):
            migrate.up(database, folder, options=options)
        assert ask(database, TABLES) == [(None,)]


def test_a_second_runner_waits_for_its_turn(database: str, write: Write, quick: Options) -> None:
    """While one runner works another waits, and is refused with who it is when its patience ends."""
    folder = write(THREE)
    with runner_session(database, quick):
        with pytest.raises(LockedError, match="another migration is running") as caught:
            migrate.up(database, folder, options=replace(quick, turn_s=0.5))
        assert "It is process" in str(caught.value.detail)
    assert len(migrate.up(database, folder, options=quick)) == 3


def test_two_runners_at_once_apply_everything_once(database: str, write: Write) -> None:
    """Of two real programs that race, between them each migration is applied exactly once."""
    folder = write({f"{n:04d}_m": f"SELECT pg_sleep(0.1); CREATE TABLE t{n} ()" for n in range(1, 6)})
    command = [sys.executable, "-m", "understudy", "migrate", "up", url(database), "--folder", str(folder), "--json"]
    runners = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [runner.communicate(timeout=300)[0] for runner in runners]
    assert [runner.returncode for runner in runners] == [0, 0]
    applied = [[one["version"] for one in json.loads(text)["applied"]] for text in said]
    assert sorted(applied[0] + applied[1]) == [1, 2, 3, 4, 5]


def test_a_waiting_runner_does_not_stop_a_concurrent_index_build(database: str, write: Write, quick: Options) -> None:
    """A runner that waits holds no snapshot, so the build of the runner at work can end."""
    folder = write(
        {
            "1_a": "CREATE TABLE t AS SELECT generate_series(1, 1000) AS id",
            "2_b": "-- transaction: none\nCREATE INDEX CONCURRENTLY t_id ON t (id)",
        }
    )
    migrate.up(database, folder, to=1)
    waiter = threading.Thread(target=lambda: migrate.up(database, folder, options=replace(quick, turn_s=300)))
    polls = "SELECT query_start FROM pg_stat_activity WHERE query LIKE 'SELECT pg_try_advisory%%' AND pid <> ALL (%s)"
    ours: list[int] = []

    def trace(moment: str, label: str, place: int) -> None:
        if moment == "statement":
            waiter.start()
            seen: set[object] = set()
            deadline = time.monotonic() + 60
            while len(seen) < 2:  # it has asked for the lock and asks again
                seen.update(ask_polls())
                assert time.monotonic() < deadline
                time.sleep(0.01)
        elif moment == "journaled":
            assert waiter.is_alive()  # the build has ended while it waited

    def ask_polls() -> list[object]:
        with connect(database) as connection:
            return [at for (at,) in connection.execute(polls, [ours])]

    options = Options(trace=trace, attach=lambda connection: ours.append(connection.info.backend_pid))
    assert [one.version for one in migrate.up(database, folder, options=options)] == [2]
    waiter.join(60)
    assert not waiter.is_alive()


def test_a_database_that_goes_away_is_said(database: str, write: Write) -> None:
    """A lost connection is an error that says to run it again, and running it again works."""
    folder = write({"1_a": "SELECT pg_terminate_backend(pg_backend_pid())"})
    with pytest.raises(MigrateError, match="connection was lost"):
        migrate.up(database, folder)
    write({"1_a": "SELECT 1"})
    assert len(migrate.up(database, folder)) == 1


def test_the_repositorys_own_migrations_go_up_down_and_up(any_database: str, ask: Ask) -> None:
    """On the embedded server and in a container: to the top, back to nothing, and to the top again."""
    folder = Path(__file__).parents[2] / "migrations"
    number = len(migrate.up(any_database, folder))
    assert number == len(migrate.down(any_database, folder, to=0)) > 0
    assert ask(any_database, TABLES) == [(None,)]
    assert number == len(migrate.up(any_database, folder))
    assert migrate.status(any_database, folder).up_to_date


def test_status_changes_nothing(database: str, write: Write, ask: Ask) -> None:
    """Asking for the status of a database without a journal makes none."""
    found = migrate.status(database, write(THREE))
    assert [s.state for s in found.standings] == ["pending"] * 3
    assert not found.up_to_date
    assert found.version is None
    assert ask(database, "SELECT to_regnamespace('understudy')") == [(None,)]
