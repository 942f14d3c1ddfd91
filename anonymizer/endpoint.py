"""The two ends of a clone: how each is connected to, by psycopg and by PostgreSQL's own programs.

Whatever a session's defaults are, values must read and write alike on both ends, so every session is given the same
settings. The password goes to a program by its environment: arguments stand in the process list.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from anonymizer.errors import AnonymizerError, CloneRefused

Connection = psycopg.Connection[tuple[Any, ...]]

_ALIKE = {
    "datestyle": "ISO,YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "timezone": "UTC",
    "lc_monetary": "C",
    "search_path": "pg_catalog",
    # a policy that hides rows from us must be an error, not a clone with rows missing
    "row_security": "off",
    # a role's own settings must not change what a value means on its way in
    "xmloption": "content",
    "array_nulls": "on",
    # a backslash in a text is a backslash: the subset's conditions are looked through by this rule
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
}
_SOURCE = {"default_transaction_read_only": "on"}
_TARGET = {"synchronous_commit": "off"}
"""What is loaded is made durable by the commit of the swap, which waits for everything before it."""


_SINCE = {140000: {"idle_session_timeout": "0"}, 170000: {"transaction_timeout": "0"}}
"""Settings that older servers do not know, by the version that brought them."""

_SINCE_FOR_SUPERUSERS = {170000: {"event_triggers": "off"}}
"""What happens in the clone while it is made is nobody's event; a login trigger would even refuse us."""

_SECRET = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")


class SourceUnreachable(AnonymizerError):
    """the database cannot be reached"""


class SecretParameter(CloneRefused):
    """the address has a secret that a client program cannot be handed"""


@dataclass(frozen=True)
class Endpoint:
    """One end: a connection string, what it may be called, and the settings of its sessions.

    Attributes:
        dsn: may hold a password; `repr` does not show it.
        label: for messages and reports.
        settings: server settings of every session.
        encoding: the client encoding of every session.
    """

    dsn: str
    label: str
    settings: tuple[tuple[str, str], ...] = ()
    encoding: str = "UTF8"

    def __repr__(self) -> str:
        return f"Endpoint({self.label})"

    def conninfo(self) -> dict[str, str]:
        """The connection's parameters, the password among them."""
        given = {key: str(value) for key, value in conninfo_to_dict(self.dsn).items() if value is not None}
        options = " ".join(f"-c {name}={value}" for name, value in self.settings)
        given["options"] = f"{given.get('options', '')} {options}".strip()
        given["client_encoding"] = self.encoding
        return {"application_name": "understudy", "connect_timeout": "10", **given}

    def connect(self, *, autocommit: bool = True) -> Connection:
        """A session.

        Raises:
            SourceUnreachable: nothing answers, or the role may not log in.
        """
        try:
            return psycopg.connect(make_conninfo(**self.conninfo()), autocommit=autocommit)
        except psycopg.OperationalError as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> SourceUnreachable:
        said = " ".join(str(error).split())
        for name, value in self.conninfo().items():
            if name in _SECRET and value:
                said = said.replace(value, "***")
        return SourceUnreachable(
            detail=f"Connecting to {self.label} failed: {said.rstrip('.?')}.",
            hint="Check that the server runs, that the address is right, and that the role may log in.",
        )

    def program(self) -> tuple[str, dict[str, str]]:
        """For a client program: a connection string without secrets, and the environment that has them.

        Raises:
            SecretParameter: the address has a secret for which libpq reads no variable.
        """
        given = self.conninfo()
        environment = {name: value for name, value in os.environ.items() if name != "UNDERSTUDY_KEY"}
        if password := given.pop("password", None):
            environment["PGPASSWORD"] = password
        if named := [name for name in _SECRET if name in given]:
            raise SecretParameter(
                detail=f"{self.label} names {named[0]}, which would stand in the process list.",
                hint="Put it into a service file, and write service=NAME in the address.",
            )
        return make_conninfo(**given), environment

    def settled(self, connection: Connection) -> Endpoint:
        """The same end, with the settings that only this version knows; the session given gets them too."""
        version, superuser = connection.info.server_version, connection.info.parameter_status("is_superuser") == "on"
        known = [*_SINCE.items(), *(_SINCE_FOR_SUPERUSERS.items() if superuser else ())]
        settings = [item for since, new in known if version >= since for item in new.items()]
        for name, value in settings:
            connection.execute(f"SET {name} = {value}".encode())
        return replace(self, settings=(*self.settings, *settings))

    def with_database(self, name: str) -> Endpoint:
        """The same server, another database."""
        return replace(self, dsn=make_conninfo(self.dsn, dbname=name))


def source(dsn: str, label: str, encoding: str = "UTF8") -> Endpoint:
    """The end that is only ever read."""
    return Endpoint(dsn, label, tuple({**_ALIKE, **_SOURCE}.items()), encoding)


def target(dsn: str, label: str, encoding: str = "UTF8") -> Endpoint:
    """The end that is written."""
    return Endpoint(dsn, label, tuple({**_ALIKE, **_TARGET}.items()), encoding)
