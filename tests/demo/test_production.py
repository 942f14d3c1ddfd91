"""The practice production: believable, repeatable, and with the figures that the first users reported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from understudy.demo.errors import DemoError, NotEmptyError
from understudy.demo.figures import figures
from understudy.demo.production import TABLES, Production, fill
from understudy.postgres import connect

Connection = psycopg.Connection[tuple[object, ...]]

REPORTED = {
    "onboarding conversion": "27.8 %",
    "onboarding completion": "48.0 %",
    "completed within 24 h": "94.4 %",
    "average completion time": "3.4 h",
    "inactive users": "72.2 %",
    "power users": "16.7 %",
    "activity of power users": "60.0 %",
}

DIGEST = """
import hashlib
from understudy.demo.dice import Dice
from understudy.demo.people import People
from understudy.demo.production import pieces
from understudy.demo.size import size_for
from understudy.demo.world import World

digest = {}
dice = Dice(SEED)
for table, frame in pieces(World(size_for(12_000), dice, People(dice))):
    digest.setdefault(table, hashlib.sha256()).update(frame.write_csv(include_header=False).encode())
print({table: d.hexdigest() for table, d in digest.items()})
"""


def one(connection: Connection, query: str) -> tuple[object, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def digest(seed: int, environment: dict[str, str], patch: str = "") -> str:
    code = patch + DIGEST.replace("SEED", str(seed))
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout


def test_the_figures_are_those_that_were_reported(production: tuple[str, Production]) -> None:
    """Each of the seven, as printed to one decimal."""
    assert {figure.name: figure.text for figure in figures(production[0]).figures} == REPORTED


@pytest.mark.parametrize(("rows", "seed"), [(17_000, 2), (60_000, 3)])
def test_the_figures_hold_at_other_sizes_and_seeds(migrated_database: str, rows: int, seed: int) -> None:
    """The figures do not hang on one lucky seed."""
    made = fill(migrated_database, rows=rows, seed=seed)
    assert {figure.name: figure.text for figure in figures(migrated_database).figures} == REPORTED
    assert made.total == pytest.approx(rows, rel=0.3)


def test_the_funnel_narrows_to_the_conversion(production: tuple[str, Production]) -> None:
    """Four steps, each entered by those who finished the one before, the last finished by the converted."""
    read = figures(production[0])
    assert [step.name for step in read.funnel] == ["profile", "channel", "plan", "first task"]
    for before, after in zip(read.funnel, read.funnel[1:], strict=False):
        assert before.finished == after.entered
        assert after.finished < after.entered
    assert read.funnel[-1].of_users == read.figures[0].value


def test_the_same_seed_gives_the_same_bytes() -> None:
    """In another process, with another hash seed, other threads and other chunks, every table is the same."""
    first = digest(1, {"PYTHONHASHSEED": "1", "POLARS_MAX_THREADS": "1", "TZ": "UTC", "LC_ALL": "C"})
    chunks = "import understudy.demo.production as p; p.USERS_PER_CHUNK = 97; p.ROWS_PER_CHUNK = 1001\n"
    second = digest(
        1, {"PYTHONHASHSEED": "2", "POLARS_MAX_THREADS": "4", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}, chunks
    )
    assert first == second
    assert digest(2, {}) != first


def test_every_table_is_filled_and_counted(reading: Connection, production: tuple[str, Production]) -> None:
    """The counts returned are the rows in the tables, and none is empty."""
    for table in TABLES:
        assert one(reading, f"SELECT count(*) FROM {table}") == (production[1].rows[table],)
        assert production[1].rows[table] > 0
    assert one(reading, "SELECT count(*) FROM user_engagement_summary") == one(reading, "SELECT count(*) FROM users")


def test_people_are_believable(reading: Connection) -> None:
    """Names with apostrophes and in other scripts; addresses of their own; NULL and the empty string both occur."""
    assert one(reading, "SELECT count(DISTINCT email) = count(*) FROM users") == (True,)
    for condition in (
        "full_name LIKE '%''%'",
        "full_name ~ '[^\\x01-\\x7f]'",
        "full_name = ''",
        "phone IS NULL",
        "phone = ''",
        "company IS NULL",
        "company = ''",
        "address LIKE E'%\\n%'",
        "family(last_ip) = 6",
        "profile ->> 'emergency_contact' IS NULL",
        "profile #>> '{emergency_contact,phone}' <> ''",
        "locale = 'it_IT'",
        "locale = 'ja_JP'",
        "last_active_at IS NULL",
    ):
        assert one(reading, f"SELECT count(*) > 0 FROM users WHERE {condition}") == (True,), condition


@pytest.mark.parametrize("what", ["E'\\n'", "E'\\t'", "'\\'", "'\"'", "E'\\n\\\\.\\n'", "'\\N'"])
def test_free_text_holds_what_breaks_careless_code(reading: Connection, what: str) -> None:
    """Newlines, tabs, backslashes, quotes and COPY's own markers stand in the notes."""
    assert one(reading, f"SELECT count(*) > 0 FROM users WHERE position({what} IN notes) > 0") == (True,)


