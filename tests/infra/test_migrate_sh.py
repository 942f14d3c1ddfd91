"""The script in the migrations' container, on a real database: it ends well, or says why without quoting a row."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from understudy import environments
from understudy.migrate import psql_script, read_folder, status
from understudy.postgres import connect, programs
from understudy.postgres.dsn import parameters

SCRIPT = Path(__file__).parents[2] / "infra" / "migrate.sh"
Run = Callable[..., subprocess.CompletedProcess[str]]
_VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE", "password": "PGPASSWORD"}


@pytest.fixture
def run(database: str, tmp_path: Path) -> Run:
    """Runs migrate.sh with SQL text, on the test's database."""

    def start(text: str, **variables: str) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "migrate.sql"
        file.write_text(text, "utf-8")
        where = {_VARIABLES[key]: value for key, value in parameters(database).items() if key in _VARIABLES}
        psql = programs.find("psql", server_major=18).path
        return subprocess.run(
            ["/bin/sh", str(SCRIPT), str(file)],
            env={"PATH": f"{psql.parent}:{os.environ['PATH']}", "PAUSE": "0.1", "ATTEMPTS": "3", **where, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return start


def test_the_repository_s_migrations_are_applied_and_then_nothing(run: Run, database: str) -> None:
    """The first run says what it applied, the second has nothing to say."""
    folder = environments.load().migrations
    text = psql_script(read_folder(folder))
    first, second = run(text), run(text)
    assert (first.returncode, first.stderr) == (second.returncode, second.stderr) == (0, "")
    assert first.stdout.split() == [migration.label for migration in read_folder(folder)]
    assert second.stdout == ""
    assert status(database, folder).up_to_date


def test_an_error_is_said_with_its_place_and_code(run: Run) -> None:
    """The file, the line, the code and the message; the statement and its surroundings are not repeated."""
    done = run("\\set ON_ERROR_STOP on\nSELECT 1;\nSELECT 'private' FROM nowhere;\n")
    assert done.returncode == 3
    assert done.stderr == 'migrate.sql:3: ERROR:  42P01: relation "nowhere" does not exist\n'


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'private'::int",
        "CREATE TABLE t (a text PRIMARY KEY); INSERT INTO t VALUES ('private'), ('private')",
        "DO $$ BEGIN RAISE EXCEPTION 'no' USING DETAIL = 'private'; END $$",
    ],
)
def test_no_value_of_a_row_is_repeated(run: Run, statement: str) -> None:
    """What the server quotes of a row stays out of the log, which Pulumi keeps."""
    done = run(f"\\set ON_ERROR_STOP on\n{statement};\n")
    assert done.returncode == 3
    assert "ERROR" in done.stderr
    assert "private" not in done.stderr + done.stdout


def test_a_hint_is_repeated(run: Run) -> None:
    """The refusals of the migrations' script carry what to do."""
    done = run("\\set ON_ERROR_STOP on\nDO $$ BEGIN RAISE EXCEPTION 'no' USING HINT = 'Do this.'; END $$;\n")
    assert done.stderr.splitlines()[-1] == "HINT:  Do this."


def test_a_lock_that_is_not_to_be_had_is_tried_again(run: Run, database: str) -> None:
    """When the lock is let go in between, the run succeeds."""
    text = "\\set ON_ERROR_STOP on\nSET lock_timeout = '200ms';\nALTER TABLE taken ADD b int;\n"
    with connect(database) as connection:
        connection.execute("CREATE TABLE taken (a int)")
    held = threading.Event()

    def hold() -> None:
        with connect(database, autocommit=False) as connection:
            connection.execute("LOCK TABLE taken")
            held.set()
            waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            deadline = time.monotonic() + 60
            with connect(database) as watch:
                while not watch.execute(waiting).fetchone() and time.monotonic() < deadline:
                    time.sleep(0.01)
                # until its first attempt has ended
                while watch.execute(waiting).fetchone() and time.monotonic() < deadline:
                    time.sleep(0.01)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(60)
    done = run(text, ATTEMPTS="50")
    holder.join()
    assert done.returncode == 0
    assert "55P03" in done.stderr


def test_a_lock_that_is_never_to_be_had_ends_it(run: Run, database: str) -> None:
    """After the attempts it gives up, and says so."""
    with connect(database, autocommit=False) as connection:
        connection.execute("CREATE TABLE taken (a int)")
        connection.commit()
        connection.execute("LOCK TABLE taken")
        done = run("\\set ON_ERROR_STOP on\nSET lock_timeout = '50ms';\nALTER TABLE taken ADD b int;\n", ATTEMPTS="2")
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == "given up after 2 attempts"


def test_a_server_that_does_not_answer_is_tried_again(run: Run, tmp_path: Path) -> None:
    """A connection refused is psql's status 2, and worth another attempt."""
    done = run("SELECT 1;\n", ATTEMPTS="2", PGHOST=str(tmp_path))
    assert done.returncode == 2
    assert "given up after 2 attempts" in done.stderr
    assert done.stderr.count("psql: error:") == 2


def test_what_the_server_refuses_is_not_tried_again(run: Run) -> None:
    """A wrong name or password stays wrong."""
    done = run("SELECT 1;\n", PGDATABASE="nowhere")
    assert done.returncode == 2
    assert done.stderr.count("psql: error:") == 1
    assert "FATAL" in done.stderr
    assert "given up" not in done.stderr


def test_it_is_posix_shell() -> None:
    """The image may have no bash: dash, which is Debian's sh, reads it."""
    assert subprocess.run(["/bin/sh", "-n", str(SCRIPT)], check=False, timeout=30).returncode == 0
    assert SCRIPT.read_text("utf-8").startswith("#!/bin/sh\n")
