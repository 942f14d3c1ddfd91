"""The one interface behind which a PostgreSQL may be embedded, in a container, or anywhere."""

from __future__ import annotations

import abc
import contextlib
import secrets
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from understudy.postgres.dsn import connect
from understudy.postgres.errors import PostgresError

MAINTENANCE_DATABASES = ("postgres", "template1")


class Server(abc.ABC):
    """A PostgreSQL server that databases can be made on."""

    @property
    @abc.abstractmethod
    def label(self) -> str:
        """How the server is called in messages; never with a secret."""

    @abc.abstractmethod
    def dsn(self, database: str) -> str:
        """A connection string to one of its databases. It may hold a password."""

    @abc.abstractmethod
    def location(self, database: str) -> str:
        """How a person would name that database on the command line; never with a secret."""

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of it; whoever started it stops it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def maintenance_database(self) -> str:
        """The database that `administer` connects to."""
        with self.administer() as connection:
            return connection.info.dbname

    def administer(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection to a maintenance database, from where databases are made and dropped."""
        return connect(self.dsn(MAINTENANCE_DATABASES[0]))

    def major(self) -> int:
        """The server's major version."""
        with self.administer() as connection:
            return connection.info.server_version // 10000

    def databases(self) -> list[str]:
        """The names of its databases, templates left out, in order."""
        with self.administer() as connection:
            rows = connection.execute("SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY datname")
            return [str(name) for (name,) in rows]

    def create_database(self, name: str, *, template: str = "template0", strategy: str | None = None) -> str:
        """Make a database and return its connection string.

        Args:
            name: any name; it is quoted.
            template: the database to copy, which nobody may be connected to.
            strategy: `wal_log` or `file_copy` (PostgreSQL 15 and later), the server's choice when None.

        Raises:
            PostgresError: the server refused, in its own words.
        """
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        with self.administer() as connection:
            if strategy and connection.info.server_version >= 150000:
                statement += sql.SQL(" STRATEGY {}").format(sql.Literal(strategy))
            try:
                connection.execute(statement)
            except psycopg.Error as error:
                raise PostgresError(
                    f"cannot create the database {name!r} on {self.label}", detail=_sentence(error)
                ) from None
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, and whoever is connected to it; nothing happens when there is none of that name.

        Raises:
            PostgresError: the server refused, in its own words.
        """
        with self.administer() as connection:
            try:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            except psycopg.Error as error:
                raise PostgresError(
                    f"cannot drop the database {name!r} on {self.label}", detail=_sentence(error)
                ) from None

    @contextlib.contextmanager
    def scratch(self, *, template: str = "template0", prefix: str = "scratch") -> Iterator[str]:
        """The connection string of a database that lives as long as the `with` block."""
        name = f"{prefix}_{secrets.token_hex(6)}"
        try:
            yield self.create_database(name, template=template)
        finally:
            self.drop_database(name)


def _sentence(error: psycopg.Error) -> str:
    return f"The server said: {' '.join(str(error).split())}."
