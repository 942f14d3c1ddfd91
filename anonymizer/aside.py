"""The database beside the target: made, filled by others, swapped in at once, or dropped.

How it works:

1. One clone at a time per target: an advisory lock on the target's server, held by one session from begin to end.
2. The new database has a name that follows from the target's, so that what a killed clone left is found and dropped by
   the next one. Whoever holds the lock knows that it is nobody's.
3. The swap is one transaction of two renames: the target is the old database or the new one, never half and never
   none. PostgreSQL renames no database that somebody is connected to, so its sessions are ended first; whoever comes
   back in between makes the renames fail, and they are tried again.
4. The old database is dropped after the swap. A kill before that leaves it under its other name, for the next clone.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from typing import Any

import psycopg
from psycopg import sql

from anonymizer import servererrors
from anonymizer.endpoint import Connection, Endpoint
from anonymizer.errors import AnonymizerError, CloneRefused
from anonymizer.identifiers import quote

SWAP_SECONDS = 60
"""How long sessions that come back are fought for before the swap is given up."""

_LOCK_CLASS = 0x756E6473
"""The first half of the advisory lock's key: "unds"."""


class TargetBusy(CloneRefused):
    """another clone of this target is running"""


class TargetNotOurs(CloneRefused):
    """the target cannot be replaced"""


class SwapFailed(AnonymizerError):
    """the target could not be swapped"""


