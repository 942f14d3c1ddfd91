"""The schema's way to the clone: what the archive brings, and what it does not."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from anonymizer import endpoint
from anonymizer.clone import RolesMissing
from anonymizer.schema import Schema, missing_roles, missing_tablespaces
from anonymizer.servererrors import ServerFailed
from understudy.postgres import EmbeddedServer, Server, connect
from understudy.pytest_plugin import start_server

CANARY = "canary-2b6f"


@pytest.fixture
def pair(open_pair: Callable[..., AbstractContextManager[Any]]) -> Iterator[Any]:
    """A source, and an empty database to restore into."""
    with open_pair() as opened:
        opened.server.create_database(opened.name)
        yield opened


def dumped(pair: Any, folder: Path) -> Schema:
    schema = Schema(pair.programs, folder / "archive")
    with endpoint.source(pair.source, "s").connect(autocommit=False) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row
        schema.dump(endpoint.source(pair.source, "s"), str(row[0]))
    return schema


def test_an_archive_holds_no_row_and_no_statistic(pair: Any, tmp_path: Path) -> None:
    """Not even the commonest values, which ANALYZE copies into the catalog."""
    pair.sql(
        "CREATE TABLE t (a text)",
        f"INSERT INTO t SELECT '{CANARY}' FROM generate_series(1, 100)",
        "CREATE STATISTICS s ON a, (lower(a)) FROM t",
        "ANALYZE t",
    )
    dumped(pair, tmp_path)
    assert CANARY.encode() not in (tmp_path / "archive").read_bytes()


def test_tables_come_before_the_rows_and_indexes_after(pair: Any, tmp_path: Path) -> None:
    """Two halves; together they are the schema."""
    pair.sql("CREATE TABLE t (a int PRIMARY KEY CHECK (a > 0))", "CREATE INDEX i ON t (a)")
    schema, end = dumped(pair, tmp_path), endpoint.target(pair.target, "t")
    schema.restore(end, "pre-data")
    indexes = "SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass"
    assert pair.sql(indexes, target=True) == [(0,)]
    schema.restore(end, "post-data", 2)
    assert pair.sql(indexes, target=True) == [(2,)]
    assert not pair.differences()


def test_an_object_that_only_looks_like_a_subscription_comes_along(pair: Any, tmp_path: Path) -> None:
    """Names are anybody's; only the kind of an object decides."""
    pair.sql('CREATE TABLE "SUBSCRIPTION x" (a int)', 'CREATE SCHEMA "USER MAPPING "')
    pair.sql("COMMENT ON TABLE \"SUBSCRIPTION x\" IS 'SUBSCRIPTION y'")
    schema = dumped(pair, tmp_path)
    schema.restore(endpoint.target(pair.target, "t"), "pre-data")
    schema.restore(endpoint.target(pair.target, "t"), "post-data")
    assert schema.left_out == []
    assert not pair.differences()


def test_a_restore_that_fails_says_why(pair: Any, tmp_path: Path) -> None:
    """With the first error, without the statement."""
    pair.sql("CREATE TABLE t (a text DEFAULT 'canary-default')")
    schema = dumped(pair, tmp_path)
    pair.sql("CREATE TABLE t ()", target=True)
    with pytest.raises(ServerFailed) as raised:
        schema.restore(endpoint.target(pair.target, "t"), "pre-data")
    assert 'Building the tables failed: relation "t" already exists' in str(raised.value)
    assert "canary" not in str(raised.value)


@pytest.fixture(scope="module")
def older_server() -> Iterator[Server]:
    """An embedded PostgreSQL 16: another server, with other roles."""
    yield from start_server("embedded16")


@pytest.mark.xdist_group("older")
def test_a_clone_on_another_server_of_another_version(
    older_server: Server, pair: Any, tmp_path: Path, postgres_server: Server
) -> None:
    """Its roles are not there: owners and privileges stay behind, and that is said. The rest arrives."""
    if postgres_server.major() < 16:
        pytest.skip("the session's server is older than the older one")
    assert isinstance(older_server, EmbeddedServer)
    role = f"app_{secrets.token_hex(4)}"
    with older_server.scratch() as source:
        with connect(source) as connection:
            for statement in (
                f"CREATE ROLE {role}",
                "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, email text, n numeric)",
                f"ALTER TABLE t OWNER TO {role}",
                f"GRANT SELECT ON t TO {role}",
                "INSERT INTO t (email, n) VALUES ('a@corp.test', 'NaN'), (NULL, '1.50')",
            ):
                connection.execute(statement.encode())
        with psycopg.connect(source) as ours, connect(pair.target) as theirs:
            assert missing_roles(ours, theirs) == [role]  # type: ignore[arg-type]
            assert missing_tablespaces(ours, theirs) == []  # type: ignore[arg-type]

        across = replace(pair, source=source)
        result = across.clone({"public.t": {"email": "email"}})
        with connect(source) as connection:
            connection.execute(f"CREATE POLICY p ON t TO {role} USING (true)".encode())
        oid = across.oid()
        with pytest.raises(RolesMissing) as raised:
            across.clone({"public.t": {"email": "email"}})
        assert f'CREATE ROLE "{role}"' in str(raised.value)
        assert across.oid() == oid
        assert any(f"the server lacks the role {role}" in said for said in result.left_out)
        assert pair.sql("SELECT id, n::text, email LIKE '%@example.%' FROM t ORDER BY id", target=True) == [
            (1, "NaN", True),
            (2, "1.50", None),
        ]
