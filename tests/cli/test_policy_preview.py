"""`understudy policy preview`: before and after, on a terminal and nowhere else."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy.postgres import connect
from understudy.postgres.dsn import url

KEY = "a key that only the tests have, of 32 bytes and more"
HOSTILE = "\x1b]52;c;ZXZpbA==\x07\x9b2J\u202egnp.exe\r\n\x00".replace("\x00", "")
POLICY = """version = 1
[tables."public.users"]
id = "keep"
email = "email"
notes = "text"
name = { mask = "null" }
[tables."public.kept"]
"*" = "keep"
[tables."public.gone"]
"*" = "drop-rows"
"""


@pytest.fixture
def arguments(database: str, tmp_path: Path) -> list[str]:
    """A source with a row that would like to speak to the terminal, its policy and a key."""
    with connect(database) as connection:
        connection.execute("CREATE TABLE users (id int, email text, notes text, name text)")
        connection.execute("CREATE TABLE kept (id int); CREATE TABLE gone (id int)")
        connection.execute("INSERT INTO users VALUES (1, 'canary@corp.test', %s, NULL)", [HOSTILE + "x" * 5000])
    policy, key = tmp_path / "policy.toml", tmp_path / "key"
    policy.write_text(POLICY)
    key.write_text(KEY)
    return ["policy", "preview", "--source", url(database), "--policy", str(policy), "--key-file", str(key)]


def on_a_terminal(arguments: list[str]) -> tuple[int, str, str]:
    """Runs `understudy` with a terminal of 100 columns as its standard output; the code, what was shown, and stderr."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, 100))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    with subprocess.Popen(
        [sys.executable, "-c", "from understudy.cli import main; main()", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**environment, "TERM": "xterm", "PYTHONUTF8": "1"},
    ) as child:
        os.close(theirs)
        shown, end = b"", time.monotonic() + 120
        try:
            while time.monotonic() < end:
                if select.select([ours], [], [], 1)[0]:
                    try:
                        block = os.read(ours, 65536)
                    except OSError:  # Linux: the other side is closed
                        break
                    if not block:
                        break
                    shown += block
            assert child.stderr
            said = child.stderr.read().decode()
            code = child.wait(timeout=60)
        finally:
            child.kill()
            os.close(ours)
    return code, shown.decode(), said


def test_before_and_after_on_a_terminal(arguments: list[str]) -> None:
    """Each masked column of each row on a line no wider than the terminal; nothing in a value acts on it."""
    code, shown, said = on_a_terminal(arguments)
    assert (code, said) == (0, "")
    lines = shown.split("\r\n")
    assert all(len(line) <= 100 for line in lines)
    email = next(line for line in lines if line.startswith("  email (email)"))
    assert re.fullmatch(r"  email \(email\) +canary@corp\.test → [\w.@-]+…?", email)
    notes = next(line for line in lines if line.startswith("  notes (text)"))
    assert r"\x1b]52;c;ZXZpbA==\x07\x9b2J\u202egnp" in notes
    assert notes.count("…") == 2
    assert not re.search("[\x00-\x09\x0b-\x0c\x0e-\x1f\x7f-\x9f\u202e]", shown)
    assert "  name (null)    NULL → NULL" in lines
    assert "public.kept" in lines
    assert all(lines[at - 1] == "" for at, line in enumerate(lines) if at and line.startswith("public."))
    assert "public.gone: the rows are dropped" in lines


def test_nowhere_else(cli: Callable[..., Any], arguments: list[str]) -> None:
    """Where standard output is a file or a pipe it refuses before it reads anything: exit 4."""
    ran = cli(*arguments)
    assert ran.code == 4
    assert "terminal" in ran.err
    assert ran.out == ""


def test_json_has_no_values(cli: Callable[..., Any], arguments: list[str]) -> None:
    """The columns it would show, their masks, and how many of the values shown change."""
    ran = cli(*arguments, "--json")
    assert ran.code == 0
    assert "canary" not in ran.out + ran.err
    assert {table["table"]: (table["rows"], table["dropped"]) for table in ran.json["tables"]} == {
        "public.users": (1, False),
        "public.kept": (0, False),
        "public.gone": (0, True),
    }
    users = next(table for table in ran.json["tables"] if table["table"] == "public.users")
    assert users["kept"] == ["id"]
    assert users["columns"] == [
        {"column": "email", "mask": "email", "changed": 1},
        {"column": "notes", "mask": "text", "changed": 1},
        {"column": "name", "mask": "null", "changed": 0},
    ]


def test_it_needs_the_key(cli: Callable[..., Any], arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With another key the values would be others than the clone's."""
    monkeypatch.delenv("UNDERSTUDY_KEY", raising=False)
    ran = cli(*arguments[:-2], "--json")
    assert ran.code == 4
    assert "UNDERSTUDY_KEY" in ran.err