class Aside:
    """The target and the database that is to become it. Use it in a `with` block."""

    def __init__(self, server: Endpoint, target: str) -> None:
        """Connects, takes the lock, and drops what a killed clone of this target left.

        Args:
            server: an end whose database is a maintenance database of the target's server.
            target: the name of the database to replace or create.

        Raises:
            TargetBusy: another clone holds the lock.
            TargetNotOurs: the role may not make databases, or not rename the target.
            SourceUnreachable: the server does not answer.
        """
        mark = hashlib.sha256(target.encode()).hexdigest()[:16]
        self.target = target
        self.name = f"understudy_new_{mark}"
        self._old = f"understudy_old_{mark}"
        self.connection: Connection = server.connect()
        self.left_behind: str | None = None
        try:
            self.server = server.settled(self.connection)
            self._refuse()
            self._lock(mark)
            self._drop(self.name)
            self._drop(self._old)
        except psycopg.Error as error:
            self.connection.close()
            raise servererrors.from_server(error, f"Preparing {server.label}") from None
        except AnonymizerError:
            self.connection.close()
            raise

    @property
    def endpoint(self) -> Endpoint:
        """The end that the clone is built at."""
        return self.server.with_database(self.name)

    def __enter__(self) -> Aside:
        return self

    def __exit__(self, *_: object) -> None:
        """Drop the new database if it was not swapped in, and let go of the lock."""
        try:
            if not self.connection.closed:
                self._discard()
        except (psycopg.Error, AnonymizerError):
            # the server is gone: the next clone finds what is left by its name
            pass
        finally:
            self.connection.close()

    def _discard(self) -> None:
        """Drop the new database, its tables first.

        DROP DATABASE begins with a checkpoint, which must write: on a full disk it fails, and leaves a database that
        nobody can enter any more. Dropping the tables gives their room back at once, without one.
        """
        if self._oid(self.name) is None:
            return
        with contextlib.suppress(psycopg.Error, AnonymizerError), self.endpoint.connect() as inside:
            schemas = inside.execute(
                "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' "
                "AND nspname <> 'information_schema'"
            ).fetchall()
            for (schema,) in schemas:
                inside.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(str(schema))))
        self._drop(self.name)

    def exists(self) -> bool:
        """Whether the target exists already."""
        return self._oid(self.target) is not None

    def create(self, properties: dict[str, Any]) -> None:
        """Make the empty database, with the source's encoding and collation where this server has them.

        Raises:
            ServerFailed: the role may not create databases, or the server has no such encoding.
        """
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {}").format(
            sql.Identifier(self.name), sql.Literal(properties["encoding"])
        )
        try:
            try:
                self.connection.execute(statement + _locale(properties, self.connection.info.server_version))
            except (psycopg.errors.WrongObjectType, psycopg.errors.InvalidParameterValue):
                # the operating system there has no such locale; the order of texts is the server's own then
                self.connection.execute(statement)
        except psycopg.Error as error:
            raise servererrors.from_server(error, f"Creating a database on {self.server.label}") from None

    def swap(self) -> None:
        """Make the new database the target, in one step, and drop the old one.

        Raises:
            SwapFailed: somebody reconnects faster than we can rename. The target is what it was.
        """
        replaced = self.exists()
        if replaced:
            self._hand_over()
        until = time.monotonic() + SWAP_SECONDS
        while True:
            try:
                self._rename(replaced)
                break
            except psycopg.errors.ObjectInUse:
                if time.monotonic() > until:
                    raise SwapFailed(
                        detail=f"Sessions of {self.target!r} came back for {SWAP_SECONDS} s whenever they were ended.",
                        hint="Stop what connects to it, or its pooler, and clone again.",
                    ) from None
            except psycopg.Error as error:
                raise servererrors.from_server(error, f"Swapping {self.target!r}") from None
        if replaced:
            self._drop_old()

    def _drop_old(self) -> None:
        """Drop what was replaced. The clone is in place by now: an old database that stays is no failure."""
        try:
            self._drop(self._old)
        except psycopg.Error as error:
            said = servererrors.from_server(error, f"Dropping the old database {self._old}").detail
            self.left_behind = f"the old database stays as {self._old}. {said}"

    def _rename(self, replaced: bool) -> None:
        with self.connection.transaction():
            names = [self.name, *([self.target] if replaced else [])]
            self.connection.execute(
                "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity "
                "WHERE datname = ANY (%s) AND pid <> pg_catalog.pg_backend_pid() "
                # the rename itself ends these, and only a superuser may
                "AND backend_type <> 'autovacuum worker'",
                [names],
            )
            # The commit that makes the swap waits for the disk, whatever the session's default: all that was
            # loaded before it without waiting is then durable too.
            self.connection.execute("SET LOCAL synchronous_commit = on")
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            if replaced:
                self.connection.execute(rename.format(sql.Identifier(self.target), sql.Identifier(self._old)))
            self.connection.execute(rename.format(sql.Identifier(self.name), sql.Identifier(self.target)))

    def _hand_over(self) -> None:
        """Give the new database the owner and the privileges of the one it replaces: they are the target's own."""
        row = self.connection.execute(
            "SELECT pg_catalog.pg_get_userbyid(datdba), datacl::text[] FROM pg_catalog.pg_database WHERE datname = %s",
            [self.target],
        ).fetchone()
        if row is None:
            return
        owner, privileges = row
        try:
            self.connection.execute(
                sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(self.name), sql.Identifier(owner))
            )
            if privileges is not None:
                self._copy_privileges()
        except psycopg.Error as error:
            raise servererrors.from_server(error, f"Handing over the privileges of {self.target!r}") from None

    def _copy_privileges(self) -> None:
        identifier = sql.Identifier(self.name)
        self.connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(identifier))
        granted = self.connection.execute(
            "SELECT CASE WHEN a.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(a.grantee) END, "
            "a.privilege_type, a.is_grantable FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a "
            "WHERE d.datname = %s",
            [self.target],
        ).fetchall()
        for grantee, privilege, grantable in granted:
            role = sql.Identifier(grantee) if grantee is not None else sql.SQL("PUBLIC")
            option = sql.SQL(" WITH GRANT OPTION" if grantable and grantee is not None else "")
            grant = sql.SQL("GRANT {} ON DATABASE {} TO {}{}")
            self.connection.execute(grant.format(sql.SQL(privilege), identifier, role, option))

    def _refuse(self) -> None:
        """Refuse at once what would fail at the swap, after all the work."""
        if self.connection.info.dbname == self.target:
            raise TargetNotOurs(
                detail=f"{self.target!r} is the database from where others are made on {self.server.label}.",
                hint="Name another --target.",
            )
        row = self.connection.execute(
            "SELECT rolcreatedb OR rolsuper, (SELECT pg_catalog.pg_has_role(datdba, 'USAGE') "
            "FROM pg_catalog.pg_database WHERE datname = %s) FROM pg_catalog.pg_roles WHERE rolname = current_user",
            [self.target],
        ).fetchone()
        role = self.connection.info.user
        if row is None or not row[0]:
            raise TargetNotOurs(
                detail=f"The role {role!r} may not make databases on {self.server.label}.",
                hint=f"Grant it: ALTER ROLE {quote(role)} CREATEDB.",
            )
        if row[1] is False:
            raise TargetNotOurs(
                detail=f"The role {role!r} does not own the database {self.target!r}, so it may not rename it.",
                hint=f"Make it the owner: ALTER DATABASE {quote(self.target)} OWNER TO {quote(role)}.",
            )

    def _lock(self, mark: str) -> None:
        key = int(mark[:8], 16) - 2**31
        row = self.connection.execute("SELECT pg_catalog.pg_try_advisory_lock(%s, %s)", [_LOCK_CLASS, key]).fetchone()
        if row != (True,):
            raise TargetBusy(
                detail=f"A session on {self.server.label} holds the lock of {self.target!r}.",
                hint="Wait for it to end.",
            )

    def _drop(self, name: str) -> None:
        if self._oid(name) is not None:
            self.connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _oid(self, name: str) -> int | None:
        row = self.connection.execute("SELECT oid FROM pg_catalog.pg_database WHERE datname = %s", [name]).fetchone()
        return None if row is None else int(row[0])


