"""Each promise of the migrations, once more, on the servers that the other tests do not run on.

The other files of this folder run on the embedded 18, or where `--postgres` says. These run on the embedded 16, on the
system's PostgreSQL 15 and in a container, each promise in its shortest form.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from understudy import migrate
from understudy.cli.migrate.verify import differences
from understudy.migrate.backup import BackupSettings, Store, create, restore
from understudy.migrate.backup.errors import DamagedBackupError
from understudy.migrate.errors import LockTimeoutError, PoolerError, StatementError
from understudy.migrate.lint import Level, lint
from understudy.migrate.options import Options
from understudy.migrate.rehearse import Budget, Load, rehearse
from understudy.migrate.rehearse.run import copied
from understudy.migrate.verify import Bench, VerifySettings, verify
from understudy.postgres import Server, connect
from understudy.postgres.dsn import database_of, url
from understudy.pytest_plugin import start_server

Write = Callable[[dict[str, str]], Path]
Ask = Callable[[str, str], list[tuple[Any, ...]]]
FILES = {
    "1_t": "CREATE TABLE t (id int PRIMARY KEY, x text); CREATE TABLE log (n int)",
    "1_t.rollback": "DROP TABLE log, t",
    "2_i": "-- transaction: none\nINSERT INTO log VALUES (77);\nCREATE INDEX CONCURRENTLY t_x ON t (x);",
    "2_i.rollback": "-- transaction: none\nDROP INDEX CONCURRENTLY t_x;\nDELETE FROM log WHERE n = 77;",
}
VALID = "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE relname = 't_x'"


def _kind(name: str, *marks: Any) -> Any:
    # one worker starts each of the servers, whatever the number of workers
    return pytest.param(name, marks=(*marks, pytest.mark.xdist_group(f"migrate-{name}")))


@pytest.fixture(
    scope="session", params=[_kind("embedded16"), _kind("system15"), _kind("container", pytest.mark.docker)]
)
def other_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The embedded 16, the system's 15 and a container, where they are to be had."""
    if request.param == "embedded16":
        yield from start_server("embedded16")
    elif request.param == "system15":
        yield request.getfixturevalue("system_server")
    else:
        yield request.getfixturevalue("container_server")


@pytest.fixture
def here(other_server: Server) -> Iterator[str]:
    """An empty database on it."""
    with other_server.scratch(prefix="test") as dsn:
        yield dsn


class Crash(BaseException):
    """The end of a run."""


def test_up_down_status_and_every_crash(other_server: Server, write: Write, ask: Ask) -> None:
    """Ended at every moment and run again, everything is there once; down to nothing the same way."""
    folder = write(FILES)
    moments = 0
    for what, to, found in ((migrate.up, 2, ([(77,)], [("t_x", True)])), (migrate.down, 1, ([], []))):
        for moment in range(50):
            seen = iter(range(100))

            def trace(*_: object, at: int = moment, seen: Iterator[int] = seen) -> None:
                if next(seen) == at:
                    raise Crash

            with other_server.scratch() as dsn:
                migrate.up(dsn, folder, to=1 if what is migrate.up else None)
                try:
                    what(dsn, folder, to=to, options=Options(trace=trace))
                except Crash:
                    moments += 1
                    what(dsn, folder, to=to)
                    assert (ask(dsn, "TABLE log"), ask(dsn, VALID)) == found
                    assert migrate.status(dsn, folder).version == (2 if what is migrate.up else 1)
                else:
                    break
    assert moments >= 12


def test_two_runners_race(here: str, write: Write) -> None:
    """Two real programs at once: each migration is applied by one of them."""
    folder = write({f"{n:04d}_m": f"CREATE TABLE t{n} ()" for n in range(1, 8)})
    command = [sys.executable, "-m", "understudy", "migrate", "up", url(here), "--folder", str(folder), "--json"]
    runners = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [json.loads(runner.communicate(timeout=300)[0]) for runner in runners]
    assert [runner.returncode for runner in runners] == [0, 0]
    assert sorted(one["version"] for each in said for one in each["applied"]) == [1, 2, 3, 4, 5, 6, 7]


def test_a_pooler_in_transaction_mode_is_refused(here: str, write: Write, pgbouncer: Callable[[str, str], str]) -> None:
    """PgBouncer before this server: in transaction mode refused, in session mode no harm."""
    folder = write(FILES)
    with pytest.raises(PoolerError):
        migrate.up(pgbouncer(here, "transaction"), folder)
    assert len(migrate.up(pgbouncer(here, "session"), folder)) == 2


def test_locks_are_waited_for_within_bounds(here: str, write: Write, quick: Options) -> None:
    """A lock that is not to be had ends it after the attempts allowed; one that comes late does not."""
    folder = write(FILES | {"3_c": "ALTER TABLE t ADD y int"})
    migrate.up(here, folder, to=2)
    waits: list[int] = []
    with contextlib.closing(connect(here, autocommit=False)) as other:
        other.execute("SELECT * FROM t")
        with pytest.raises(LockTimeoutError):
            migrate.up(here, folder, options=replace(quick, trace=lambda m, *_: m == "waiting" and waits.append(1)))
        assert len(waits) == quick.attempts - 1
        migrate.up(here, folder, options=replace(quick, trace=lambda m, *_: m == "waiting" and other.rollback()))
    assert migrate.status(here, folder).up_to_date


