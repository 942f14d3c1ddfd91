"""The client programs: which one is taken, and what is said when none will do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from understudy.postgres import connect, programs
from understudy.postgres.errors import ProgramError
from understudy.postgres.wheel import bin_path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is all of PATH, besides a shell."""
    monkeypatch.setenv("PATH", str(tmp_path))
    programs.major_version.cache_clear()
    yield tmp_path
    programs.major_version.cache_clear()


def program(folder: Path, name: str, script: str) -> Path:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def saying(version: str) -> str:
    return f'echo "pg_dump (PostgreSQL) {version}"'


def test_the_one_in_path_comes_first(path: Path) -> None:
    """A site's own client is the one its DBA chose."""
    file = program(path, "pg_dump", saying("17.2 (Debian 17.2-1)"))
    assert programs.find("pg_dump", server_major=16) == programs.Program(file, 17)


def test_one_that_is_older_than_the_server_is_passed_over(path: Path) -> None:
    """pg_dump refuses a newer server, so the wheel's is taken; of those the oldest that will do."""
    program(path, "pg_dump", saying("13.1"))
    assert programs.find("pg_dump", server_major=14).path == bin_path(16) / "pg_dump"
    assert programs.find("pg_dump", server_major=17).path == bin_path(18) / "pg_dump"


def test_without_one_in_path_it_is_the_wheel_s(path: Path) -> None:
    """Nothing needs to be installed."""
    for name in ("pg_dump", "pg_restore", "psql"):
        assert programs.find(name).path == bin_path(16) / name
        assert programs.find(name, server_major=18).major == 18


def test_all_older_than_the_server_is_an_error_that_lists_them(path: Path) -> None:
    """What was found, of which version, and what to install."""
    file = program(path, "pg_dump", saying("15.4"))
    with pytest.raises(ProgramError, match="pg_dump is older than the server") as caught:
        programs.find("pg_dump", server_major=99)
    assert f"PostgreSQL 99; found {file} (15)," in str(caught.value.detail)
    assert "(16)" in str(caught.value.detail)
    assert "(18)" in str(caught.value.detail)
    assert "Install PostgreSQL 99's client programs" in str(caught.value.hint)


def test_none_at_all_is_an_error(path: Path) -> None:
    """A program that is neither in PATH nor in the wheel."""
    with pytest.raises(ProgramError, match="pg_nonsense is not installed"):
        programs.find("pg_nonsense")


@pytest.mark.parametrize("script", ["exit 1", "echo what", "kill -9 $$"])
def test_one_that_does_not_say_its_version_is_an_error(path: Path, script: str) -> None:
    """A broken program in PATH is named, not silently passed over."""
    file = program(path, "pg_dump", script)
    with pytest.raises(ProgramError) as caught:
        programs.find("pg_dump")
    assert str(file) in str(caught.value.detail)


@pytest.mark.parametrize("said", ["18beta1", "18devel", "18rc2"])
def test_a_version_that_is_not_out_yet_counts(path: Path, said: str) -> None:
    """A beta of 18 is an 18."""
    program(path, "pg_dump", saying(said))
    assert programs.find("pg_dump", server_major=18).major == 18


def test_a_program_runs_against_a_database(database: str) -> None:
    """Its standard output comes back; input goes in."""
    with connect(database) as connection:
        major = connection.info.server_version // 10000
        connection.execute("CREATE TABLE t (i int)")
    assert "CREATE TABLE public.t" in programs.run("pg_dump", "--schema-only", dsn=database, server_major=major)
    assert programs.run("psql", "-XAt", dsn=database, input_text="SELECT 'à' || count(*) FROM t") == "à0\n"


def test_a_program_that_fails_says_why_and_no_password(database: str) -> None:
    """Its own words are the detail."""
    with_password = make_conninfo(database, dbname="no_such_database", password="hunter2")
    with pytest.raises(ProgramError, match="psql failed on postgresql://") as caught:
        programs.run("psql", "-c", "SELECT 1", dsn=with_password)
    assert "no_such_database" in str(caught.value.detail)
    assert "hunter2" not in str(caught.value)


def test_the_password_is_in_no_argument(path: Path) -> None:
    """Whoever lists the processes sees a connection string without it."""
    shell = shutil.which("sh", path="/bin:/usr/bin")
    assert shell
    program(path, "psql", f'case "$1" in --version) {saying("99.1")};; *) echo "$@" "env:$PGPASSWORD";; esac')
    printed = programs.run("psql", dsn="postgresql://u:hunter2@h/d")
    assert "env:hunter2" in printed
    assert "hunter2" not in printed.replace("env:hunter2", "")
    assert "--no-password" in printed


@pytest.mark.parametrize(
    ("script", "named"),
    [
        ("COPY t (n, mail) FROM stdin;\n1\tana.secret@real.test\n\\.\n", '"no_mail"'),
        ("INSERT INTO t VALUES ('ana.secret@real.test', 'x');", "invalid input syntax for type integer"),
        ("INSERT INTO t VALUES (1, 'ana'), (1, 'ana.secret.again');\n", '"t_pkey"'),
        ("ana_secret_key_of_a_file", "syntax error"),
        ('SELECT * FROM "nowhere"', '"nowhere"'),
        ("SELECT 'ana.secret\n", "ERROR"),
    ],
)
def test_what_a_program_said_quotes_no_row(database: str, script: str, named: str) -> None:
    """Neither the server's message nor its DETAIL, CONTEXT or LINE reach the error; names of objects do."""
    with connect(database) as connection:
        connection.execute(
            "CREATE TABLE t (n int PRIMARY KEY, mail text CONSTRAINT no_mail CHECK (mail NOT LIKE '%real%'))"
        )
    stop = "--set=ON_ERROR_STOP=1"
    with pytest.raises(ProgramError) as caught:
        programs.run("psql", "-X", "--quiet", stop, "--file=-", dsn=database, input_text=script + "\n;\n")
    said = str(caught.value) + (caught.value.detail or "")
    assert named in said
    assert "secret" not in said.lower()
