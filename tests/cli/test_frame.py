"""The frame of the command line: help at once, errors in one shape, no password anywhere, a reader that leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import click
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from understudy.cli import COMMANDS
from understudy.cli.output import exit_with, json_option, message, progress, result, run
from understudy.errors import RefusedError
from understudy.postgres import ContainerServer, connect
from understudy.postgres.dsn import database_of, parameters, url

Cli = Callable[..., Any]

SECRET = "hunter2-s3cr3t"
HEAVY = ("polars", "polars_hash", "pulumi", "faker", "testcontainers", "hypothesis")
MASKING = ("policy", "clone", "verify", "demo", "anonymize")
"""Commands that mask, and so need Polars when they run."""

PROGRAM = "import sys; from understudy.cli import main; main()"


def understudy(*arguments: str, code: str = PROGRAM, **options: Any) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)


# --- help ---


def test_help_lists_every_command_at_once() -> None:
    """Nothing heavy is imported for it, whatever the commands need when they run."""
    code = f"""
import sys
from understudy.cli import understudy
from understudy.cli.output import run
assert run(understudy, ["--help"]) == 0
print("imported:", [name for name in {HEAVY!r} if name in sys.modules])
"""
    started = time.monotonic()
    done = understudy(code=code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("imported: []\n")
    for name in COMMANDS:
        assert f"\n  {name} " in done.stdout
    assert time.monotonic() - started < 15  # about half a second, on a machine that has nothing else to do


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in MASKING])
def test_commands_that_mask_nothing_do_without_polars(name: str) -> None:
    """Whoever looks at a flag does not wait for a data frame library."""
    code = f"""
import sys
from understudy.cli import understudy
from understudy.cli.output import run
assert run(understudy, [{name!r}, "--help"]) == 0
print("imported:", [name for name in {HEAVY!r} if name in sys.modules])
"""
    assert understudy(code=code).stdout.endswith("imported: []\n")


def test_without_a_command_it_is_help_and_a_usage_error() -> None:
    """On standard error, for nothing was done."""
    done = understudy()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: understudy ")


def test_the_version_is_told() -> None:
    """And `python -m understudy` is the same program."""
    done = subprocess.run(
        [sys.executable, "-m", "understudy", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("understudy, version ")


# --- errors ---


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        (["flgs"], "no such command 'flgs'", "Did you mean flags? Run `understudy --help`."),
        (["nonsense"], "no such command 'nonsense'", "Run `understudy --help`."),
        (["flags", "lst"], "no such command 'lst'", "Did you mean list? Run `understudy flags --help`."),
        (["flags", "list"], "missing option '--target'", "Run `understudy flags list --help`."),
        (["flags", "list", "--taget", "x"], "no such option '--taget'", "Did you mean --target? Run"),
        (["--nonsense"], "no such option '--nonsense'", "Run `understudy --help`."),
        (["flags", "list", "--target", "nowhere"], "'nowhere' names no database", "Write postgresql://"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_what_is_not_understood_ends_with_2(
    cli: Cli, arguments: Sequence[str], said: str, hint: str, as_json: bool
) -> None:
    """The message says what, the hint what to run; with --json the same is a document on standard output."""
    done = cli(*arguments, *(["--json"] if as_json else []))
    assert done.code == 2
    assert done.err.startswith(f"error: {said}\n")
    assert f"hint: {hint}" in done.err
    if as_json:
        error = done.json["error"]
        assert (error["message"], error["exit"]) == (said, 2)
        assert hint in error["hint"]
        assert error.keys() == {"message", "detail", "hint", "exit"}
    else:
        assert done.out == ""


def ending(function: Callable[[], Any]) -> click.Command:
    """A command that does this."""

    @click.command()
    @json_option
    def command(as_json: bool) -> None:
        function()

    return command


def raising(error: BaseException) -> click.Command:
    """A command that ends with this."""

    def fail() -> NoReturn:
        raise error

    return ending(fail)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            RefusedError("no [bold]", detail="[D] :bomb:.", hint="H."),
            4,
            "error: no [bold]\ndetail: [D] :bomb:.\nhint: H.\n",
        ),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (click.ClickException("odd"), 1, "error: odd\n"),
        (click.FileError("x.toml", "is a folder"), 1, "x.toml"),
        (
            PermissionError(13, "Permission denied", "/root/x"),
            1,
            "error: the operating system reported an error\ndetail: /root/x: Permission denied.\n",
        ),
        (OSError(28, "No space left on device"), 1, "detail: No space left on device.\n"),
        (psycopg.OperationalError("the connection\nis lost"), 1, "detail: It said: the connection is lost.\n"),
    ],
)
def test_every_kind_of_error_has_the_same_shape(
    capfd: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    """Ours, click's, the server's, the operating system's, Ctrl-C; what looks like markup is printed as it is."""
    assert run(raising(error), []) == code
    assert said in capfd.readouterr().err
    assert run(raising(error), ["--json"]) == code
    captured = capfd.readouterr()
    assert json.loads(captured.out)["error"]["exit"] == code
    assert said in captured.err


