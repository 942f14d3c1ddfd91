"""Another tool's migrations: applied, guarded, verified, rehearsed and linted by the same commands."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy import environments
from understudy.cli.migrate.verify import differences
from understudy.migrate.tool import OtherTool, migrator
from understudy.migrate.verify import Bench, Check, VerifySettings, verify_tool
from understudy.postgres import Server
from understudy.postgres.dsn import url

Ask = Callable[[str, str], list[tuple[Any, ...]]]
Cli = Callable[..., Any]
FILES = {
    "0001_users": (
        "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL)",
        "DROP TABLE users",
    ),
    "0002_orders": (
        "CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users)",
        "DROP TABLE orders",
    ),
    "0003_named": ("ALTER TABLE users ADD name text", "ALTER TABLE users DROP name"),
}


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., OtherTool]:
    """A team's repository that uses the little tool, with an understudy.toml; we stand in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERSTUDY_CONFIG", raising=False)
    shutil.copy(Path(__file__).with_name("little_dbmate.py"), tmp_path)
    (tmp_path / "db").mkdir()

    def write(more: str = "", **changed: tuple[str, str]) -> OtherTool:
        for name, (up, down) in (FILES | {f"000{key[1:]}": halves for key, halves in changed.items()}).items():
            (tmp_path / "db" / f"{name}.sql").write_text(f"-- migrate:up\n{up};\n-- migrate:down\n{down};\n")
        program = f"{shlex.quote(sys.executable)} little_dbmate.py"
        (tmp_path / "understudy.toml").write_text(
            f"version = 1\n[migrations]\nup = '{program} up'\ndown = '{program} rollback'\n"
            f"sql = '{program} dump'\n{more}"
        )
        found = migrator(environments.load())
        assert isinstance(found, OtherTool)
        return found

    return write


def checks(server: Server, tool: OtherTool, **wanted: Any) -> list[Check]:
    return list(verify_tool(Bench(server, tool.folder, differences, VerifySettings(**wanted)), tool))


def problems(found: list[Check]) -> str:
    return "\n".join(problem for check in found for problem in check.problems)


def test_good_migrations_of_another_tool_are_found_good(
    postgres_server: Server, tool: Callable[..., OtherTool], tmp_path: Path
) -> None:
    """Every step down and up again with rows, all the way back, twice, a race; what a step breaks is noted."""
    (tmp_path / "q.sql").write_text("SELECT * FROM users;\nSELECT id FROM orders")
    found = checks(postgres_server, tool(), tables=("users", "orders"), queries=tmp_path / "q.sql")
    assert problems(found) == ""
    assert [check.name for check in found] == [
        "up",
        "twice is a no-op",
        "what the release needs",
        "rows",
        "down 1 and up again",
        "down 2 and up again",
        "down 3 and up again",
        "all the way back",
        "two runners at once",
    ]
    (note,) = (note for check in found for note in check.notes)
    assert "line 1 breaks: it answers with other columns; whether the migration is a contract is not known" in note


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"_3_named": ("ALTER TABLE users ADD name text", "SELECT 1")}, "already exists"),
        ({"_3_named": ("ALTER TABLE users ADD name text", "ALTER TABLE users DROP nome")}, "all the way back: table"),
        (
            {"_3_named": ("ALTER TABLE users ADD name text", "ALTER TABLE users DROP name; DELETE FROM orders")},
            "down: 3 of 3 rows of public.orders are lost",
        ),
        ({"_2_orders": (FILES["0002_orders"][0], "DROP TABLE orders; CREATE TABLE left_over ()")}, "left_over"),
        (
            {"_3_named": ("ALTER TABLE users ADD name text NOT NULL", "ALTER TABLE users DROP name")},
            "contains null values",
        ),
    ],
)
def test_each_fault_of_another_tools_migrations_is_found(
    postgres_server: Server, tool: Callable[..., OtherTool], changed: dict[str, tuple[str, str]], said: str
) -> None:
    """A step that undoes nothing, fails, loses rows, leaves something, or cannot be taken up again with rows."""
    assert said in problems(checks(postgres_server, tool(**changed)))


def test_a_second_up_that_does_something_is_found(postgres_server: Server, tmp_path: Path) -> None:
    """Schema and rows are both looked at."""
    from understudy.postgres import programs

    psql = f"{programs.find('psql').path} -X -q -v ON_ERROR_STOP=1 -c"
    for again in ("ALTER TABLE t ADD IF NOT EXISTS b int", "DELETE FROM t"):
        made = "CREATE TABLE IF NOT EXISTS t (a int)"
        there = "SELECT FROM pg_class WHERE relname = ''t'' AND relkind = ''r''"
        first = f"DO 'BEGIN IF EXISTS ({there}) THEN {again}; ELSE {made}; INSERT INTO t VALUES (1); END IF; END'"
        found = checks(postgres_server, OtherTool(tmp_path, f'{psql} "{first}"', f'{psql} "DROP TABLE t"'))
        (twice,) = (check for check in found if check.name == "twice is a no-op")
        assert not twice.ok