def _locale(properties: dict[str, Any], version: int) -> sql.Composable:
    """The clauses for the source's collation, as far as this server's version has them."""
    clauses: list[sql.Composable] = [
        sql.SQL(" LC_COLLATE {} LC_CTYPE {}").format(
            sql.Literal(properties["collate"]), sql.Literal(properties["ctype"])
        )
    ]
    provider, locale = properties.get("provider"), properties.get("locale")
    if version >= 150000 and provider == "i":
        clauses.append(sql.SQL(" LOCALE_PROVIDER icu ICU_LOCALE {}").format(sql.Literal(locale)))
    elif version >= 170000 and provider == "b":
        clauses.append(sql.SQL(" LOCALE_PROVIDER builtin BUILTIN_LOCALE {}").format(sql.Literal(locale)))
    elif version >= 150000:
        clauses.append(sql.SQL(" LOCALE_PROVIDER libc"))
    return sql.Composed(clauses)


def properties(source: Connection) -> dict[str, Any]:
    """What a database is born with, of the source: encoding, collation, character type, provider."""
    version = source.info.server_version
    columns = ["pg_catalog.pg_encoding_to_char(encoding)", "datcollate", "datctype"]
    if version >= 170000:
        columns += ["datlocprovider::text", "datlocale"]
    elif version >= 150000:
        columns += ["datlocprovider::text", "daticulocale"]
    row = source.execute(
        f"SELECT {', '.join(columns)} FROM pg_catalog.pg_database WHERE datname = current_database()".encode()
    ).fetchone()
    assert row is not None  # noqa: S101 - we are connected to it
    return dict(zip(("encoding", "collate", "ctype", "provider", "locale"), row, strict=False))


_LISTS = frozenset(
    [
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    ]
)
"""Settings whose value is a list of names, each quoted where it must be (GUC_LIST_QUOTE in PostgreSQL's source)."""

_NAME = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^",\s]+))\s*(?:,|$)')

_SECRETIVE = re.compile(r"secret|passw|token|key|credential|dsn|_url$", re.IGNORECASE)


def is_secretive(name: str) -> bool:
    """Whether a setting of somebody's own may be a secret by its name: PostgREST's `app.jwt_secret` and the like."""
    return "." in name and bool(_SECRETIVE.search(name))


def set_to(database: str, name: str, value: str) -> sql.Composed:
    """The statement that gives a database a setting, as the catalog has it.

    A list of names is given name by name: as one literal it would be a single name with commas in it.
    """
    values = [value]
    if name in _LISTS:
        values = [found[1].replace('""', '"') if found[1] is not None else found[2] for found in _NAME.finditer(value)]
    return sql.SQL("ALTER DATABASE {} SET {} TO {}").format(
        sql.Identifier(database), _setting(name), sql.SQL(", ").join(map(sql.Literal, values or [""]))
    )


def _setting(name: str) -> sql.Composable:
    return sql.SQL(".").join(sql.Identifier(part) for part in name.split("."))


def settings(source: Connection) -> list[tuple[str, str]]:
    """The settings that the source's database gives every session (ALTER DATABASE ... SET)."""
    rows = source.execute(
        "SELECT unnest(setconfig) FROM pg_catalog.pg_db_role_setting WHERE setrole = 0 AND setdatabase = "
        "(SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
    ).fetchall()
    return [(name, value) for (text,) in rows for name, _, value in [str(text).partition("=")]]
