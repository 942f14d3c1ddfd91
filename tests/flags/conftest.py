"""Databases with the tables of flags and some users."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from understudy.postgres import Server, connect
from understudy.postgres.dsn import database_of

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="session")
def flags_template(any_server: Server, any_migrated_template: str) -> Iterator[str]:
    """The name of a database to copy: the tables, and users 1 to 500, of whom each fifth is of the tier pro."""
    with any_server.scratch(template=any_migrated_template, prefix="flags") as dsn:
        with connect(dsn) as connection:
            connection.execute(
                "INSERT INTO users (email, tier) "
                "SELECT i || '@example.com', CASE WHEN i % 5 = 0 THEN 'pro' ELSE 'free' END "
                "FROM generate_series(1, 500) AS i"
            )
        yield database_of(dsn)


@pytest.fixture
def flagged(any_server: Server, flags_template: str) -> Iterator[str]:
    """The connection string of a fresh database with the tables and 500 users."""
    with any_server.scratch(template=flags_template, prefix="test") as dsn:
        yield dsn


@pytest.fixture
def connection(flagged: str) -> Iterator[Connection]:
    """A connection to it that commits by itself."""
    with connect(flagged) as opened:
        yield opened