def test_a_tool_without_a_way_down_is_not_safe(postgres_server: Server, tool: Callable[..., OtherTool]) -> None:
    """It is the one thing that cannot be made up for."""
    one_way = OtherTool(tool().folder, tool().up_command, None)
    assert problems(checks(postgres_server, one_way)) == "understudy.toml names no command that undoes migrations"


def test_the_commands_are_the_same_and_production_is_guarded(
    database: str, tool: Callable[..., OtherTool], ask: Ask, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up and down refuse production without a backup (4), and run the tool with --no-backup or after a backup."""
    monkeypatch.setenv("THE_PROD", url(database))
    tool('[environments.prod]\ndsn = "env:THE_PROD"\nproduction = true\n')
    for command in ("up", "down"):
        done = cli("migrate", command, "prod")
        assert done.code == 4
        assert "has no backup" in done.err
    assert ask(database, "SELECT to_regclass('users')") == [(None,)]
    assert cli("migrate", "up", "prod", "--no-backup").code == 0
    assert cli("backup", "create", "prod", "--trial-on", url(database)).code == 0
    assert cli("migrate", "down", "prod").code == 0
    assert ask(database, "SELECT version FROM schema_migrations ORDER BY 1") == [("0001",), ("0002",)]
    for refused in (["status", "prod"], ["baseline", "prod", "--to", "1"], ["repair", "prod"], ["new", "x"]):
        assert cli("migrate", *refused).code == 4


def test_verify_ends_with_the_documented_codes(database: str, tool: Callable[..., OtherTool], cli: Cli) -> None:
    """0 when safe, 3 when not, as with our own runner."""
    tool()
    assert cli("migrate", "verify", "--on", url(database)).code == 0
    tool(_3_named=("ALTER TABLE users ADD name text", "SELECT 1"))
    assert cli("migrate", "verify", "--on", url(database), "--json").code == 3


def test_what_it_would_run_is_linted(
    make_database: Callable[[], str], tool: Callable[..., OtherTool], ask: Ask, cli: Cli
) -> None:
    """`sql` prints it: without a catalog all of it, with one what that database lacks, on its schema and its sizes."""
    here, catalog = url(make_database()), make_database()
    other = tool(_4_wide=("ALTER TABLE users ALTER email TYPE varchar(90)", "ALTER TABLE users ALTER email TYPE text"))
    done = cli("migrate", "lint", "--on", here, "--json")
    assert (done.code, [one["rule"] for one in done.json["findings"] if one["source"] == "understudy"]) == (
        3,
        ["foreign-key-without-index"],
    )  # the tables are made by the same run, so nobody waits for the rewrite
    last = other.folder / "db" / "0004_wide.sql"
    text = last.read_text()
    last.unlink()
    other.up(catalog)
    ask(catalog, "INSERT INTO users SELECT g, 'x' FROM generate_series(1, 1000) g; ANALYZE users")
    last.write_text(text)
    done = cli("migrate", "lint", "--on", here, "--catalog", url(catalog), "--json")
    assert done.code == 0  # a thousand rows are brief: a note
    (rewrite,) = (one for one in done.json["findings"] if one["rule"] == "table-rewrite")
    assert "1,000 rows" in rewrite["message"]
    assert ask(catalog, "SELECT count(*) FROM schema_migrations") == [(3,)]


def test_without_a_command_that_prints_it_linting_is_refused(
    database: str, tool: Callable[..., OtherTool], cli: Cli
) -> None:
    """The message says what is missing."""
    folder = tool().folder
    text = (folder / "understudy.toml").read_text()
    (folder / "understudy.toml").write_text("".join(x for x in text.splitlines(True) if not x.startswith("sql")))
    done = cli("migrate", "lint", "--on", url(database))
    assert done.code == 4
    assert 'sql = "alembic upgrade head --sql"' in done.err


def test_it_is_rehearsed_on_a_copy_under_load(
    make_database: Callable[[], str], tool: Callable[..., OtherTool], ask: Ask, cli: Cli, tmp_path: Path
) -> None:
    """On a copy: what staging lacks is run by the tool, up, down and up; the copy is gone and staging is as it was."""
    staging = make_database()
    other = tool()
    (other.folder / "db" / "0003_named.sql").rename(tmp_path / "later")
    other.up(staging)
    ask(staging, "INSERT INTO users SELECT g, 'x' FROM generate_series(1, 1000) g")
    (tmp_path / "later").rename(other.folder / "db" / "0003_named.sql")
    command = ("migrate", "rehearse", "--from", url(staging), "--clients", "2", "--rate", "50", "--json")
    done = cli(*command, "--report", str(tmp_path / "r.html"))
    assert done.code in (0, 3), done.err  # the budget is for the machine; what is seen inside is for test_rehearse.py
    (one,) = done.json["migrations"]
    assert one["up"]["seconds"] > 0
    assert one["down"]["seconds"] > 0
    assert one["costs"][0]["wal_bytes"] > 0
    assert ask(staging, "SELECT count(*) FROM schema_migrations") == [(2,)]
