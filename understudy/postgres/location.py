"""From what a person types to a database: a `postgresql://` address, an environment's name, `embedded:NAME`."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import psycopg

from understudy.environments import Configuration, ConfigurationError
from understudy.postgres.dsn import connect, database_of, parameters
from understudy.postgres.embedded import EmbeddedServer
from understudy.postgres.errors import LocationError
from understudy.postgres.remote import RemoteServer
from understudy.postgres.server import Server
from understudy.postgres.wheel import DEFAULT_VERSION

_HARMLESS = re.compile(r"[^@=]*")
"""A text without these holds no credentials."""

_LOCAL = ("", "localhost", "127.0.0.1", "::1", "/var/run/postgresql", "/tmp")  # noqa: S108 - libpq's default sockets
"""Hosts that all are this machine."""

_EMBEDDED = re.compile(r"embedded:(?P<name>[^?/\0]{1,63})(?:\?version=(?P<version>\d+))?")


@dataclass(frozen=True)
class Database:
    """A database somebody named. Use it in a `with` block: its server may have been started for it."""

    name: str
    server: Server
    environment: str | None = None
    production: bool = False

    @property
    def dsn(self) -> str:
        """Its connection string, which may hold a password."""
        return self.server.dsn(self.name)

    @property
    def label(self) -> str:
        """How it is called in messages and reports; never with a secret."""
        return self.environment or self.server.location(self.name)

    def connect(self, *, autocommit: bool = True) -> psycopg.Connection[tuple[object, ...]]:
        """A connection to it.

        Raises:
            UnreachableError: the server does not answer, or has no such database.
        """
        return connect(self.dsn, autocommit=autocommit)

    def exists(self) -> bool:
        """Whether its server has it."""
        return self.name in self.server.databases()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.close()


def open_database(location: str, configuration: Configuration) -> Database:
    """The database that a location names. Its server is started if it is ours; the database need not exist.

    Raises:
        LocationError: the location has no form that we know.
        ConfigurationError: the environment's variable is not set.
        EmbeddedServerError: the embedded server does not start.
    """
    environment = configuration.environments.get(location)
    address = environment.resolve() if environment else location
    name = environment.name if environment else None
    production = bool(environment and environment.production) or _is_production(address, configuration)
    return replace(_open(address, configuration), environment=name, production=production)


def _is_production(address: str, configuration: Configuration) -> bool:
    """Whether an address is that of an environment that says production, whatever name was used for it here."""
    for environment in configuration.environments.values():
        # one that has no address, or none that means anything, is not this one
        with contextlib.suppress(ConfigurationError, LocationError):
            if environment.production and _place(environment.resolve()) == _place(address):
                return True
    return False


def _place(address: str) -> tuple[str, ...]:
    """What tells one database from another: host, port and name, by libpq's own defaults, whoever connects."""
    if found := _EMBEDDED.fullmatch(address):
        return "embedded", str(int(found["version"] or DEFAULT_VERSION)), found["name"]
    given = parameters(address)
    host = (given.get("host") or given.get("hostaddr") or os.environ.get("PGHOST", "")).lower()
    port = given.get("port") or os.environ.get("PGPORT") or "5432"
    return "localhost" if host in _LOCAL else host, port, database_of(address)


def _open(location: str, configuration: Configuration) -> Database:
    if location.startswith(("postgresql://", "postgres://")):
        return Database(database_of(location), RemoteServer(location))
    if found := _EMBEDDED.fullmatch(location):
        return Database(found["name"], EmbeddedServer(int(found["version"] or DEFAULT_VERSION)))
    known = ", ".join(configuration.environments) or "none"
    shown = repr(location) if _HARMLESS.fullmatch(location) else "this"
    raise LocationError(
        f"{shown} names no database",
        detail=f"It is neither an address nor an environment of understudy.toml (known: {known}).",
        hint="Write postgresql://user@host/database, embedded:NAME, or the name of an environment.",
    )
