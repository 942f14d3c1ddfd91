"""A server that somebody else runs, reached by its `postgresql://` address."""

from __future__ import annotations

import psycopg

from understudy.postgres.dsn import connect, parameters, redacted, with_database
from understudy.postgres.errors import UnreachableError
from understudy.postgres.server import MAINTENANCE_DATABASES, Server


class RemoteServer(Server):
    """Any PostgreSQL server; closing it closes nothing, for nothing of it is ours."""

    def __init__(self, dsn: str) -> None:
        """Keeps the address; no connection is opened yet.

        Raises:
            LocationError: the address is malformed.
        """
        parameters(dsn)
        self._dsn = dsn

    @property
    def label(self) -> str:
        """The server's address without database and secrets."""
        return redacted(with_database(self._dsn, ""))

    def dsn(self, database: str) -> str:
        """The same address, that database."""
        return with_database(self._dsn, database)

    def location(self, database: str) -> str:
        """The address of that database without secrets."""
        return redacted(self.dsn(database))

    def close(self) -> None:
        """Nothing to let go of."""

    def administer(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection to the first maintenance database that lets us in."""
        first: UnreachableError | None = None
        for database in MAINTENANCE_DATABASES:
            try:
                return connect(self.dsn(database))
            except UnreachableError as error:
                first = first or error
        raise first or UnreachableError()
