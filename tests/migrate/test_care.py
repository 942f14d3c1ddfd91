"""Dry runs, baselines, repairs, new files, and other tools."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from understudy import environments, migrate
from understudy.cli import understudy
from understudy.cli.output import run
from understudy.migrate.errors import JournalMismatchError, MigrateError, MigrationRefused
from understudy.migrate.new import new
from understudy.migrate.preview import as_sql, preview
from understudy.migrate.repair import baseline, repair
from understudy.migrate.tool import migrator
from understudy.postgres import EmbeddedServer, Server, programs
from understudy.postgres.dsn import url

Write = Callable[[dict[str, str]], Path]
Ask = Callable[[str, str], list[tuple[Any, ...]]]

FILES = {
    "1_a": "CREATE TABLE a (id int, t text DEFAULT $$;$$); SET search_path = nowhere",
    "1_a.rollback": "DROP TABLE a",
    "2_b": "-- transaction: none\nCREATE INDEX CONCURRENTLY i ON a (id); CREATE TABLE b ()",
    "2_b.rollback": "DROP TABLE b; DROP INDEX i",
}
SCHEMA = (
    "SELECT relname, relkind, relnamespace::regnamespace::text FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
)


def test_a_dry_run_prints_what_psql_could_run(make_database: Callable[[], str], write: Write, ask: Ask) -> None:
    """Nothing is touched, and what is printed, given to psql, makes the very schema that the run would make."""
    dry, wet = make_database(), make_database()
    folder = write(FILES)
    text = as_sql(preview(dry, folder))
    assert ask(dry, SCHEMA) == []
    programs.run("psql", "-X", "-v", "ON_ERROR_STOP=1", dsn=dry, input_text=text)
    migrate.up(wet, folder)
    assert ask(dry, SCHEMA) == ask(wet, SCHEMA) != []
    assert "DROP INDEX i;" in as_sql(preview(wet, folder, "down"))
    assert preview(wet, folder) == ()


def test_a_dry_run_of_a_half_applied_file_shows_the_rest(database: str, write: Write) -> None:
    """What a killed run has done is not printed again."""
    folder = write({"1_a": "-- transaction: none\nCREATE TABLE a (); CREATE TABLE b (x nonsense)"})
    with pytest.raises(MigrateError):
        migrate.up(database, folder)
    (step,) = preview(database, folder)
    assert (step.done, [s.text for s, _ in step.statements]) == (1, ["CREATE TABLE b (x nonsense)"])


def test_a_baseline_takes_over_a_database_that_has_the_schema(database: str, write: Write, ask: Ask) -> None:
    """The migrations up to its number are written down as applied and not run; the next ones are run."""
    folder = write(FILES)
    ask(database, "CREATE TABLE a (id int, t text DEFAULT ';')")
    assert baseline(database, folder, to=1) == (1,)
    assert [one.version for one in migrate.up(database, folder)] == [2]
    assert migrate.status(database, folder).standings[0].entry.baseline  # type: ignore[union-attr]
    with pytest.raises(JournalMismatchError, match="has a journal already"):
        baseline(database, folder, to=2)


@pytest.mark.parametrize(
    ("hand", "said"),
    [
        ("CREATE TABLE a (id int, t text DEFAULT ';'); CREATE INDEX i ON a (id); CREATE TABLE b ()", None),
        ("CREATE TABLE a (id int, t text DEFAULT ';'); CREATE TABLE b ()", "index public.i"),
        ("CREATE TABLE a (id bigint, t text DEFAULT ';'); CREATE INDEX i ON a (id); CREATE TABLE b ()", "'bigint'"),
    ],
)
def test_a_baseline_makes_sure_by_parity(
    make_database: Callable[[], str], write: Write, ask: Ask, cli: Callable[..., Any], hand: str, said: str | None
) -> None:
    """A missing index or another type is refused with 4 and named, and nothing is written; who knows may say so."""
    database, beside = make_database(), url(make_database())
    command = ["migrate", "baseline", url(database), "--to", "2", "--folder", str(write(FILES)), "--on", beside]
    ask(database, hand)
    done = cli(*command)
    assert done.code == (4 if said else 0), done.err
    if said:
        assert "the database has not the schema that the migrations make" in done.err
        assert said in done.err
        assert ask(database, "SELECT to_regnamespace('understudy')") == [(None,)]
        accepted = cli(*command, "--accept-differences", "--json")
        assert accepted.code == 0
        assert any(said in line for line in accepted.json["differences"])
    assert ask(database, "SELECT count(*) FROM understudy.migrations WHERE baseline") == [(2,)]


def test_a_baseline_of_the_repositorys_own_schema(
    migrated_database: str, embedded_server: Server, cli: Callable[..., Any], ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compared on the embedded server: what all of them made is theirs, and is not what all but the last make."""
    numbers = [one.version for one in migrate.read_folder(Path(__file__).parents[2] / "migrations")]
    assert isinstance(embedded_server, EmbeddedServer)
    monkeypatch.setenv("UNDERSTUDY_HOME", str(embedded_server.folder.parent))
    ask(migrated_database, "DROP SCHEMA understudy CASCADE")
    there = ("migrate", "baseline", url(migrated_database), "--to")
    refused = cli(*there, str(numbers[-2]))
    assert refused.code == 4
    assert "has not the schema" in refused.err
    assert cli(*there, str(numbers[-1]), "--json").json["baseline"] == numbers
    assert cli("migrate", "status", url(migrated_database), "--check").code == 0


