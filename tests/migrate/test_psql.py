"""The script for psql does what `up` does, keeps the same journal, and refuses the same."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy import parity
from understudy.environments import load
from understudy.migrate import Options, psql_script, read_folder, status, up
from understudy.migrate.journal import Journal
from understudy.migrate.session import runner_session
from understudy.postgres import connect, programs
from understudy.postgres.dsn import program_environment

Write = Callable[..., Path]
Apply = Callable[..., subprocess.CompletedProcess[str]]
MIGRATIONS = load().migrations


@pytest.fixture
def apply(quick: Options) -> Apply:
    """Runs a folder's script with psql and returns how that ended."""

    def run(dsn: str, folder: Path) -> subprocess.CompletedProcess[str]:
        conninfo, environment = program_environment(dsn)
        with connect(dsn) as connection:
            psql = programs.find("psql", server_major=connection.info.server_version // 10000).path
        return subprocess.run(
            [psql, "--no-psqlrc", "--quiet", "--file=-", conninfo],
            input=psql_script(read_folder(folder), quick),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def journal(dsn: str) -> list[tuple[Any, ...]]:
    with connect(dsn) as connection:
        return [(e.version, e.name, e.checksum, e.program, e.baseline) for e in Journal(connection).entries()]


def test_the_repository_s_schema_comes_out_the_same_either_way(
    make_any_database: Callable[[], str], apply: Apply
) -> None:
    """On each kind of server, script and runner make the same schema and write the same journal."""
    scripted, run = make_any_database(), make_any_database()
    done = apply(scripted, MIGRATIONS)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [migration.label for migration in read_folder(MIGRATIONS)]
    up(run, MIGRATIONS)
    assert journal(scripted) == journal(run)
    assert parity.compare(scripted, run).answer is parity.Answer.SAME
    assert status(scripted, MIGRATIONS).up_to_date


def test_a_second_run_applies_nothing(database: str, apply: Apply, write: Write) -> None:
    """What is applied is not applied again, by whom ever it was applied; what is new is."""
    folder = write({"0001_a": "CREATE TABLE a ();"})
    up(database, folder)
    assert apply(database, folder).stdout == ""
    write({"0002_b": "CREATE TABLE b ();"})
    assert apply(database, folder).stdout == "0002_b\n"
    assert up(database, folder) == ()


def test_an_error_leaves_nothing_of_its_migration(database: str, apply: Apply, write: Write, ask: Any) -> None:
    """A migration and its journal entry are one transaction; those before it stay, those after it do not run."""
    folder = write({"0001_a": "CREATE TABLE a ();", "0002_b": "CREATE TABLE b (); SELECT 1/0;", "0003_c": "SELECT 1;"})
    assert apply(database, folder).returncode == 3
    assert [row[0] for row in journal(database)] == [1]
    assert ask(database, "SELECT to_regclass('b') IS NULL") == [(True,)]
    (folder / "0002_b.sql").write_text("CREATE TABLE b ();")
    assert apply(database, folder).returncode == 0
    assert status(database, folder).up_to_date


def test_text_that_psql_would_touch_arrives_unchanged(database: str, apply: Apply, write: Write, ask: Any) -> None:
    """Colons, backslashes, quotes and bodies with semicolons are the statement's own."""
    folder = write(
        {
            "0001_a": "CREATE TABLE a (t text DEFAULT ':understudy_due \\gset', n int[] DEFAULT '{1,2,3}');\n"
            "COMMENT ON TABLE a IS $$; \\if :x ';$$;\n"
            "INSERT INTO a DEFAULT VALUES;\n"
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;\n"
            "CREATE VIEW v AS SELECT n[1:2] AS two, t::text FROM a;\n"
        }
    )
    done = apply(database, folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert ask(database, "SELECT two, t, obj_description('a'::regclass), f() FROM v") == [
        ([1, 2], ":understudy_due \\gset", "; \\if :x ';", 2)
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"0001_a": "SELECT 1;"}, {"0001_a": "SELECT 2;"}, "0001_a changed after it was applied"),
        ({"0002_b": "SELECT 1;"}, {"0001_a": "SELECT 1;"}, "0001_a came too late"),
    ],
)
def test_files_and_journal_that_disagree_are_refused(
    database: str, apply: Apply, write: Write, before: dict[str, str], after: dict[str, str], said: str
) -> None:
    """An applied file that changed, and a number that comes too late, end the script before it touches anything."""
    folder = write(before)
    up(database, folder)
    write(after)
    entries = journal(database)
    done = apply(database, folder)
    assert done.returncode == 3
    assert said in done.stderr
    assert journal(database) == entries


