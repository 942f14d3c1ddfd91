"""`understudy parity`: what LEFT and RIGHT may be, what it prints, and how it ends."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from understudy.postgres import EmbeddedServer, connect
from understudy.postgres.dsn import parameters
from understudy.postgres.programs import find

pytestmark = pytest.mark.xdist_group("cli-parity")

SCHEMA = (
    "CREATE TABLE t (id int PRIMARY KEY, s varchar(9) CHECK (s IN ('a', 'b')));\nGRANT SELECT ON t TO some_reader;\n"
)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home of embedded servers that is kept running while the tests of this file load files into it."""
    folder = Path(tempfile.mkdtemp(prefix="understudy-parity-cli-"))
    folder.chmod(0o755)
    with EmbeddedServer(durable=False, root=folder):
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(home))


@pytest.fixture
def files(tmp_path: Path, home: Path) -> dict[str, str]:
    """One schema as a .sql file, as an archive of pg_dump, as a folder of migrations and as a database."""
    (tmp_path / "schema.sql").write_text(SCHEMA)
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "10_reader.sql").write_text("GRANT SELECT ON t TO some_reader;\n")
    (folder / "9_t.sql").write_text(SCHEMA.splitlines()[0])
    (folder / "9_t.rollback.sql").write_text("DROP TABLE t;\n")
    with EmbeddedServer(durable=False, root=home) as server:
        server.drop_database("live")
        live = server.create_database("live")
        with connect(live) as connection:
            connection.execute(SCHEMA.splitlines()[0])
        command = [find("pg_dump", server_major=18).path, "-Fc", f"--dbname={live}", "-f", tmp_path / "schema.dump"]
        subprocess.run(command, check=True, timeout=60)
    return {
        "sql": str(tmp_path / "schema.sql"),
        "dump": str(tmp_path / "schema.dump"),
        "folder": str(folder),
        "live": "embedded:live",
    }