def test_an_invalid_index_is_rebuilt(here: str, write: Write, ask: Ask) -> None:
    """What a failed concurrent build left is removed and built again."""
    folder = write(FILES | {"2_i": "-- transaction: none\nCREATE UNIQUE INDEX CONCURRENTLY t_x ON t (x)"})
    migrate.up(here, folder, to=1)
    ask(here, "INSERT INTO t VALUES (1, 'a'), (2, 'a')")
    with pytest.raises(StatementError):
        migrate.up(here, folder)
    assert ask(here, VALID) == [("t_x", False)]
    ask(here, "DELETE FROM t WHERE id = 2")
    migrate.up(here, folder)
    assert ask(here, VALID) == [("t_x", True)]


def test_lint_observes_and_estimates(here: str, write: Write) -> None:
    """A rewrite, an index and a scan are seen on this version of PostgreSQL as well; the careful way is silent."""
    bad = "ALTER TABLE t ALTER id TYPE bigint; CREATE INDEX i ON t (x); ALTER TABLE t ALTER x SET NOT NULL"
    good = "-- transaction: none\nCREATE INDEX CONCURRENTLY j ON t (x); ALTER TABLE t ADD CHECK (x <> '') NOT VALID"
    folder = write({"1_t": FILES["1_t"], "2_bad": bad, "3_good": good} | {"2_bad.rollback": "", "3_good.rollback": ""})
    found = [one for one in lint(here, migrate.read_folder(folder)) if one.source == "understudy"]
    rules = {one.rule for one in found if one.path.name == "2_bad.sql" and one.level > Level.NOTE}
    assert {"table-rewrite", "index-blocks-writes", "not-null-scans-table"} <= rules
    assert not [one for one in found if one.path.name == "3_good.sql"]


def test_verify_finds_good_good_and_bad_bad(other_server: Server, write: Write) -> None:
    """Of two migrations the one whose rollback loses rows is found, for that alone; nothing is said of the other."""
    files = {
        "2_i": "-- transaction: none\nCREATE TABLE kept AS SELECT max(n) AS m FROM log;\n"
        "CREATE INDEX CONCURRENTLY t_x ON t (x);",
        "2_i.rollback": "DROP INDEX t_x; DELETE FROM log WHERE n > (SELECT min(m) FROM kept); DROP TABLE kept",
    }
    bench = Bench(other_server, write(FILES | files), differences, VerifySettings(tables=("t", "log")))
    (bad,) = (check for check in verify(bench) if check.problems)
    assert (bad.migration, bad.name) == ("2_i", "up, down, up with rows")
    assert "rows of public.log are lost" in "".join(bad.problems)


def test_rehearse_measures_on_a_copy(other_server: Server, here: str, write: Write, ask: Ask) -> None:
    """Locks, rows, WAL, the rollback and its time, under load, on a copy of this server's database."""
    change = "ALTER TABLE t ADD y int; UPDATE t SET y = 1"
    folder = write(FILES | {"3_c": change, "3_c.rollback": "ALTER TABLE t DROP y"})
    migrate.up(here, folder, to=2)
    ask(here, "INSERT INTO t SELECT g, g FROM generate_series(1, 300) g")
    with copied(other_server, database_of(here)) as dsn:
        found = rehearse(dsn, folder, label="x", load=Load(clients=2, rate=50), budget=Budget(max_block_ms=60_000))
    (one,) = found.migrations
    held = {act.place: act.locks for act in one.up.acts}  # of each statement's last attempt
    assert held == {0: {"t": "AccessExclusiveLock"}, 1: {"t": "AccessExclusiveLock"}}
    assert [cost.rows for cost in one.costs] == [0, 300]
    assert one.costs[1].wal > 0
    assert one.down
    assert one.down.seconds > 0
    assert found.pulses
    assert found.problems == []


def test_a_backup_is_proven_and_restored(other_server: Server, here: str, tmp_path: Path, ask: Ask) -> None:
    """Dumped, restored for trial, counted, checksummed; a changed byte is found; the restored rows are the rows."""
    ask(here, "CREATE TABLE t AS SELECT generate_series(1, 500) AS id")
    made, _ = create(here, "prod", BackupSettings(tmp_path / "backups", jobs=2), other_server)
    name = f"{database_of(here)}_back"
    try:
        assert restore(Store(tmp_path / "backups").get("prod"), other_server, name) is None
        assert ask(other_server.dsn(name), "SELECT sum(id) FROM t") == [(125250,)]
    finally:
        other_server.drop_database(name)
    (made.dump / "toc.dat").write_bytes(b"x")
    with pytest.raises(DamagedBackupError):
        made.verify()