def test_a_repair_takes_the_files_as_they_are(database: str, write: Write) -> None:
    """A changed file is taken anew; an entry without its file goes only when that is said."""
    folder = write(FILES)
    migrate.up(database, folder)
    write({"1_a": FILES["1_a"] + " -- a comment"})
    (folder / "2_b.sql").unlink()
    (folder / "2_b.rollback.sql").unlink()
    assert repair(database, folder).rechecked == (1,)
    assert [s.state for s in migrate.status(database, folder).standings] == ["applied", "missing"]
    assert repair(database, folder, forget_missing=True).forgotten == (2,)
    assert repair(database, folder).nothing
    with pytest.raises(MigrationRefused, match="no statement is in doubt"):
        repair(database, folder, statement="done")


def test_a_new_migration_has_the_next_number_and_a_rollback(tmp_path: Path) -> None:
    """Its files are made with the width of the numbers there are, and can be read."""
    folder = tmp_path / "m"
    assert [p.name for p in new(folder, "Users & teams!")] == ["0001_users_teams.sql", "0001_users_teams.rollback.sql"]
    new(folder, "index", transaction=False, phase="expand")
    found = migrate.read_folder(folder)
    assert [(m.version, m.up.transactional, m.up.phase) for m in found] == [(1, True, None), (2, False, "expand")]
    with pytest.raises(MigrationRefused, match="needs a name"):
        new(folder, "!!")


def test_another_tool_does_it_in_our_place(database: str, tmp_path: Path, ask: Ask) -> None:
    """`[migrations] up` and `down` are run where understudy.toml is, with the database in the environment."""
    psql = shlex.quote(str(programs.find("psql").path))
    (tmp_path / "schema.sql").write_text("CREATE TABLE made_by_psql ()")
    (tmp_path / "understudy.toml").write_text(
        f'version = 1\n[migrations]\nup = """{psql} -X -v ON_ERROR_STOP=1 -f schema.sql"""\n'
        f'down = """{psql} -X -c "DROP TABLE made_by_psql" """\n'
    )
    tool = migrator(environments.load(tmp_path / "understudy.toml"))
    tool.up(database)
    assert ask(database, SCHEMA)[0][0] == "made_by_psql"
    with pytest.raises(MigrateError, match="psql failed") as caught:
        tool.up(database)
    assert "already exists" in str(caught.value.detail)
    with pytest.raises(MigrationRefused, match="--to is not understood"):
        tool.up(database, to=3)
    tool.down(database)
    assert ask(database, SCHEMA) == []


def test_another_tool_never_sees_its_password_printed(tmp_path: Path) -> None:
    """Whatever the tool says, our error does not repeat the password it was given."""
    python = shlex.quote(sys.executable)
    (tmp_path / "understudy.toml").write_text(
        f'version = 1\n[migrations]\nup = """{python} -c "import os; exit(os.environ[\'DATABASE_URL\'])" """\n'
    )
    with pytest.raises(MigrateError) as caught:
        migrator(environments.load(tmp_path / "understudy.toml")).up("postgresql://u:hunter2@h/d")
    assert "postgresql://u:***@h/d" in str(caught.value.detail)


def test_the_command_line_from_new_to_down(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """up, status and down say the same in text and in JSON, and end with the documented codes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERSTUDY_CONFIG", raising=False)
    (tmp_path / "understudy.toml").write_text('version = 1\n[migrations]\nfolder = "m"\nlock_timeout = "1s"\n')
    there = url(database)
    assert run(understudy, ["migrate", "new", "first"]) == 0
    assert run(understudy, ["migrate", "status", there, "--check"]) == 3
    assert run(understudy, ["migrate", "up", there, "--dry-run"]) == 0
    assert "SET LOCAL lock_timeout = 1000;" not in capfd.readouterr().out  # an empty file waits for nothing
    assert run(understudy, ["migrate", "up", there, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["applied"][0]["name"] == "first"
    assert run(understudy, ["migrate", "status", there, "--json", "--check"]) == 0
    assert json.loads(capfd.readouterr().out)["up_to_date"] is True
    (tmp_path / "m" / "0001_first.sql").write_text("SELECT 2")
    assert run(understudy, ["migrate", "status", there]) == 3
    assert run(understudy, ["migrate", "up", there]) == 4
    assert "hint:" in capfd.readouterr().err
    assert run(understudy, ["migrate", "repair", there]) == 0
    assert run(understudy, ["migrate", "down", there]) == 0


@pytest.mark.parametrize("key", ["lock_timeout = 3", 'attempts = "x"', "unknown = 1", 'turn = "long"'])
def test_a_setting_that_is_wrong_is_named(tmp_path: Path, key: str) -> None:
    """Every value of [migrations] is checked, and the message says which is wrong."""
    (tmp_path / "understudy.toml").write_text(f"version = 1\n[migrations]\n{key}\n")
    with pytest.raises(environments.ConfigurationError) as caught:
        migrate.settings(environments.load(tmp_path / "understudy.toml"))
    assert key.split(" ")[0] in str(caught.value.detail)


def test_help_names_every_subcommand() -> None:
    """The group's help lists what there is."""
    said = CliRunner().invoke(understudy, ["migrate", "--help"]).output
    for name in ("up", "down", "status", "new", "baseline", "repair"):
        assert f"  {name} " in said
