"""The files of migrations/, one by one, each run in a transaction without the runner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from understudy.postgres import connect

FOLDER = Path(__file__).parents[2] / "migrations"

Connection = psycopg.Connection[tuple[object, ...]]
Run = Callable[[Connection, str], None]


@pytest.fixture(scope="session")
def names() -> list[str]:
    """The migrations in order, without their ending."""
    return sorted(
        path.name.removesuffix(".sql") for path in FOLDER.glob("*.sql") if not path.name.endswith(".rollback.sql")
    )


@pytest.fixture(scope="session")
def apply() -> Run:
    """Runs one file, `0001_users` or `0001_users.rollback`, in a transaction."""

    def run(connection: Connection, name: str) -> None:
        with connection.transaction():
            connection.execute((FOLDER / f"{name}.sql").read_bytes())

    return run


@pytest.fixture
def migrated(migrated_database: str) -> Iterator[Connection]:
    """A connection to a database that has every migration."""
    with connect(migrated_database) as connection:
        yield connection
