"""Verify finds each way in which a migration can be wrong, and nothing in one that is right."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy import environments
from understudy.cli import understudy
from understudy.cli.migrate.verify import differences
from understudy.cli.output import run
from understudy.migrate import runner
from understudy.migrate.verify import Bench, Check, VerifySettings, verify, verify_settings
from understudy.migrate.verify.contents import lost, read_contents
from understudy.migrate.verify.rows import insert_rows
from understudy.postgres import Server, connect
from understudy.postgres.dsn import url

Write = Callable[[dict[str, str]], Path]

GOOD = {
    "1_a": "CREATE TYPE mood AS ENUM ('low', 'high'); CREATE DOMAIN grade AS text CHECK (VALUE IN ('A', 'B'));"
    "CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t text NOT NULL, m mood NOT NULL,"
    " g grade NOT NULL, state text NOT NULL CHECK (state IN ('open', 'shut')),"
    " doubled int GENERATED ALWAYS AS (id * 2) STORED)",
    "1_a.rollback": "DROP TABLE a; DROP DOMAIN grade; DROP TYPE mood",
    "2_b": "-- phase: expand\nCREATE TABLE b (id uuid PRIMARY KEY, a_id int NOT NULL REFERENCES a, UNIQUE (a_id, id))",
    "2_b.rollback": "DROP TABLE b",
    "3_i": "-- transaction: none\nCREATE INDEX CONCURRENTLY a_t ON a (t);\nCREATE INDEX CONCURRENTLY a_m ON a (m);",
    "3_i.rollback": "-- transaction: none\nDROP INDEX CONCURRENTLY a_t;\nDROP INDEX CONCURRENTLY a_m;",
}


def checks(server: Server, folder: Path, **needs: Any) -> list[Check]:
    return list(verify(Bench(server, folder, differences, VerifySettings(**needs))))


def problems(found: list[Check]) -> str:
    return "\n".join(problem for check in found for problem in check.problems)


def test_good_migrations_are_found_good(postgres_server: Server, write: Write, tmp_path: Path) -> None:
    """Tables, types, references, concurrent indexes and recorded queries: nothing to say against them."""
    queries = tmp_path / "queries.sql"
    queries.write_text("SELECT id, t FROM a WHERE t = $1;\nINSERT INTO a (t, m, g, state) VALUES ($1, $2, $3, $4);")
    found = checks(postgres_server, write(GOOD), queries=queries, tables=("public.a", "b"))
    assert problems(found) == ""
    assert not any(check.notes for check in found)
    assert {check.name for check in found} == {
        "up",
        "up, down, up with rows",
        "from empty and back",
        "ended at every statement",
        "twice is a no-op",
        "what the release needs",
        "two runners at once",
        "recorded queries",
    }


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"2_b.rollback": ""}, "after the rollback: table public.b"),
        (
            {"2_b.rollback": "DROP TABLE b; ALTER TABLE a ALTER t DROP NOT NULL"},
            "after the rollback: column public.a.t",
        ),
        ({"2_b.rollback": "DROP TABLE c"}, "does not exist"),
        ({"2_b.rollback": None}, "2_b has no rollback"),
        ({"2_b": "CREATE TABLE b (x nonsense)"}, "2_b failed"),
        (
            {"2_b": "ALTER TABLE a DROP COLUMN t", "2_b.rollback": "ALTER TABLE a ADD t text NOT NULL DEFAULT ''"},
            "up and down: ",
        ),
        (
            {
                "2_b": "CREATE TABLE b (m int); INSERT INTO b SELECT max(id) FROM a",
                "2_b.rollback": "DELETE FROM a WHERE id > (SELECT min(m) FROM b); DROP TABLE b",
            },
            "the rollback: 3 of 6 rows of public.a are lost or changed that the migration did not create",
        ),
        (
            {"2_b": "-- transaction: none\nCREATE TABLE b ();\nDO $$ BEGIN COMMIT; END $$"},
            "it is not known whether a statement took effect",
        ),
        (
            {
                "2_b": "CREATE SEQUENCE s;"
                "DO $$ BEGIN EXECUTE 'CREATE TABLE b' || (SELECT count(*) FROM a) || ' ()'; END $$",
                "2_b.rollback": "DROP SEQUENCE s; DROP TABLE IF EXISTS b0, b3",
            },
            "up again: table public.b",
        ),
    ],
)
def test_each_fault_is_found_and_said(
    postgres_server: Server, write: Write, files: dict[str, str | None], said: str
) -> None:
    """A rollback that leaves, loses or fails; a migration that depends on rows or cannot be taken up again."""
    given = {name: text for name, text in (GOOD | files).items() if text is not None and not name.startswith("3")}
    assert said in problems(checks(postgres_server, write(given)))


def test_a_recorded_query_that_proves_nothing_is_found(postgres_server: Server, write: Write, tmp_path: Path) -> None:
    """One that no schema on the way understands would never break, so it is a problem itself."""
    queries = tmp_path / "queries.sql"
    queries.write_text("SELECT 1;\nSELECT mistyped FROM a;")
    folder = write({"1_a": "CREATE TABLE a (id int)", "1_a.rollback": "DROP TABLE a"})
    said = problems(checks(postgres_server, folder, queries=queries))
    assert said == "the recorded query of line 2 is understood at no migration"


@pytest.mark.parametrize(("phase", "safe"), [("expand", False), ("contract", True)])
def test_an_expand_migration_keeps_the_old_releases_queries_running(
    postgres_server: Server, write: Write, tmp_path: Path, phase: str, safe: bool
) -> None:
    """A renamed column breaks the query that reads it; only a migration that says contract may do that."""
    queries = tmp_path / "queries.sql"
    queries.write_text("\nSELECT t FROM a;\nSELECT * FROM a;")
    rename = {
        "2_b": f"-- phase: {phase}\nALTER TABLE a RENAME t TO u",
        "2_b.rollback": "ALTER TABLE a RENAME u TO t",
    }
    given = {name: text for name, text in (GOOD | rename).items() if not name.startswith("3")}
    said = problems(checks(postgres_server, write(given), queries=queries))
    assert ('the recorded query of line 2 breaks: column "t" does not exist' in said) is not safe
    assert ("line 3 breaks: it answers with other columns" in said) is not safe


def test_what_the_release_needs_must_be_there_and_usable(postgres_server: Server, write: Write) -> None:
    """A missing table is named, and so is a privilege that the application's role lacks; the role is gone after it."""
    folder = write({"1_a": "CREATE TABLE a (); GRANT SELECT ON a TO verify_app", "1_a.rollback": "DROP TABLE a"})
    found = checks(postgres_server, folder, tables=("a", "gone"), role="verify_app", privileges=("SELECT", "INSERT"))
    assert problems(found) == "the role verify_app may not INSERT on a\nthe table gone does not exist"
    with postgres_server.administer() as connection:
        assert connection.execute("SELECT count(*) FROM pg_roles WHERE rolname = 'verify_app'").fetchone() == (0,)


