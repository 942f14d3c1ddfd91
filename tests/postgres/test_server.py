"""What every kind of server does: make databases, copy them, drop them, and never the wrong one."""

from __future__ import annotations

import contextlib

import pytest

from understudy.postgres import RemoteServer, Server, connect
from understudy.postgres.dsn import database_of, url
from understudy.postgres.errors import LocationError, PostgresError, UnreachableError

HOSTILE = 'Sales "24"; DROP TABLE x -- \'ü'


def test_a_database_may_be_called_anything(any_server: Server) -> None:
    """Names are quoted, not trusted."""
    try:
        with connect(any_server.create_database(HOSTILE)) as connection:
            assert connection.execute("SELECT current_database()").fetchone() == (HOSTILE,)
        assert HOSTILE in any_server.databases()
    finally:
        any_server.drop_database(HOSTILE)
    assert HOSTILE not in any_server.databases()


@pytest.mark.parametrize("strategy", [None, "wal_log", "file_copy"])
def test_a_database_can_be_copied(any_server: Server, strategy: str | None) -> None:
    """By either strategy, with everything in it; what is done to the copy is not done to the first."""
    with any_server.scratch() as first:
        with connect(first) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS one")
        copy = any_server.create_database("understudy_copy", template=database_of(first), strategy=strategy)
        try:
            with connect(copy) as connection:
                assert connection.execute("SELECT one FROM t").fetchone() == (1,)
                connection.execute("DROP TABLE t")
        finally:
            any_server.drop_database("understudy_copy")
        with connect(first) as connection:
            assert connection.execute("SELECT one FROM t").fetchone() == (1,)


def test_a_scratch_database_lives_as_long_as_its_block(any_server: Server) -> None:
    """It is gone after it, also when somebody is still connected and when the block failed."""
    with any_server.scratch(prefix="short") as dsn:
        left = connect(dsn)
        name = database_of(dsn)
        assert name.startswith("short_")
    assert name not in any_server.databases()
    left.close()
    with contextlib.suppress(ZeroDivisionError), any_server.scratch() as dsn:
        name = database_of(dsn)
        raise ZeroDivisionError
    assert name not in any_server.databases()


def test_what_the_server_refuses_is_told_in_its_words(any_server: Server) -> None:
    """A name that is taken, a template that is not there; dropping what is not there is no error."""
    with any_server.scratch() as dsn, pytest.raises(PostgresError, match="cannot create the database") as caught:
        any_server.create_database(database_of(dsn))
    assert "already exists" in str(caught.value.detail)
    with pytest.raises(PostgresError) as caught:
        any_server.create_database("understudy_x", template="no_such_template")
    assert "no_such_template" in str(caught.value.detail)
    any_server.drop_database("no_such_database")
    with pytest.raises(PostgresError, match="cannot drop the database 'template1'"):
        any_server.drop_database("template1")


def test_a_server_knows_itself(any_server: Server) -> None:
    """Its version, its databases without the templates, and a name without a secret."""
    assert 14 <= any_server.major() <= 18
    assert "template0" not in any_server.databases()
    assert "postgres" in any_server.databases()
    assert "password" not in any_server.label
    assert any_server.location("shop").endswith("shop")


def test_a_server_somewhere_is_any_of_them_by_its_address(any_server: Server) -> None:
    """RemoteServer does on an address what the server itself does; closing it closes nothing."""
    with RemoteServer(url(any_server.dsn("postgres"))) as remote:
        assert remote.major() == any_server.major()
        with remote.scratch() as dsn, connect(dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert any_server.databases()


def test_a_server_somewhere_is_not_connected_to_before_it_is_used() -> None:
    """A malformed address is refused at once, an unreachable one when it is needed."""
    with pytest.raises(LocationError):
        RemoteServer("postgresql://u:hunter2@h:port/d")
    server = RemoteServer("postgresql://u:hunter2@127.0.0.1:1/d")
    assert server.label == "postgresql://u@127.0.0.1:1/"
    with pytest.raises(UnreachableError) as caught:
        server.databases()
    assert "hunter2" not in str(caught.value)
