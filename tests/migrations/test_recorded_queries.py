"""The recorded queries are those that the application sends, all of them, and each is understood."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg._queries import PostgresQuery

from understudy import environments
from understudy.demo.figures import figures
from understudy.flags import FlagStore, check, service, verify_hidden
from understudy.migrate.verify import queries, verify_settings
from understudy.postgres import connect

ROOT = Path(__file__).parents[2]
_CURSOR = re.compile(r'DECLARE "\w+" .*?CURSOR .*?FOR ', re.DOTALL)
_OURS = re.compile(r"(SELECT|INSERT|UPDATE|DELETE|WITH)\b")


def plain(text: str) -> str:
    return " ".join(text.split())


@contextlib.contextmanager
def recording(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Collects what psycopg sends, with $1 for parameters; a cursor's declaration as its query."""
    sent: set[str] = set()
    convert = PostgresQuery.convert

    def recorded(self: Any, query: Any, values: Any) -> None:
        convert(self, query, values)
        text = plain(_CURSOR.sub("", bytes(self.query).decode()))
        if _OURS.match(text):
            sent.add(text)

    with monkeypatch.context() as patch:
        patch.setattr(PostgresQuery, "convert", recorded)
        yield sent


def use_everything(dsn: str) -> None:
    """A day of the application: flags made, changed, asked for and forgotten; the figures read."""
    with connect(dsn) as connection:
        service.create(connection, "f", enabled=True, percentage=10)
        service.switch(connection, "f", False)
        service.roll_out(connection, "f", 20, ["pro"])
        for enabled in (True, False, None):
            service.override(connection, "1", "f", enabled)
        check(connection, "1", "f")
        verify_hidden(connection, ["f"])
        FlagStore(connection).rows()
        FlagStore(connection).overrides(FlagStore(connection).get("f"))
    figures(dsn)


def test_what_the_application_sends_is_recorded(migrated_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query that is new or changed is missing here until it is recorded: the message has it to be copied."""
    with connect(migrated_database) as connection:
        connection.execute("INSERT INTO users (email) VALUES ('a@example.com')")
    with recording(monkeypatch) as sent:
        use_everything(migrated_database)
    path = verify_settings(environments.load(ROOT / "understudy.toml")).queries
    assert path
    known = {plain(query.text) for query in queries.read_queries(path)}
    missing = sorted(sent - known)
    assert not missing, "add to recorded_queries.sql:\n" + ";\n".join(missing) + ";"
    assert len(sent) >= 12


def test_each_is_understood_and_a_renamed_column_breaks_some(migrated_database: str) -> None:
    """Nothing in the file is there in vain; a migration that renames what they read would be found."""
    path = verify_settings(environments.load(ROOT / "understudy.toml")).queries
    assert path
    recorded = queries.read_queries(path)
    with connect(migrated_database) as connection:
        before = queries.prepare(connection, recorded)
        assert [answer for answer in before.values() if isinstance(answer, str)] == []
        connection.execute("ALTER TABLE feature_flags RENAME rollout_percentage TO percentage")
        said = queries.broken(before, queries.prepare(connection, recorded))
    assert len(said) >= 3
    assert all('column "rollout_percentage"' in one for one in said)
