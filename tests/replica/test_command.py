"""`understudy replica`: what it prints, as text and as JSON, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy.postgres import EmbeddedServer, connect

Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def configured(server: EmbeddedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An understudy.toml whose staging is on the embedded server, and whose user is called dev."""
    file = tmp_path / "understudy.toml"
    file.write_text(
        'version = 1\n[environments.staging]\ndsn = "embedded:staging"\n'
        '[environments.prod]\ndsn = "postgresql://db.example/shop"\nproduction = true\n'
    )
    monkeypatch.setenv("UNDERSTUDY_CONFIG", str(file))
    monkeypatch.setenv("LOGNAME", "dev")
    return file


def test_a_day_with_a_replica(cli: Cli) -> None:
    """Up, used, made anew, dropped: one's own name is the login."""
    made = cli("replica", "up")
    assert made.code == 0
    address = made.out.strip()
    assert "dev is up: a copy of staging in" in made.err
    assert cli("replica", "url").out.strip() == address
    with connect(address) as connection:
        connection.execute("DROP TABLE users")
    again = cli("replica", "up")
    assert (again.code, again.out.strip()) == (0, address)
    assert "`understudy replica reset dev` makes it anew" in again.err
    assert cli("replica", "reset").out.strip() == address
    listed = cli("replica", "list")
    assert listed.code == 0
    assert "dev" in listed.out
    assert "staging" in listed.out
    down = cli("replica", "down")
    assert (down.code, down.out) == (0, "dropped the replica dev\n")
    assert cli("replica", "list").out == "no replicas\n"


def test_the_address_is_never_folded(cli: Cli) -> None:
    """It is one line, however long, so that a shell can take it: psql "$(understudy replica url)"."""
    name = "a" * 44
    assert cli("replica", "up", name).out.count("\n") == 1
    assert len(cli("replica", "url", name).out.splitlines()) == 1


def test_json(cli: Cli) -> None:
    """Up and reset print the replica; list all of them; down the names."""
    made = cli("replica", "up", "bug-7", "--json")
    assert (made.json["name"], made.json["source"], made.json["owner"], made.json["new"]) == (
        "bug-7",
        "staging",
        "dev",
        True,
    )
    assert made.json.keys() == cli("replica", "reset", "bug-7", "--json").json.keys()
    assert cli("replica", "up", "bug-7", "--json").json["new"] is False
    [listed] = cli("replica", "list", "--json").json["replicas"]
    assert listed.keys() == made.json.keys() - {"new", "seconds"}
    assert cli("replica", "url", "bug-7", "--json").json == {"name": "bug-7", "url": listed["url"]}
    command = cli("replica", "psql", "bug-7", "--json", "--", "-c", "SELECT 1").json["command"]
    assert command[2:] == ["-c", "SELECT 1"]
    assert cli("replica", "down", "--all", "--json").json == {"dropped": ["bug-7"], "templates": []}
    assert cli("replica", "list", "--json").json == {"replicas": [], "templates": []}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["up", "--source", "prod"], 4, "a replica of production is refused"),
        (["up", "--source", "embedded:nothing"], 1, "embedded:nothing does not exist"),
        (["up", "--source", "nonsense"], 2, "'nonsense' names no database"),
        (["up", "No Name"], 2, "'No Name' is not the name of a replica"),
        (["url", "nobody"], 1, "there is no replica 'nobody'"),
        (["psql", "nobody"], 1, "there is no replica 'nobody'"),
        (["reset", "nobody"], 1, "there is no replica 'nobody'"),
        (["down", "nobody"], 1, "there is no replica 'nobody'"),
        (["down", "x", "--all"], 2, "name replicas or say --all, not both"),
    ],
)
def test_bad_input_is_a_clear_error(cli: Cli, arguments: list[str], code: int, said: str) -> None:
    """Refused is 4, misunderstood 2, not there 1; the hint says how to go on."""
    done = cli("replica", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "hint:" in done.err


def test_down_of_several_drops_all_or_says_which_is_not_there(cli: Cli) -> None:
    """When one of the names is unknown, none is dropped."""
    cli("replica", "up", "one")
    cli("replica", "up", "two")
    assert cli("replica", "down", "one", "none").code == 1
    assert len(cli("replica", "list", "--json").json["replicas"]) == 2
    assert cli("replica", "down", "one", "two", "one").out == "dropped the replica one\ndropped the replica two\n"


def test_psql_opens_the_replica(cli: Cli, home: Path) -> None:
    """Psql gets what follows the dashes, its output and its exit code are the command's."""
    cli("replica", "up")
    program = [sys.executable, "-c", "from understudy.cli import main; main()", "replica", "psql"]
    environment = os.environ | {"UNDERSTUDY_HOME": str(home)}
    for arguments, code, printed in (
        (["--", "-Atc", "SELECT current_database()"], 0, "understudy_replica_dev\n"),
        (["dev", "--", "-Atc", "SELECT count(*) FROM users"], 0, "100\n"),
        (["--", "-c", "nonsense"], 1, ""),
    ):
        done = subprocess.run(
            [*program, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, done.stdout) == (code, printed), done.stderr
