"""Scratch copies of a schema: one is restored from a dump, and each change gets a copy of that.

Nothing is ever changed but these copies. They live on the workshop's server, under names that nobody else uses, and are
dropped when they are done with, whatever happened in them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

import psycopg

from understudy.catalog import Object, Snapshot, read
from understudy.parity.sensitivity.model import path
from understudy.parity.witness import Dump, dump
from understudy.parity.workshop import Workshop
from understudy.postgres import connect

_SETTINGS = """
-- no trigger of the schema's own runs, and nothing that hangs can hold up the rest
SET session_replication_role = replica; SET client_min_messages = error;
SET statement_timeout = '60s'; SET lock_timeout = '10s'; SET check_function_bodies = off
"""
_NOWHERE = "host=/nowhere"
"""A copy's subscription is told to connect here: the real one's connection leads to a database that is in use."""


class Original:
    """The copy that the others are copied from, and what both witnesses say of it."""

    def __init__(self, workshop: Workshop, script: str, source: Snapshot, *, dumped: bool) -> None:
        """Restore a dump; `dumped` is whether pg_dump is to be heard.

        Raises:
            LoadError: it cannot be restored.
        """
        self.workshop = workshop
        dsn = workshop.database(script, lenient=True)
        with connect(dsn) as connection:
            self.name = connection.info.dbname
            self.snapshot = read(connection)
            self.extras = list(_extras(source))
            """What a dump leaves out, as statements: settings of the database, subscriptions."""
            with connection.transaction(force_rollback=True):
                for extra in self.extras:
                    connection.execute(extra.encode())
                self.extended = read(connection) if self.extras else self.snapshot
        self.dump: Dump | None = dump(dsn, workshop.major) if dumped else None


def _extras(source: Snapshot) -> Iterable[str]:
    for found in source.objects.values():
        if found.kind.name == "subscription":
            publications = ", ".join(_quoted(name) for name in found.values["publications"])
            yield (
                f"CREATE SUBSCRIPTION {path(found)} CONNECTION '{_NOWHERE}' PUBLICATION {publications} "
                "WITH (connect = false, enabled = false, create_slot = false, slot_name = NONE)"
            )
    for role in {found.oid for found in source.objects.values() if found.kind.name == "setting"}:
        yield _setting([f for f in source.objects.values() if f.kind.name == "setting" and f.oid == role])


def _setting(settings: list[Object]) -> str:
    """The settings of the database, or of one role in it; a role that is not here is another's."""
    role = path(settings[0]).partition(" for ")[2]
    whose = f"coalesce(to_regrole('{role.replace(chr(39), chr(39) * 2)}'), 'pg_monitor'::regrole)::oid" if role else "0"
    pairs = (f"{path(f).partition(' for ')[0]}={f.values['value']}".replace("'", "''") for f in settings)
    values = ", ".join(f"'{pair}'" for pair in pairs)
    return (
        f"INSERT INTO pg_db_role_setting SELECT oid, {whose}, ARRAY[{values}] FROM pg_database "
        "WHERE datname = current_database()"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Bench:
    """One copy at a time, with a connection to it; a spoilt one is dropped, the next is made when it is asked for."""

    def __init__(self, original: Original) -> None:
        self.original = original
        self._name = ""
        self._connection: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    @property
    def dsn(self) -> str:
        """The copy's connection string."""
        return self.original.workshop.server.dsn(self._name)

    @property
    def major(self) -> int:
        """The major version of the server."""
        return self.original.workshop.major

    def connection(self) -> psycopg.Connection[Any]:
        """A connection to a copy that nothing has been changed in."""
        if self._connection is None:
            self.discard()  # one that was made and could not be reached
            server = self.original.workshop.server
            self._name = f"parity_{secrets.token_hex(6)}"
            server.create_database(self._name, template=self.original.name, strategy="wal_log")
            self._connection = connect(self.dsn)
            self._connection.execute(_SETTINGS.encode())
        return self._connection

    @property
    def broken(self) -> bool:
        """Whether the connection was lost."""
        return self._connection is not None and self._connection.broken

    def discard(self) -> None:
        """Drop the copy."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._name:
            self.original.workshop.server.drop_database(self._name)
            self._name = ""
