"""Default privileges without FOR ROLE belong to whoever ran them: in files that is nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo

from understudy.parity import Answer, Options, Verdict, compare
from understudy.postgres import Server, connect
from understudy.postgres.dsn import parameters, url

MIGRATION = """
CREATE TABLE t (id int);
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM public;
"""
LOADED = Options(owners=False, database=False, loaded=(False, True))

MakeDatabase = Callable[[], str]


@pytest.fixture
def run_by(parity_server: Server) -> Callable[[str, str, str], str]:
    """Runs SQL in a database as a role, which may make things in it."""
    with parity_server.administer() as connection:
        connection.execute("ALTER ROLE parity_alice LOGIN PASSWORD 'invented'")
        connection.execute("ALTER ROLE parity_bob LOGIN PASSWORD 'invented'")

    def go(dsn: str, role: str, text: str) -> str:
        with connect(dsn) as connection:
            connection.execute(f"GRANT ALL ON SCHEMA public TO {role}".encode())
        with connect(make_conninfo(**{**parameters(dsn), "user": role, "password": "invented"})) as connection:
            connection.execute(text.encode())
        with connect(dsn) as connection:
            connection.execute(f"REVOKE ALL ON SCHEMA public FROM {role}".encode())
        return dsn

    return go


def loaded(dsn: str, text: str) -> str:
    with connect(dsn) as connection:
        connection.execute(text.encode())
    return dsn


def places(verdict: Verdict) -> set[tuple[str, str]]:
    return {(d.path, d.attribute) for d in verdict.differences}


def test_it_does_not_matter_who_ran_the_migrations(
    make_database: MakeDatabase, run_by: Callable[[str, str, str], str]
) -> None:
    """What files say without FOR ROLE is the same as what whoever ran them got, and a note names the role."""
    live = run_by(make_database(), "parity_alice", MIGRATION)
    verdict = compare(live, loaded(make_database(), MIGRATION), LOADED)
    assert (verdict.answer, verdict.reasons, verdict.defects) == (Answer.SAME, [], [])
    assert any("those of the role parity_alice" in note for note in verdict.notes)
    swapped = compare(loaded(make_database(), MIGRATION), live, Options(owners=False, loaded=(True, False)))
    assert not [d for d in swapped.differences if d.kind == "default privileges"]


def test_what_another_role_has_or_the_files_name_is_still_a_difference(
    make_database: MakeDatabase, run_by: Callable[[str, str, str], str]
) -> None:
    """Only the loader's are anybody's: another role's that the files know nothing of, or say otherwise, is seen."""
    live = run_by(make_database(), "parity_alice", MIGRATION)
    run_by(live, "parity_bob", "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor")
    verdict = compare(live, loaded(make_database(), MIGRATION), LOADED)
    assert places(verdict) == {("parity_bob in public on tables", "presence")}
    named = (
        MIGRATION + "ALTER DEFAULT PRIVILEGES FOR ROLE parity_bob IN SCHEMA public GRANT ALL ON TABLES TO pg_monitor"
    )
    verdict = compare(live, loaded(make_database(), named), LOADED)
    assert places(verdict) == {("parity_bob in public on tables", "privileges")}
    assert verdict.defects == []


def test_a_right_more_or_less_is_a_difference(
    make_database: MakeDatabase, run_by: Callable[[str, str, str], str]
) -> None:
    """What whoever ran the migrations has beyond the files, or lacks, is seen, by the name of that role."""
    more = "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT ON TABLES TO pg_monitor"
    live = run_by(make_database(), "parity_alice", MIGRATION + more)
    verdict = compare(live, loaded(make_database(), MIGRATION), LOADED)
    assert places(verdict) == {("parity_alice in public on tables", "privileges")}
    bare = run_by(make_database(), "parity_alice", "CREATE TABLE t (id int)")
    verdict = compare(bare, loaded(make_database(), MIGRATION), LOADED)
    assert {path.partition(" ")[2] for path, _ in places(verdict)} == {"in public on tables", "on functions"}
    assert verdict.defects == []


def test_the_command_compares_a_folder_with_whoever_ran_it(
    make_database: MakeDatabase, run_by: Callable[[str, str, str], str], cli: Callable[..., Any], tmp_path: Path
) -> None:
    """`understudy parity DATABASE FOLDER` is "same", whichever role ran the folder's migrations."""
    (tmp_path / "0001_t.sql").write_text(MIGRATION)
    live = run_by(make_database(), "parity_alice", MIGRATION)
    ran = cli("parity", url(live), str(tmp_path), "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "same"), ran
