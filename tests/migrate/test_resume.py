"""A file without a transaction: a run that ends anywhere is taken up by the next one at the right statement."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from understudy import migrate
from understudy.migrate.errors import (
    JournalMismatchError,
    LockTimeoutError,
    MigrateError,
    MigrationRefused,
    StatementError,
)
from understudy.migrate.options import Options
from understudy.migrate.repair import repair
from understudy.postgres import Server, connect
from understudy.postgres.dsn import database_of
from understudy.pytest_plugin import start_server

Write = Callable[[dict[str, str]], Path]
Ask = Callable[[str, str], list[tuple[Any, ...]]]

VALID = (
    "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " WHERE c.relname ~ '^t_' ORDER BY 1"
)
NONE = {
    "1_t": "CREATE TABLE t AS SELECT g AS id, g % 10 AS b, g % 7 AS c FROM generate_series(1, 500) g;"
    "CREATE TABLE log (n int)",
    "2_i": """-- transaction: none
INSERT INTO log VALUES (1);
CREATE INDEX CONCURRENTLY t_b ON t (b);
UPDATE t SET c = c + 1;
CREATE INDEX CONCURRENTLY IF NOT EXISTS "t_C" ON public.t (c);
DROP INDEX CONCURRENTLY t_b;
REINDEX INDEX CONCURRENTLY "t_C";
VACUUM t;
INSERT INTO log VALUES (2);
""",
    "2_i.rollback": """-- transaction: none
DROP INDEX CONCURRENTLY "t_C";
UPDATE t SET c = c - 1;
TRUNCATE log
""",
}


class Crash(BaseException):
    """The end of a run: nothing but the server's own rollback cleans up after it."""


def crash_at(number: int) -> Options:
    """Options with which the run ends at the n-th moment."""
    count = iter(range(1000))

    def trace(moment: str, label: str, place: int) -> None:
        if moment in ("statement", "unjournaled", "journaled") and next(count) == number:
            raise Crash

    return Options(trace=trace)


