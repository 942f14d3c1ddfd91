"""The whole story on a small production: it proves what it says, and nothing personal arrives."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg import sql

from anonymizer import attestation, policy
from anonymizer.keys import Key
from understudy.demo.report import ReportInput
from understudy.demo.story import PRODUCTION, STAGING, Plot, tell
from understudy.postgres import Server, connect, programs

REPOSITORY = Path(__file__).parents[2]

pytestmark = pytest.mark.xdist_group("demo")


@dataclass(frozen=True)
class Told:
    """A story that was told, and where."""

    given: ReportInput
    plot: Plot
    server: Server
    steps: list[str]


@pytest.fixture(scope="module")
def told(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The story, told once on the test session's server."""
    plot = Plot(
        REPOSITORY / "migrations",
        REPOSITORY / "anonymizer" / "policy.toml",
        Key(secrets.token_bytes(32)),
        tmp_path_factory.mktemp("demo") / "attestation.json",
        rows=12_000,
    )
    steps: list[str] = []
    tell(postgres_server, plot)
    yield Told(
        tell(postgres_server, plot, lambda step, *_: steps.append(step)),
        plot,
        postgres_server,
        list(dict.fromkeys(steps)),
    )
    for database in (PRODUCTION, STAGING):
        postgres_server.drop_database(database)


def test_everything_is_proven(told: Told) -> None:
    """No leak, one schema, the same figures: and each of them looked at something."""
    assert told.given.proven
    assert told.given.leaks.values > 10_000
    assert told.given.parity.objects[0] > 200
    assert [figure.text for figure, _ in told.given.figures] == [
        "27.8 %",
        "48.0 %",
        "94.4 %",
        "3.4 h",
        "72.2 %",
        "16.7 %",
        "60.0 %",
    ]
    assert told.given.figures_equal == 7


def test_every_step_is_seen(told: Told) -> None:
    """Whoever watches sees production being made, the clone's own steps, and the checks."""
    assert told.steps[0] == "making production"
    assert {"plan", "schema", "load", "indexes", "finish", "verify", "swap"} <= set(told.steps)
    assert told.steps[-2:] == ["checking the clone", "comparing schemas and figures"]


def test_the_attestation_is_signed_and_on_disk(told: Told) -> None:
    """The record of the clone stands where the report says, and its signature holds."""
    attestation.check(attestation.read(Path(told.given.attestation["file"])))


def test_nothing_personal_is_left_anywhere_in_staging(told: Told) -> None:
    """Not one name, e-mail, phone, address or note of production stands in the text of staging's dump."""
    with connect(told.server.dsn(PRODUCTION)) as connection:
        people = connection.execute(
            """SELECT email, nullif(full_name, ''), nullif(phone, ''), address, host(last_ip), nullif(notes, ''),
                      profile #>> '{contact,name}', profile #>> '{emergency_contact,name}',
                      profile #>> '{address,street}' FROM users"""
        ).fetchall()
        others = connection.execute(
            """SELECT assignee_email, assignee_name FROM plan_tasks
               UNION SELECT unnest(shared_with), NULL FROM action_plans
               UNION SELECT jsonb_array_elements_text(properties -> 'invited'), properties ->> 'query'
               FROM analytics_events
               UNION SELECT actor_email, details #>> '{changes,old_email}' FROM security_audit_logs"""
        ).fetchall()
    dump = programs.run("pg_dump", dsn=told.server.dsn(STAGING), server_major=told.server.major())
    # COPY text writes a backslash twice and line ends as \n: so do we, then one search finds every form
    values = {
        str(value).replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
        for row in (*people, *others)
        for value in row
        if value
    }
    assert len(values) > 5000
    words = set(re.findall(r"[^\s,;:\"'<>(){}\[\]]+", dump))
    single = {value for value in values if " " not in value}
    assert len(single) > 2000
    assert not single & words
    assert not [value for value in values - single if value in dump]


def test_what_is_kept_is_kept_to_the_byte(told: Told) -> None:
    """Every kept column of every table is the same on both sides, row by row."""
    for name, table in policy.load(told.plot.policy).tables.items():
        kept = [sql.Identifier(column) for column, mask in table.columns.items() if mask.name == "keep"]
        table_name, columns = sql.Identifier(name.schema, name.name), sql.SQL(", ").join(kept)
        rows = sql.SQL("SELECT {} FROM {}").format(columns, table_name)
        query = sql.SQL("SELECT count(*), md5(string_agg(r::text, '' ORDER BY r::text)) FROM ({}) r").format(rows)
        answers = []
        for database in (PRODUCTION, STAGING):
            with connect(told.server.dsn(database)) as connection:
                answers.append(connection.execute(query).fetchone())
        assert answers[0] == answers[1], str(name)


def test_the_clone_is_alive(told: Told) -> None:
    """The engagement summary is there, ids go on, and what is computed is computed from the masked value."""
    with connect(told.server.dsn(STAGING)) as connection:
        assert connection.execute(
            "SELECT (SELECT count(*) FROM user_engagement_summary) = count(*), "
            "bool_and(search_name = lower(full_name)) FROM users"
        ).fetchone() == (True, True)
        connection.execute("INSERT INTO users (email) VALUES ('new@example.org')")