def test_a_sequence_that_the_role_may_not_use_is_named(postgres_server: Server, write: Write) -> None:
    """INSERT on a table whose numbers come from a sequence is of no use without USAGE of that; identity needs none."""
    text = (
        "CREATE TABLE a (id serial, n text); CREATE TABLE b (id int GENERATED BY DEFAULT AS IDENTITY, n text);"
        "GRANT INSERT ON a, b TO verify_numbers"
    )
    folder = write({"1_a": text, "1_a.rollback": "DROP TABLE a, b"})
    needed: dict[str, Any] = {"tables": ("a", "b"), "role": "verify_numbers", "privileges": ("INSERT",)}
    said = problems(checks(postgres_server, folder, **needed))
    assert said == "the role verify_numbers may not use a_id_seq, which numbers a"
    write({"1_a": f"{text}; GRANT USAGE ON SEQUENCE a_id_seq TO verify_numbers"})
    assert problems(checks(postgres_server, folder, **needed)) == ""


def test_a_run_that_cannot_be_taken_up_again_is_found(
    postgres_server: Server, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the journal of statements not kept, a killed concurrent file would be found not to resume."""
    monkeypatch.setattr("understudy.migrate.journal.Journal.under_way", lambda _: ())
    assert "already exists" in problems(checks(postgres_server, write(GOOD)))


def test_two_runners_without_a_lock_are_found(
    postgres_server: Server, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the lock not taken, the race would be seen to go wrong: both have read the journal before either writes."""
    monkeypatch.setattr("understudy.migrate.session._take_turn", lambda *_: None)
    monkeypatch.setattr("understudy.migrate.apply.require_turn", lambda _: None)
    both, plan = threading.Barrier(2), runner.plan.to_apply

    def planned(*given: Any, **named: Any) -> Any:
        todo = plan(*given, **named)
        if threading.current_thread() is not threading.main_thread():
            both.wait(60)
        return todo

    monkeypatch.setattr(runner.plan, "to_apply", planned)
    folder = write({"1_a": "CREATE TABLE a ()", "1_a.rollback": "DROP TABLE a"})
    (race,) = (check for check in checks(postgres_server, folder) if check.name == "two runners at once")
    assert not race.ok


def test_a_prefix_that_comes_out_otherwise_in_one_go_is_found(postgres_server: Server, write: Write) -> None:
    """What one file leaves in the session and the next one finds shows only where both run in one session."""
    folder = write(
        {
            "1_a": "CREATE TABLE a (); PREPARE left_over AS SELECT 1",
            "1_a.rollback": "DROP TABLE a",
            "2_b": "DO $$ BEGIN EXECUTE format('CREATE TABLE b (x%s int)',"
            " (SELECT count(*) FROM pg_prepared_statements WHERE name = 'left_over')); END $$",
            "2_b.rollback": "DROP TABLE b",
        }
    )
    bad = [check for check in checks(postgres_server, folder) if not check.ok]
    assert ("from empty and back", "2_b") in [(check.name, check.migration) for check in bad]
    assert "from empty in one go: column public.b.x" in problems(bad)


def test_a_second_up_that_does_something_is_found(
    postgres_server: Server, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were what is applied not written down, up would do it again."""
    monkeypatch.setattr("understudy.migrate.journal.Journal.applied", lambda *_, **__: None)
    folder = write({"1_a": "CREATE TABLE IF NOT EXISTS a ()", "1_a.rollback": "DROP TABLE a"})
    (twice,) = (check for check in checks(postgres_server, folder) if check.name == "twice is a no-op")
    assert twice.problems == ("a second up applied 1 migrations",)


def test_a_table_that_takes_no_invented_row_is_noted(postgres_server: Server, write: Write) -> None:
    """Nothing is claimed of a table whose constraints could not be satisfied."""
    folder = write({"1_a": "CREATE TABLE a (x text NOT NULL CHECK (md5(x) = 'never'))", "1_a.rollback": "DROP TABLE a"})
    notes = [note for check in checks(postgres_server, folder) for note in check.notes]
    assert notes == ["no row could be made for public.a"]


def test_rows_are_invented_for_the_repositorys_own_schema(migrated_database: str) -> None:
    """Every table of it takes rows, and losing one of them is seen."""
    with contextlib.closing(connect(migrated_database)) as connection:
        assert insert_rows(connection, count=3, seed=1) == []
        before = read_contents(connection)
        connection.execute("DELETE FROM user_feature_flags WHERE ctid = (SELECT min(ctid) FROM user_feature_flags)")
        after = read_contents(connection)
    (said,) = lost(before, after, before)
    assert "rows of public.user_feature_flags are lost" in said


def test_the_command_ends_with_3_and_documented_json(
    database: str, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not safe is an honest no; the JSON lists every check."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERSTUDY_CONFIG", raising=False)
    folder = write({"1_a": "CREATE TABLE a ()"})
    assert run(understudy, ["migrate", "verify", "--on", url(database), "--folder", str(folder), "--json"]) == 3
    said = json.loads(capfd.readouterr().out)
    assert said["safe"] is False
    assert [c["problems"] for c in said["checks"] if not c["ok"]] == [["1_a has no rollback"]]
    write({"1_a.rollback": "DROP TABLE a"})
    assert run(understudy, ["migrate", "verify", "--on", url(database), "--folder", str(folder)]) == 0


def test_a_setting_that_is_wrong_is_named(tmp_path: Path) -> None:
    """[migrations.verify] is checked like everything else in understudy.toml."""
    (tmp_path / "understudy.toml").write_text('version = 1\n[migrations.verify]\nroles = "app"\n')
    with pytest.raises(environments.ConfigurationError) as caught:
        verify_settings(environments.load(tmp_path / "understudy.toml"))
    assert "migrations.verify.roles" in str(caught.value.detail)


@pytest.mark.slow
def test_this_repositorys_own_migrations_are_safe(postgres_server: Server) -> None:
    """What CI runs: all of migrations/, with its recorded queries and its tables, on the server of this test run."""
    configuration = environments.load(Path(__file__).parents[2] / "understudy.toml")
    wanted = verify_settings(configuration)
    assert wanted.queries
    found = list(verify(Bench(postgres_server, configuration.migrations, differences, wanted)))
    assert problems(found) == ""
    assert {"recorded queries", "what the release needs"} <= {check.name for check in found}