def test_files_folders_and_databases_are_all_schemas(cli: Callable[..., Any], files: dict[str, str]) -> None:
    """A file, a folder in the order of its numbers: the same (0). An archive and its database: the same (0)."""
    ran = cli("parity", files["sql"], files["folder"], "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "same"), ran
    assert any("owners" in note for note in ran.json["notes"])
    ran = cli("parity", files["dump"], files["live"], "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "same"), ran


@pytest.mark.parametrize("shape", ["directory", "tar", "plain"])
def test_a_dump_of_any_format_is_a_schema(
    cli: Callable[..., Any], files: dict[str, str], home: Path, tmp_path: Path, shape: str
) -> None:
    """Also one in a folder, as `understudy backup create` makes them: the same as its database (0)."""
    dump = tmp_path / f"dumped.{shape}"
    with EmbeddedServer(durable=False, root=home) as server:
        command = [find("pg_dump", server_major=18).path, f"--format={shape}", f"--dbname={server.dsn('live')}"]
        subprocess.run([*command, "-f", dump], check=True, timeout=60)
    ran = cli("parity", str(dump), files["live"], "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "same"), ran


def test_a_folder_is_read_as_the_runner_reads_it(cli: Callable[..., Any], tmp_path: Path) -> None:
    """What a file includes is looked for beside it, and what it sets for its session ends with it."""
    folder = tmp_path / "m"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "u.sql").write_text("CREATE TABLE u (id int);\n")
    (folder / "1_t.sql").write_text("CREATE TABLE t (id int, c int);\n\\i below/u.sql\n")
    (folder / "2_s.sql").write_text("CREATE SCHEMA s; SET search_path = s; SET ROLE pg_monitor;\n")
    (folder / "3_v.sql").write_text("CREATE TABLE v (id int);\n")
    whole = tmp_path / "whole.sql"
    tables = "CREATE TABLE t (id int, c int); CREATE TABLE u (id int); CREATE TABLE v (id int)"
    whole.write_text(f"CREATE SCHEMA s; {tables}")
    ran = cli("parity", str(folder), str(whole), "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "same"), ran
    (folder / "1_t.sql").write_text("CREATE TABLE t (id int);\n\\i gone.sql\n")
    ran = cli("parity", str(folder), str(whole), "--json")
    assert (ran.code, "gone.sql" in ran.json["error"]["detail"]) == (1, True), ran


def test_an_environment_and_an_address_are_schemas(
    cli: Callable[..., Any], files: dict[str, str], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LEFT by its name in understudy.toml, RIGHT by its address: one database, and so the same (0)."""
    with EmbeddedServer(durable=False, root=home) as server:
        given = parameters(server.dsn("live"))
        address = f"postgresql://{given['user']}@/live?host={given['host']}"
        (tmp_path / "understudy.toml").write_text(f'version = 1\n[environments.staging]\ndsn = "{address}"\n')
        monkeypatch.chdir(tmp_path)
        ran = cli("parity", "staging", address, "--json")
    assert (ran.code, ran.json["verdict"], ran.json["left"]["name"]) == (0, "same", "staging"), ran


def test_nothing_made_for_a_comparison_is_left_behind(
    cli: Callable[..., Any], files: dict[str, str], home: Path
) -> None:
    """Scratch databases and the roles that a file speaks of are gone afterwards."""
    assert cli("parity", files["sql"], files["folder"]).code == 0
    with EmbeddedServer(durable=False, root=home) as server:
        assert [name for name in server.databases() if name.startswith("parity")] == []
        with server.administer() as connection:
            assert connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'some_reader'").fetchone() is None


def test_a_difference_ends_with_three_in_every_format(cli: Callable[..., Any], files: dict[str, str]) -> None:
    """Exit 3; the grant that the database lacks is named in each format."""
    for shape in ("text", "json", "junit", "sarif", "html", "github"):
        ran = cli("parity", files["live"], files["sql"], "--format", shape)
        assert ran.code == 3
        assert "SELECT to some_reader" in ran.out, shape


def test_a_waiver_accepts_it(cli: Callable[..., Any], files: dict[str, str], tmp_path: Path) -> None:
    """With a waiver for the grant they are the same, and the difference is listed as waived."""
    waivers = tmp_path / "waivers.toml"
    waivers.write_text(
        'version = 1\n[[waivers]]\nobject = "table public.t"\nattribute = "privileges"\n'
        'reason = "granted by the operator"\nexpires = 9999-01-01\n'
    )
    ran = cli("parity", files["live"], files["sql"], "--waivers", str(waivers), "--json")
    assert (ran.code, ran.json["verdict"], len(ran.json["waived"])) == (0, "same", 1)


def test_sql_that_does_not_load_is_an_error_with_the_server_s_words(cli: Callable[..., Any], tmp_path: Path) -> None:
    """Exit 1 and the reason; a name that is nothing is a usage error."""
    (tmp_path / "bad.sql").write_text("CREATE TABLE t (id no_such_type);\n")
    ran = cli("parity", str(tmp_path / "bad.sql"), str(tmp_path / "bad.sql"), "--json")
    assert ran.code == 1
    assert "no_such_type" in ran.json["error"]["detail"]
    assert cli("parity", str(tmp_path / "gone.sql"), str(tmp_path / "bad.sql")).code == 2
    assert cli("parity", str(tmp_path / "bad.sql")).code == 2


def test_it_proves_itself_on_a_schema(cli: Callable[..., Any], files: dict[str, str]) -> None:
    """`--sensitivity` takes LEFT alone; every change was seen, and by whom is counted."""
    ran = cli("parity", files["live"], "--sensitivity", "--json")
    data = json.loads(ran.out)
    assert (ran.code, data["unseen"], data["by"]["dump"]) == (0, 0, 0)
    assert data["by"]["both"] > 50
    assert data["by"]["both"] + data["by"]["catalog"] == data["changes"]
    assert [trial for trial in data["trials"] if trial["seen"] is None and not trial["reason"]] == []
    assert cli("parity", files["live"], files["sql"], "--sensitivity").code == 2
    assert cli("parity", files["live"], "--sensitivity", "--format", "sarif").code == 2


def test_a_change_that_is_not_seen_ends_with_three(
    cli: Callable[..., Any], files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 3, and the change is named, when neither witness sees it: here the reader is made blind to comments."""
    monkeypatch.setattr("understudy.catalog.reader._COMMENTS", "SELECT '', 0::int8, 0, '' WHERE false")
    ran = cli("parity", files["live"], "--sensitivity", "--witness", "catalog")
    assert (ran.code, "NOT SEEN" in ran.out) == (3, True), ran
    assert "table: comment" in ran.out


@pytest.mark.parametrize("said", [signal.SIGINT, signal.SIGTERM])
def test_no_copy_stays_when_it_is_interrupted(files: dict[str, str], home: Path, said: signal.Signals) -> None:
    """Ctrl-C or SIGTERM in the midst of it: the program ends, and the copies that it was at work on are gone."""

    def copies(server: EmbeddedServer) -> list[str]:
        return [name for name in server.databases() if name.startswith("parity")]

    command = [sys.executable, "-m", "understudy", "parity", files["live"], "--sensitivity"]
    with EmbeddedServer(durable=False, root=home) as server:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while len(copies(server)) < 2 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert process.poll() is None
        process.send_signal(said)
        printed = process.communicate(timeout=120)
        assert process.returncode != 0, printed
        assert copies(server) == []
