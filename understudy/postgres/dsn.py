"""Connection strings: read, changed and, above all, printed without their password.

Secrets reach libpq programs by the environment (`PGPASSWORD`), never by an argument: arguments stand in the
process list.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from understudy.postgres.errors import LocationError, UnreachableError

_SECRET = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")


def parameters(dsn: str) -> dict[str, str]:
    """The parameters of a URL or keyword connection string, as libpq reads it.

    Raises:
        LocationError: libpq does not understand it. The string itself is not repeated: it may hold a password.
    """
    try:
        return {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value is not None}
    except psycopg.ProgrammingError:
        raise LocationError(
            "the connection string is malformed",
            detail="libpq does not understand it; it is not repeated here because it may hold a password.",
            hint="Write postgresql://user@host:port/database and percent-encode special characters.",
        ) from None


def with_database(dsn: str, database: str) -> str:
    """The same server, another database."""
    return make_conninfo(**{**parameters(dsn), "dbname": database})


def database_of(dsn: str) -> str:
    """The database that a connection string leads to, by libpq's own defaults."""
    given = parameters(dsn)
    return given.get("dbname") or os.environ.get("PGDATABASE") or user_of(dsn)


def user_of(dsn: str) -> str:
    """The role that a connection string names, or the operating system's user as libpq would take."""
    given = parameters(dsn)
    return given.get("user") or os.environ.get("PGUSER") or os.environ.get("USER") or "postgres"


def redacted(dsn: str) -> str:
    """A connection string fit for a terminal, a log or a report: a URL without any secret."""
    given = {key: value for key, value in parameters(dsn).items() if key not in _SECRET}
    user = quote(given.get("user", ""), safe="")
    host, database = given.get("host", ""), quote(given.get("dbname", ""), safe="")
    port = f":{given['port']}" if "port" in given else ""
    authority = f"{user}@" if user else ""
    if host.startswith("/"):
        return f"postgresql://{authority}/{database}?host={quote(host, safe='/')}{port and '&port=' + port[1:]}"
    return f"postgresql://{authority}{host}{port}/{database}"


def url(dsn: str) -> str:
    """A connection string as a whole URL, for a person's own client. Holds the password, if there is one."""
    given = parameters(dsn)
    password = quote(given.get("password", ""), safe="")
    shown = redacted(dsn)
    if not password:
        return shown
    user = quote(given.get("user", ""), safe="")
    return shown.replace(f"postgresql://{user}@", f"postgresql://{user}:{password}@", 1)


def program_environment(dsn: str, environ: Mapping[str, str] | None = None) -> tuple[str, dict[str, str]]:
    """What to hand a client program: a connection string without secrets, and the environment that has them."""
    given = parameters(dsn)
    environment = dict(os.environ if environ is None else environ)
    if password := given.pop("password", None):
        environment["PGPASSWORD"] = password
    return make_conninfo(**given), environment


def connect(dsn: str, *, autocommit: bool = True) -> psycopg.Connection[tuple[object, ...]]:
    """A psycopg connection that names this program.

    Raises:
        UnreachableError: with what was tried (never the password) and what the server or the network said.
    """
    given = {"connect_timeout": "10", "application_name": "understudy", **parameters(dsn)}
    try:
        return psycopg.connect(make_conninfo(**given), autocommit=autocommit)
    except psycopg.OperationalError as error:
        raise unreachable(dsn, error) from None


def unreachable(dsn: str, error: Exception) -> UnreachableError:
    """The error for a connection that failed, with every secret of the DSN taken out of libpq's words."""
    said = " ".join(str(error).split())
    for key, value in parameters(dsn).items():
        if key in _SECRET and value:
            said = said.replace(value, "***")
    return UnreachableError(
        detail=f"Connecting to {redacted(dsn)} failed: {said}.",
        hint="Check that the server runs, that the host and port are right, and that the role may log in.",
    )