def test_what_the_server_says_is_passed_on(cli: Cli, database: str) -> None:
    """A statement that PostgreSQL refuses is an error of the documented shape, not a traceback."""
    with connect(database) as connection:
        connection.execute(
            "CREATE VIEW feature_flags AS SELECT 1/0 AS id, ''::text AS name, ''::text AS description, "
            "true AS enabled, 1 AS rollout_percentage, '[]'::jsonb AS allowed_tiers, "
            "'[]'::jsonb AS allowed_user_ids, now() AS created_at, now() AS updated_at"
        )
    done = cli("flags", "list", "--target", url(database))
    assert done.code == 1
    assert done.err.startswith("error: the database server reported an error\ndetail: It said: division by zero.\n")


def test_a_command_may_answer_no() -> None:
    """False is the exit code it was given, True is 0."""
    for answer, code in ((True, 0), (False, 3)):
        assert run(ending(exit_with(3)(lambda answer=answer: answer)), []) == code


# --- passwords ---


@pytest.fixture(scope="module")
def addresses() -> dict[str, str]:
    """Addresses with a password that lead nowhere, each in another way."""
    return {
        "unreachable": f"postgresql://app:{SECRET}@127.0.0.1:1/shop",
        "unreachable, by keywords in the path": f"postgresql:///shop?host=127.0.0.1&port=1&user=app&password={SECRET}",
        "unknown host": f"postgresql://app:{SECRET}@no-such-host.invalid/shop",
        "slash": f"postgresql://app:{SECRET}/x@127.0.0.1/shop",
        "at": f"postgresql://app:x@{SECRET}@127.0.0.1/shop",
        "port": f"postgresql://app:{SECRET}@127.0.0.1:port/shop",
        "option": f"postgresql://app:{SECRET}@127.0.0.1/shop?nonsense=1",
        "keywords": f"host=127.0.0.1 port=1 user=app password={SECRET} dbname=shop",
        "scheme": f"postgre://app:{SECRET}@127.0.0.1/shop",
        "no scheme": f"app:{SECRET}@127.0.0.1/shop",
    }


COMMAND_LINES: dict[str, Callable[[str], list[str]]] = {
    "flags list": lambda address: ["flags", "list", "--target", address],
    "an argument too many": lambda address: ["flags", "list", address],
    "a name that is none": lambda address: ["flags", "create", address, "--target", "embedded:x"],
    "replica up": lambda address: ["replica", "up", "--source", address],
    "replica url": lambda address: ["replica", "url", address],
    "parity": lambda address: ["parity", address, address],
    "migrate status": lambda address: ["migrate", "status", address],
    "policy check": lambda address: ["policy", "check", "--source", address],
    "verify": lambda address: ["verify", "--source", address, "--target", address],
    "clone": lambda address: ["clone", "--source", address, "--target", address],
    "a command that is none": lambda address: [address],
}


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_a_password_is_in_no_error(
    cli: Cli, addresses: dict[str, str], line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Whatever is wrong with the address, whichever command it is given to, as text and as JSON."""
    monkeypatch.setenv("UNDERSTUDY_KEY", "k" * 40)
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "no" / "home"))
    for kind, address in addresses.items():
        done = cli(*COMMAND_LINES[line](address), "--json")
        assert done.code in (1, 2, 4), (kind, done.err)
        assert done.json["error"]["exit"] == done.code
        assert SECRET not in done.out + done.err, kind


def test_a_wrong_password_is_in_no_error(cli: Cli, container_server: ContainerServer) -> None:
    """A server that asks for a password and gets the wrong one, by a URL in either form."""
    right = parameters(container_server.dsn("postgres"))
    wrong = url(make_conninfo(**right | {"password": SECRET}))
    in_query = f"postgresql:///postgres?host={right['host']}&port={right['port']}&user=postgres&password={SECRET}"
    for address in (wrong, in_query):
        done = cli("flags", "list", "--target", address)
        assert done.code == 1
        assert "authentication failed" in done.err
        assert SECRET not in done.out + done.err
        assert right["password"] not in done.out + done.err


# --- where things are printed ---


def test_results_and_messages_go_their_own_ways(capfd: pytest.CaptureFixture[str]) -> None:
    """Results to standard output, never folded; messages to standard error; progress on a terminal only."""
    long = "x" * 500

    def work() -> None:
        with progress() as display:
            display.advance(display.add_task("working", total=1))
        message("[done] :bomb:")
        result({"long": long}, long, as_json=False)

    assert run(ending(work), []) == 0
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == (f"{long}\n", "[done] :bomb:\n")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["flags", "--help"], ["flags", "list", "--json"], ["replica", "list"]]
)
def test_a_reader_that_leaves_is_no_traceback(arguments: list[str], tmp_path: Any) -> None:
    """`understudy ... | head -1` ends quietly."""
    reading, writing = os.pipe()
    os.close(reading)
    environment = os.environ | {"UNDERSTUDY_HOME": str(tmp_path / "none")}
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
            env=environment,
        )
    finally:
        os.close(writing)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
    assert done.returncode in (1, 2)


def test_ctrl_c_ends_with_130(database: str) -> None:
    """While a command waits for the server, too; one line, no traceback."""
    with connect(database, autocommit=False) as connection:
        connection.execute("CREATE TABLE feature_flags (name text)")
        connection.commit()
        connection.execute("LOCK TABLE feature_flags")
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "flags", "list", "--target", url(database)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with connect(database) as watcher:
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
            deadline = time.monotonic() + 30
            while watcher.execute(waiting, [database_of(database)]).fetchone() == (0,):
                assert time.monotonic() < deadline
        process.send_signal(2)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.lstrip()) == (130, "", "error: interrupted\n")
