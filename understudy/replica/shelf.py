"""The replicas and templates of one embedded server. What stands in its catalog is all there is to know of them."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from typing import Any

from psycopg import sql

from understudy.postgres import EmbeddedServer
from understudy.replica.model import (
    BUILDING_PREFIX,
    REPLICA_PREFIX,
    TEMPLATE_PREFIX,
    Record,
    Replica,
    Template,
)

_LOCK = 0x756E646572  # "under" in ASCII: whoever makes or removes replicas of a server holds this advisory lock

_DATABASES = """
SELECT d.datname, shobj_description(d.oid, 'pg_database'), pg_database_size(d.oid),
       (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid AND a.backend_type = 'client backend')
  FROM pg_database d
 WHERE starts_with(d.datname, %s) AND d.datconnlimit <> -2
 ORDER BY d.datname"""

# connection limit -2: a DROP DATABASE that was interrupted left it, and it can only be dropped
_LEFT_BEHIND = """
SELECT datname FROM pg_database
 WHERE starts_with(datname, %s) OR (datconnlimit = -2 AND (starts_with(datname, %s) OR starts_with(datname, %s)))"""


class Shelf:
    """The replicas and templates of one server. Changes happen inside `locked`."""

    def __init__(self, server: EmbeddedServer) -> None:
        """Keeps the server, which the caller closes."""
        self.server = server

    def replicas(self) -> list[Replica]:
        """All replicas, in order of name."""
        found = []
        for database, comment, size, connections in self._databases(REPLICA_PREFIX):
            record = Record.read(comment)
            name = database.removeprefix(REPLICA_PREFIX)
            found.append(
                Replica(
                    name,
                    self.server.version,
                    self.server.dsn(database),
                    record.source,
                    record.owner,
                    record.created,
                    size,
                    connections,
                )
            )
        return found

    def has(self, name: str) -> bool:
        """Whether there is a replica of that name."""
        return any(replica.name == name for replica in self.replicas())

    def templates(self) -> list[Template]:
        """All templates, in no particular order."""
        found = []
        for database, comment, size, _ in self._databases(TEMPLATE_PREFIX):
            record = Record.read(comment)
            found.append(Template(database, record.source, record.created, size))
        return found

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Wait until nobody else changes this server's replicas; afterwards it is pinned if there are any."""
        with self.server.administer() as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            try:
                self._sweep()
                yield
            finally:
                self.server.pin(bool(self.replicas()))

    @contextlib.contextmanager
    def building(self) -> Iterator[str]:
        """The name for a database that is being built; if that fails, it is dropped."""
        name = BUILDING_PREFIX + secrets.token_hex(6)
        try:
            yield name
        except BaseException:
            self.server.drop_database(name)
            raise

    def finish_replica(self, building: str, name: str, record: Record) -> None:
        """Make a database that was built the replica of that name."""
        self.server.pin(True)
        self._finish(building, REPLICA_PREFIX + name, record)

    def finish_template(self, building: str, name: str, record: Record) -> None:
        """Make a database that was built the template of that name, in place of the one there may be."""
        self.drop_template(name)
        self._finish(building, name, record)
        self._execute("ALTER DATABASE {} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false", name)

    def drop_replica(self, name: str) -> None:
        """Drop a replica, and whoever is connected to it."""
        self.server.drop_database(REPLICA_PREFIX + name)

    def drop_template(self, database: str) -> None:
        """Drop a template; nothing happens when there is none."""
        if any(template.database == database for template in self.templates()):
            self._execute("ALTER DATABASE {} WITH IS_TEMPLATE false", database)
            self.server.drop_database(database)

    def _finish(self, building: str, name: str, record: Record) -> None:
        with self.server.administer() as connection:
            comment = sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(building), record.write())
            connection.execute(comment)
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(name))
            connection.execute(rename)

    def _sweep(self) -> None:
        with self.server.administer() as connection:
            left = connection.execute(_LEFT_BEHIND, [BUILDING_PREFIX, REPLICA_PREFIX, TEMPLATE_PREFIX]).fetchall()
        for (name,) in left:
            self.server.drop_database(str(name))

    def _databases(self, prefix: str) -> list[tuple[str, str | None, int, int]]:
        with self.server.administer() as connection:
            rows: Any = connection.execute(_DATABASES, [prefix]).fetchall()
        return list(rows)

    def _execute(self, statement: str, database: str) -> None:
        with self.server.administer() as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(database)))
