"""Connection strings: read, changed and, above all, printed without their password.

Secrets reach libpq programs by the environment (`PGPASSWORD`), never by an argument: arguments stand in the
process list.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from understudy.postgres.errors import LocationError, UnreachableError

_SECRET = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
_PLACE = ("host", "hostaddr", "port", "user", "dbname")
_PORTS = re.compile(r"[0-9]*(,[0-9]*)*")
_CREDENTIALS = re.compile(r"""(://[^:/?#@\s]*:|(?<![^\s'"=(,])[^\s:/?#@'"]+:(?!//))\S*@""")
_KEYWORD = re.compile(rf"((?:{'|'.join(_SECRET)})\s*=\s*)(?:'(?:[^'\\]|\\.)*'|[^\s'&]+)", re.IGNORECASE)


def parameters(dsn: str) -> dict[str, str]:
    """The parameters of a URL or keyword connection string, as libpq reads it.

    libpq takes a password with a bare `/` or `@` for a host, a port or a database, which messages do show: such a
    string is refused before anything of it is printed.

    Raises:
        LocationError: libpq does not understand it. The string itself is not repeated: it may hold a password.
    """
    try:
        given = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value is not None}
    except psycopg.ProgrammingError:
        raise _malformed("it is nothing that libpq understands") from None
    if not _PORTS.fullmatch(given.get("port", "")):
        raise _malformed("its port is no number")
    if "@" in given.get("host", "") or "@" in _path(dsn):
        raise _malformed("there is an @ after the one that ends the credentials")
    return given


def _path(dsn: str) -> str:
    """What stands in a URL between the host and the question mark."""
    scheme, _, rest = dsn.partition("://")
    return rest.partition("?")[0].partition("/")[2] if scheme in ("postgresql", "postgres") else ""


def _malformed(why: str) -> LocationError:
    return LocationError(
        "the connection string is malformed",
        detail=f"{why[:1].upper()}{why[1:]}; it is not repeated here because it may hold a password.",
        hint="Write postgresql://user@host:port/database and percent-encode special characters.",
    )


def scrubbed(text: str) -> str:
    """A text without the passwords of connection strings that stand in it. The last resort, for what others say."""
    return _KEYWORD.sub(r"\1***", _CREDENTIALS.sub(r"\1***@", text))


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
    """A connection string fit for a terminal, a log or a report: a URL without any secret, and without options."""
    return _url({key: value for key, value in parameters(dsn).items() if key in _PLACE})


def url(dsn: str) -> str:
    """A connection string as a whole URL, for a person's own client. Holds the password, if there is one."""
    return _url(parameters(dsn))


def _url(given: dict[str, str]) -> str:
    rest = dict(given)
    user, password = quote(rest.pop("user", ""), safe=""), quote(rest.pop("password", ""), safe="")
    database = quote(rest.pop("dbname", ""), safe="")
    host = rest.get("host", "")
    authority = ""
    if not host.startswith("/") and "," not in host:  # a folder of sockets, and several hosts, stand in the query
        authority = f"[{host}]" if ":" in host else host
        rest.pop("host", None)
        if host and rest.get("port"):
            authority += f":{rest.pop('port')}"
    credentials = f"{user}:{password}@" if password else f"{user}@" if user else ""
    query = "&".join(f"{key}={quote(value, safe='/,')}" for key, value in rest.items())
    return f"postgresql://{credentials}{authority}/{database}{query and '?' + query}"


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
    tried = f"Connecting to {redacted(dsn)} failed: {said.rstrip('.?')}."
    if f'database "{database_of(dsn)}" does not exist' in said:
        hint = "Make it, or name another; `psql --list` shows what that server has."
        return UnreachableError("the database does not exist", detail=tried, hint=hint)
    return UnreachableError(
        detail=tried,
        hint="Check that the server runs, that the host and port are right, and that the role may log in.",
    )