@pytest.fixture(params=["16", "18", "15"], scope="module")
def old_and_new(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The embedded 16 and 18, and the system's PostgreSQL 15 where it is installed."""
    if request.param == "15":
        yield request.getfixturevalue("system_server")
    else:
        yield from start_server(f"embedded{request.param}")


def test_killed_at_every_moment_it_ends_the_same(old_and_new: Server, write: Write, ask: Ask) -> None:
    """Before a statement, between it and its entry, after the entry: each is done exactly once, up and down."""
    folder = write(NONE)
    with old_and_new.scratch() as template:
        migrate.up(template, folder, to=1)
        for moment in range(100):
            with old_and_new.scratch(template=database_of(template)) as dsn:
                crashed = [ended_at(moment, migrate.up, dsn, folder)]
                assert migrate.status(dsn, folder).up_to_date
                assert ask(dsn, "SELECT n FROM log ORDER BY n") == [(1,), (2,)]
                assert ask(dsn, "SELECT sum(c) FROM t") == [(1997,)]
                assert ask(dsn, VALID) == [("t_C", True)]
                crashed.append(ended_at(moment, migrate.down, dsn, folder))
                assert ask(dsn, "SELECT sum(c), (SELECT count(*) FROM log) FROM t") == [(1497, 0)]
                assert ask(dsn, VALID) == []
                assert ask(dsn, "TABLE understudy.migration_statements") == []
            if not any(crashed):
                break
    assert moment >= 8 * 3


def ended_at(moment: int, what: Callable[..., Any], dsn: str, folder: Path) -> bool:
    """Whether the run was ended at that moment; it is then run again."""
    try:
        what(dsn, folder, options=crash_at(moment))
    except Crash:
        what(dsn, folder)
        return True
    return False


def test_sigkill_at_any_time_is_survived(database: str, write: Write, ask: Ask, tmp_path: Path) -> None:
    """A runner in a process of its own, killed for real again and again: at the end everything is there once."""
    folder = write(NONE)
    code = (
        "import sys, os, signal; from pathlib import Path; from understudy import migrate; seen = 0\n"
        "def trace(moment, label, place):\n"
        "    global seen; seen += 1\n"
        "    if seen == int(sys.argv[3]): os.kill(os.getpid(), signal.SIGKILL)\n"
        "migrate.up(sys.argv[1], Path(sys.argv[2]), options=migrate.Options(trace=trace))\n"
    )
    for number in range(3, 12):
        done = subprocess.run([sys.executable, "-c", code, database, folder, str(number)], check=False, timeout=300)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
    migrate.up(database, folder)
    assert ask(database, "SELECT n FROM log ORDER BY n") == [(1,), (2,)]
    assert ask(database, VALID) == [("t_C", True)]


def test_an_invalid_index_is_found_and_built_anew(database: str, write: Write, ask: Ask) -> None:
    """A unique build that fails leaves an invalid index; when the data is put right the next run builds it."""
    folder = write(
        {
            "1_t": "CREATE SCHEMA s; CREATE TABLE s.t (id int); INSERT INTO s.t VALUES (1), (1)",
            "2_i": "-- transaction: none\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_id ON s.t (id)",
        }
    )
    with pytest.raises(StatementError, match="2_i"):
        migrate.up(database, folder)
    assert ask(database, VALID) == [("t_id", False)]
    ask(database, "DELETE FROM s.t WHERE ctid = '(0,1)'")
    migrate.up(database, folder)
    assert ask(database, VALID) == [("t_id", True)]


def test_a_build_that_lost_a_deadlock_is_built_again_in_the_same_run(
    database: str, write: Write, quick: Options, ask: Ask
) -> None:
    """A lock time-out in the midst of a concurrent build leaves an invalid index; the next attempt removes it first."""
    folder = write(
        {
            "1_t": "CREATE TABLE t (id int)",
            "2_i": "-- transaction: none\n-- lock-timeout: 100ms\nCREATE INDEX CONCURRENTLY t_id ON t (id)",
        }
    )
    migrate.up(database, folder, to=1)
    with contextlib.closing(connect(database, autocommit=False)) as other:
        other.execute("INSERT INTO t VALUES (1)")

        def trace(moment: str, label: str, place: int) -> None:
            if moment == "waiting":
                assert ask(database, VALID) == [("t_id", False)]
                other.rollback()

        migrate.up(database, folder, options=replace(quick, trace=trace))
    assert ask(database, VALID) == [("t_id", True)]


def test_a_concurrent_build_has_the_patience_that_it_needs(
    database: str, write: Write, quick: Options, ask: Ask
) -> None:
    """It waits for old transactions longer than lock_timeout, for its lock holds up no reader and no writer."""
    folder = write(
        {"1_t": "CREATE TABLE t (id int)", "2_i": "-- transaction: none\nCREATE INDEX CONCURRENTLY t_id ON t (id)"}
    )
    migrate.up(database, folder, to=1)
    with contextlib.closing(connect(database, autocommit=False)) as other:
        other.execute("INSERT INTO t VALUES (1)")
        timer = threading.Timer(0.6, other.rollback)
        timer.start()
        migrate.up(database, folder, options=replace(quick, attempts=1))
        timer.join()
    assert ask(database, VALID) == [("t_id", True)]


def test_settings_of_the_session_are_set_again(database: str, write: Write, ask: Ask) -> None:
    """A SET before the place where a killed run ended counts after it, too."""
    folder = write(
        {"1_t": "-- transaction: none\nCREATE SCHEMA s; SET search_path = s; CREATE TABLE one (); CREATE TABLE two ();"}
    )
    with pytest.raises(Crash):
        migrate.up(database, folder, options=crash_at(9))
    migrate.up(database, folder)
    assert ask(database, "SELECT count(*) FROM pg_class WHERE relnamespace = 's'::regnamespace") == [(2,)]


def test_a_role_the_file_takes_on_does_not_write_the_journal(database: str, write: Write, ask: Ask) -> None:
    """SET ROLE counts for the file's statements; entries are written as whoever connected."""
    role = f"mig_{os.getpid()}"
    folder = write(
        {
            "1_t": f"CREATE ROLE {role}; GRANT CREATE ON SCHEMA public TO {role}",
            "2_u": f"-- transaction: none\nSET ROLE {role}; CREATE TABLE mine (id int);"
            "CREATE INDEX CONCURRENTLY t_m ON mine (id);",
        }
    )
    try:
        migrate.up(database, folder)
        assert ask(database, "SELECT tableowner FROM pg_tables WHERE tablename = 'mine'") == [(role,)]
    finally:
        ask(database, f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_done_statements_may_not_change_and_failed_ones_may(database: str, write: Write, ask: Ask) -> None:
    """After a failure the rest of the file may be put right; what is done of it may not be rewritten."""
    folder = write({"1_t": "-- transaction: none\nCREATE TABLE a ();\nCREATE TABLE wrong(x nonsense);"})
    with pytest.raises(StatementError) as caught:
        migrate.up(database, folder)
    assert "The 1 statements before it stay done" in str(caught.value.detail)
    write({"1_t": "-- transaction: none\nCREATE TABLE other ();\nCREATE TABLE b ();"})
    with pytest.raises(JournalMismatchError, match="changed while it was half applied"):
        migrate.up(database, folder)
    with pytest.raises(MigrationRefused, match="half applied"):
        migrate.down(database, folder)
    write({"1_t": "-- transaction: none\nCREATE TABLE a ();\nCREATE TABLE b ();"})
    migrate.up(database, folder)
    assert migrate.status(database, folder).up_to_date


@pytest.mark.parametrize(("answer", "rows"), [("done", 1), ("again", 2)])
def test_where_nothing_tells_a_person_must(database: str, write: Write, ask: Ask, answer: Any, rows: int) -> None:
    """A DO block that a killed run may have done is neither skipped nor repeated until somebody says which."""
    block = "DO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; END $$"
    folder = write({"1_t": f"-- transaction: none\nCREATE TABLE t (n int);\n{block}"})

    def trace(moment: str, label: str, place: int) -> None:
        if (moment, place) == ("unjournaled", 1):
            raise Crash

    with pytest.raises(Crash):
        migrate.up(database, folder, options=Options(trace=trace))
    with pytest.raises(MigrateError, match="not known whether"):
        migrate.up(database, folder)
    repair(database, folder, statement=answer)
    migrate.up(database, folder)
    assert ask(database, "SELECT count(*) FROM t") == [(rows,)]


def test_a_concurrent_index_needs_a_name(database: str, write: Write) -> None:
    """Without a name nobody could tell afterwards whether it was built."""
    folder = write({"1_t": "-- transaction: none\nCREATE TABLE t (n int);\nCREATE INDEX CONCURRENTLY ON t (n)"})
    with pytest.raises(MigrateError, match="needs a name"):
        migrate.up(database, folder)


def test_a_partition_is_detached_once(database: str, write: Write, ask: Ask) -> None:
    """DETACH PARTITION CONCURRENTLY that was done and not written down is not done again."""
    folder = write(
        {
            "1_p": "CREATE TABLE p (id int) PARTITION BY RANGE (id);"
            "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (9)",
            "2_d": "-- transaction: none\nALTER TABLE p DETACH PARTITION p1 CONCURRENTLY",
        }
    )
    migrate.up(database, folder, to=1)
    with pytest.raises(Crash):
        migrate.up(database, folder, options=crash_at(1))
    migrate.up(database, folder)
    assert ask(database, "SELECT count(*) FROM pg_inherits") == [(0,)]


@pytest.mark.parametrize("when", ["in the same run", "in the next run"])
def test_a_detach_that_lost_its_lock_is_finalized(
    database: str, write: Write, quick: Options, ask: Ask, when: str
) -> None:
    """A concurrent detach waits no longer than lock_timeout, for it ends with ACCESS EXCLUSIVE; what is left pending is
    finalized by the next attempt, which does not ask for it twice.
    """
    folder = write(
        {
            "1_p": "CREATE TABLE p (id int) PARTITION BY RANGE (id);"
            "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (9)",
            "2_d": "-- transaction: none\nALTER TABLE p DETACH PARTITION p1 CONCURRENTLY",
        }
    )
    migrate.up(database, folder, to=1)
    with contextlib.closing(connect(database, autocommit=False)) as other:
        other.execute("SELECT * FROM p")

        def trace(moment: str, label: str, place: int) -> None:
            if moment == "waiting":
                assert ask(database, "SELECT inhdetachpending FROM pg_inherits") == [(True,)]
                if when == "in the same run":
                    other.rollback()

        options = replace(quick, trace=trace)
        if when == "in the next run":
            with pytest.raises(LockTimeoutError):
                migrate.up(database, folder, options=options)
            other.rollback()
        assert [one.version for one in migrate.up(database, folder, options=options)] == [2]
    assert ask(database, "SELECT count(*) FROM pg_inherits") == [(0,)]
    assert ask(database, "SELECT to_regclass('p1') IS NOT NULL") == [(True,)]
