"""One small practice production, made once and copied for whoever needs it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from understudy.demo.production import Production, fill
from understudy.postgres import Server, connect
from understudy.postgres.dsn import database_of

ROWS = 12_000


@pytest.fixture(scope="session")
def production(postgres_server: Server, migrated_template: str) -> Iterator[tuple[str, Production]]:
    """The connection string of a filled database, which tests only read, and what was loaded into it."""
    with postgres_server.scratch(template=migrated_template, prefix="production") as dsn:
        yield dsn, fill(dsn, rows=ROWS)


@pytest.fixture
def reading(production: tuple[str, Production]) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A read-only connection to it."""
    with connect(production[0]) as connection:
        connection.read_only = True
        yield connection


@pytest.fixture
def copied(production: tuple[str, Production], postgres_server: Server) -> Iterator[str]:
    """The connection string of a copy that a test may change."""
    with postgres_server.scratch(template=database_of(production[0]), prefix="copied") as dsn:
        yield dsn
