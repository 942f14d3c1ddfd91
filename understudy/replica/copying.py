"""Two ways to copy a database onto the embedded server: as files, or by pg_dump and pg_restore."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from understudy.postgres import EmbeddedServer, connect
from understudy.postgres.errors import PostgresError
from understudy.postgres.programs import run
from understudy.replica.errors import SourceInUseError

_CONNECTED = """
SELECT coalesce(nullif(application_name, ''), 'a client without a name')
  FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend' ORDER BY 1"""

# Every role that something in this database belongs to, is granted to, or is a policy for. pg_shdepend knows them
# all but the one that the cluster was made with, whose id is 10.
_ROLES = """
SELECT DISTINCT r.rolname
  FROM pg_roles r
  LEFT JOIN pg_shdepend s ON s.refobjid = r.oid AND s.refclassid = 'pg_authid'::regclass
   AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
 WHERE (s.dbid IS NOT NULL OR r.oid = 10) AND NOT starts_with(r.rolname, 'pg_')"""


def by_files(server: EmbeddedServer, source: str, name: str) -> None:
    """Copy a database of this server, all of it: roles, grants and statistics included.

    The files are copied, not written through the log: from 30 MB on that is the faster way (docs/adr/0040). On
    PostgreSQL 18 the file system is asked for copy-on-write, and what has none copies as usual.

    Raises:
        SourceInUseError: somebody is connected to the source.
        PostgresError: the server refused, in its own words.
    """
    with server.administer() as connection:
        connected = [str(who) for (who,) in connection.execute(_CONNECTED, [source])]
        if connected:
            raise _in_use(source, f"Connected are: {', '.join(connected)}.")
        try:
            _copy_files(connection, source, name)
        except psycopg.errors.ObjectInUse as error:  # somebody connected after we looked
            raise _in_use(source, f"The server said: {error.diag.message_detail}") from None
        except psycopg.Error as error:
            raise PostgresError(
                f"cannot copy the database {source!r} of {server.label}",
                detail=f"The server said: {' '.join(str(error).split())}.",
            ) from None


def _copy_files(connection: psycopg.Connection[tuple[object, ...]], source: str, name: str) -> None:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
        sql.Identifier(name), sql.Identifier(source)
    )
    if connection.info.server_version >= 180000:
        try:
            connection.execute("SET file_copy_method = clone")
            connection.execute(statement)
            return
        except (psycopg.errors.InvalidParameterValue, psycopg.errors.InternalError_):
            # this build, or the file system under it, cannot clone
            connection.execute("RESET file_copy_method")
    connection.execute(statement)


def by_dump(source: str, server: EmbeddedServer, name: str) -> None:
    """Copy a database of any server, by pg_dump and pg_restore.

    Owners and grants are kept: roles that the embedded server lacks are made there, without login. Tablespaces and
    subscriptions are left out, so that a replica never connects to anything.

    Args:
        source: connection string of the source.
        server: where the copy goes.
        name: a database that does not exist yet.

    Raises:
        UnreachableError: the source does not answer.
        ProgramError: pg_dump or pg_restore failed, in its own words.
    """
    with connect(source) as connection:
        major = connection.info.server_version // 10000
        roles = [str(role) for (role,) in connection.execute(_ROLES)]
    _make_roles(server, roles)
    target = server.create_database(name)
    jobs = f"--jobs={min(4, os.cpu_count() or 1)}"
    with tempfile.TemporaryDirectory(prefix="understudy-replica-") as folder:
        dump = str(Path(folder) / "dump")
        # nothing is gained by compressing what is read once, on the same disk
        options = ("--format=directory", "--compress=0", "--no-tablespaces", "--no-subscriptions", f"--file={dump}")
        run("pg_dump", jobs, *options, dsn=source, server_major=major)
        run("pg_restore", jobs, "--exit-on-error", "--no-tablespaces", dump, dsn=target, server_major=server.version)


def _in_use(source: str, detail: str) -> SourceInUseError:
    return SourceInUseError(
        f"somebody is connected to {source!r}",
        detail=f"A database can be a template only while nobody uses it. {detail}",
        hint="Close those connections and try again.",
    )


def _make_roles(server: EmbeddedServer, roles: list[str]) -> None:
    with server.administer() as connection:
        existing = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        for role in roles:
            if role not in existing:
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