def test_a_file_that_is_gone_is_refused_when_there_is_something_to_do(
    database: str, apply: Apply, write: Write
) -> None:
    """A database that is ahead of the folder is left alone, and an error when the folder has something new."""
    folder = write({"0001_a": "SELECT 1;", "0002_b": "SELECT 1;"})
    up(database, folder)
    (folder / "0001_a.sql").unlink()
    assert apply(database, folder).returncode == 0
    write({"0003_c": "SELECT 1;"})
    done = apply(database, folder)
    assert (done.returncode, "1_a is applied, but its file is missing" in done.stderr) == (3, True)


def test_it_waits_its_turn_and_not_for_ever(database: str, apply: Apply, write: Write, quick: Options) -> None:
    """While a runner is at work the script asks for the lock again and again, and gives up in the end."""
    folder = write({"0001_a": "SELECT 1;"})
    with runner_session(database, quick):
        done = apply(database, folder)
    assert done.returncode == 3
    assert "another migration is running on this database" in done.stderr
    assert apply(database, folder).returncode == 0


def test_a_statement_does_not_wait_long_for_a_lock(database: str, apply: Apply, write: Write, ask: Any) -> None:
    """A lock that is not to be had within lock_timeout ends the script; nothing of the migration remains."""
    folder = write({"0001_a": "ALTER TABLE taken ADD b int;"})
    ask(database, "CREATE TABLE taken (a int)")
    with connect(database, autocommit=False) as holder:
        holder.execute("LOCK TABLE taken")
        done = apply(database, folder)
    assert done.returncode == 3
    assert "lock timeout" in done.stderr
    assert not journal(database)


def test_a_migration_without_a_transaction_is_written_down_statement_by_statement(
    database: str, apply: Apply, write: Write, ask: Any
) -> None:
    """One that fails halfway is left to the runner, which goes on where the script ended."""
    text = "-- transaction: none\nCREATE TABLE a (n int);\nCREATE INDEX CONCURRENTLY i ON a (n);\n"
    folder = write({"0001_a": text + "SELECT 1/0;"})
    assert apply(database, folder).returncode == 3
    assert [s.name for s in status(database, folder).trouble] == ["a"]
    done = apply(database, folder)
    assert (done.returncode, "migration 1 is half done" in done.stderr) == (3, True)
    write({"0001_a": text + "SELECT 1;"})
    assert [applied.label for applied in up(database, folder)] == ["0001_a"]
    assert ask(database, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass") == [(True,)]


def test_a_migration_without_a_transaction_that_ends_well_leaves_nothing_under_way(
    database: str, apply: Apply, write: Write
) -> None:
    """Its statements are forgotten when it is applied, as the runner forgets them."""
    folder = write({"0001_a": "-- transaction: none\nCREATE TABLE a (n int);\nCREATE INDEX CONCURRENTLY i ON a (n);"})
    assert apply(database, folder).stderr == ""
    assert status(database, folder).up_to_date


def test_no_migrations_are_nothing_to_do(database: str, apply: Apply, tmp_path: Path) -> None:
    """An empty folder makes not even a journal."""
    assert apply(database, tmp_path).returncode == 0
    with connect(database) as connection:
        assert not Journal(connection).exists()
