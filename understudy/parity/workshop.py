"""Where schemas are taken apart: a server on which databases may be made, and roles that a schema speaks of."""

from __future__ import annotations

import contextlib
import re
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from understudy.parity.errors import LoadError
from understudy.postgres import Server, connect
from understudy.postgres.errors import PostgresError
from understudy.postgres.programs import run

_MISSING_ROLE = re.compile(r'role "((?:[^"]|"")+)" does not exist')
_META = re.compile(r"^\\(?:un)?restrict .*\n", re.M)
_ROLES_AT_MOST = 100


class Workshop:
    """Makes scratch databases on a server; what was made on it is gone when the `with` block ends."""

    def __init__(self, server: Server) -> None:
        """The server may be used by others at the same time; closing it is left to whoever opened it."""
        self.server = server
        self.major = server.major()
        self.incomplete: set[str] = set()
        """The databases that a lenient load left without something."""
        self._roles: set[str] = set()
        self._databases = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._databases.close()
        for role in self._roles:
            # somebody else may have come to need it
            with self.server.administer() as connection, contextlib.suppress(psycopg.Error):
                connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))

    def database(self, *scripts: str, lenient: bool = False) -> str:
        """A scratch database in which scripts were run, one after the other.

        Args:
            scripts: SQL, with psql's own commands if need be.
            lenient: go on after an error; whoever reads the database must expect things to be missing.

        Raises:
            LoadError: a statement failed; the detail is the server's own words.
        """
        for _ in range(_ROLES_AT_MOST):
            missing, dsn = self._attempt(scripts, lenient=lenient)
            if missing is None:
                return dsn
            self._make_role(missing)
        raise LoadError(detail=f"It speaks of more than {_ROLES_AT_MOST} roles that {self.server.label} has not.")

    def _attempt(self, scripts: tuple[str, ...], *, lenient: bool) -> tuple[str | None, str]:
        """Run the scripts in a new database; the role it lacks, if it lacks one, and the database."""
        dsn = self._databases.enter_context(self.server.scratch(prefix="parity"))
        try:
            # most scripts are plain SQL, each one round trip and no process
            with connect(dsn) as connection:
                for script in scripts:
                    connection.execute(_META.sub("", script).encode())
                    # what a script sets for its session ends with it, as it does where psql or a runner takes it
                    connection.execute(b"RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL")
            return None, dsn
        except psycopg.Error as error:
            if missing := _missing_role(str(error)):
                return missing, dsn
        # psql knows its own commands, COPY with rows, and statements that no transaction may hold
        fresh = self._databases.enter_context(self.server.scratch(prefix="parity"))
        stop = f"--set=ON_ERROR_STOP={0 if lenient else 1}"
        for script in scripts:
            try:
                options = ("--no-psqlrc", "--quiet", stop, "--file=-")
                run("psql", *options, dsn=fresh, server_major=self.major, input_text=script)
            except PostgresError as error:
                if missing := _missing_role(error.detail or ""):
                    return missing, fresh
                raise LoadError(detail=error.detail, hint=error.hint) from None
        if lenient:
            self.incomplete.add(fresh)
        return None, fresh

    def _make_role(self, name: str) -> None:
        """A role that can do nothing, so that a schema may speak of it."""
        if name in self._roles:
            raise LoadError(detail=f"The role {name!r} was made and is still said not to exist.")
        self._roles.add(name)
        with self.server.administer() as connection, contextlib.suppress(psycopg.errors.DuplicateObject):
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))


def _missing_role(said: str) -> str | None:
    found = _MISSING_ROLE.search(said)
    return found[1].replace('""', '"') if found else None