def test_a_person_is_the_same_wherever_they_are_mentioned(reading: Connection) -> None:
    """The name in the column is the one in JSON, in messages and in the audit log; the e-mail too."""
    assert one(
        reading,
        "SELECT count(*) FROM users WHERE full_name NOT IN ('', profile #>> '{contact,name}') "
        "OR email <> profile #>> '{contact,email}'",
    ) == (0,)
    for query in (
        "SELECT count(*), count(*) FILTER (WHERE position(full_name IN body) > 0) "
        "FROM message_deliveries m JOIN users u ON u.id = user_id",
        "SELECT count(*), count(*) FILTER (WHERE position(u.email IN message) > 0 AND details #>> '{request,email}' "
        "= u.email AND details #>> '{request,ip}' = host(client_ip)) "
        "FROM security_audit_logs m JOIN users u ON u.id = user_id",
        "SELECT count(*), count(*) FILTER (WHERE recipient IN (email, profile #>> '{contact,phone}')) "
        "FROM onboarding_message_deliveries m JOIN superior_onboarding_states s ON s.id = onboarding_state_id "
        "JOIN users u ON u.id = s.user_id",
    ):
        mentions, right = one(reading, query)
        assert mentions == right != 0


def test_time_goes_forward(reading: Connection) -> None:
    """Events and audit logs stand in the order of time; nobody acts before they signed up or after the reference."""
    for table in ("analytics_events", "security_audit_logs"):
        assert one(
            reading,
            f"SELECT count(*) FROM (SELECT occurred_at < lag(occurred_at) OVER (ORDER BY id) AS back FROM {table}) t "
            "WHERE back",
        ) == (0,)
        assert one(
            reading, f"SELECT count(*) FROM {table} t JOIN users u ON u.id = t.user_id WHERE occurred_at < created_at"
        ) == (0,)
        assert one(reading, f"SELECT max(occurred_at) = '2025-06-30 18:00Z' FROM {table}") == (True,)
    assert one(
        reading,
        "SELECT count(*) FROM superior_onboarding_states JOIN users u ON u.id = user_id WHERE started_at < created_at",
    ) == (0,)


def test_last_active_agrees_with_the_events(reading: Connection) -> None:
    """Who is inactive by their events has not signed in for 30 days either."""
    assert one(
        reading,
        "SELECT count(*) FROM users u JOIN user_activity a ON a.user_id = u.id "
        "WHERE inactive <> coalesce(last_active_at <= as_of - interval '720 hours', true)",
    ) == (0,)


def test_new_rows_get_the_next_ids(copied: str) -> None:
    """After the load every sequence goes on where the ids end."""
    with connect(copied) as connection:
        for statement in (
            "INSERT INTO users (email) VALUES ('new@example.org')",
            "INSERT INTO feature_flags (name) VALUES ('new')",
            "INSERT INTO analytics_events (event_name) VALUES ('new')",
            "INSERT INTO action_plans (user_id, title) VALUES (1, 'new')",
        ):
            connection.execute(statement)


def test_a_database_that_has_rows_is_refused_untouched(copied: str) -> None:
    """Filling twice is an error, and the rows are still those of before."""
    with pytest.raises(NotEmptyError):
        fill(copied, rows=12_000)
    with connect(copied) as connection:
        assert one(connection, "SELECT count(*) > 0 FROM analytics_events") == (True,)


def test_a_database_without_the_tables_is_an_error_with_its_remedy(database: str) -> None:
    """The hint says what to run."""
    with pytest.raises(DemoError, match="not migrated") as caught:
        fill(database, rows=12_000)
    assert "migrate up" in str(caught.value.hint)
    with pytest.raises(DemoError, match="no business figures"):
        figures(database)


def test_an_interrupted_load_leaves_the_tables_empty(migrated_database: str) -> None:
    """All rows are loaded in one transaction."""

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(migrated_database, rows=12_000, progress=interrupt)
    with connect(migrated_database) as connection:
        assert one(connection, "SELECT count(*) FROM users") == (0,)
        assert one(connection, "SELECT count(*) FROM feature_flags") == (0,)
