"""What the anonymizer's tests share: a source, a target beside it, a key, and a clone of the one into the other."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from anonymizer import catalog, identifiers, policy
from anonymizer.clone import Request, Result, clone
from anonymizer.endpoint import source as source_end
from anonymizer.keys import Key
from anonymizer.policy import Policy
from anonymizer.schema import Programs
from anonymizer.verify import Verification, verify
from anonymizer.workers import Context, Pool
from understudy.parity import Difference, compare
from understudy.postgres import Server, connect
from understudy.postgres.programs import find

KEY = Key(b"a key that only the tests have, of 32 bytes and more")


@dataclass(frozen=True)
class Pair:
    """A source database, the name of a target on the same server, and what a clone between them needs."""

    server: Server
    source: str
    name: str
    programs: Programs
    key: Key = KEY
    request: dict[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """The target's connection string; the database need not exist."""
        return self.server.dsn(self.name)

    def sql(self, *statements: str, target: bool = False) -> list[Any]:
        """Runs statements, each in a transaction of its own, and returns the rows of the last one."""
        rows: list[Any] = []
        with psycopg.connect(
            self.target if target else self.source,
            options="-c statement_timeout=0",
            client_encoding="utf8",
            autocommit=True,
        ) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description else []
        return rows

    def policy(self, masks: Mapping[str, Mapping[str, Any] | str] | None = None, **document: Any) -> Policy:
        """A policy that keeps everything, but for the tables given: a mask for all, or one for each column named."""
        with source_end(self.source, "source").connect() as connection:
            tables = [t for t in catalog.tables(connection) if t.name == t.root and not t.foreign]
        entries: dict[identifiers.TableName, dict[str, Any]] = {table.name: {"*": "keep"} for table in tables}
        for text, spec in (masks or {}).items():
            entry = entries.setdefault(identifiers.parse(text), {})
            entry.update({"*": spec} if isinstance(spec, str) else spec)
        return policy.parse(toml(entries, **document))

    def clone(self, masks: Mapping[str, Mapping[str, Any] | str] | Policy | None = None, **request: Any) -> Result:
        """Clones by `policy(masks)`."""
        rules = masks if isinstance(masks, Policy) else self.policy(masks)
        given: dict[str, Any] = {
            "source": self.source,
            "target": self.target,
            "source_label": "the source",
            "target_label": "the target",
            "policy": rules,
            "key": self.key,
            "programs": self.programs,
            "jobs": 1,
            **self.request,
            **request,
        }
        return clone(Request(**given))

    def copied(self, table: str, *, target: bool = False, order: str = "1") -> bytes:
        """All rows of a table as COPY writes them, in an order of their own."""
        return copied(self.target if target else self.source, f"SELECT * FROM {table} ORDER BY {order}")

    def assert_kept(self, *tables: str, order: str = "1") -> None:
        """Asserts that the rows of these tables are the same to the byte on both sides."""
        for table in tables:
            assert self.copied(table, order=order) == self.copied(table, order=order, target=True)

    def differences(self) -> list[Difference]:
        """What parity finds between the two schemas; the name of the database is none."""
        return list(compare(self.source, self.target).differences)

    def leftovers(self) -> list[str]:
        """Databases that a clone built aside and did not take away."""
        mark = hashlib.sha256(self.name.encode()).hexdigest()[:16]
        return [name for name in self.server.databases() if name.endswith(mark)]

    def oid(self) -> int | None:
        """The target's own number, which changes when it is replaced."""
        with connect(self.source) as connection:
            row = connection.execute("SELECT oid FROM pg_database WHERE datname = %s", [self.name]).fetchone()
        return None if row is None else int(str(row[0]))


def toml(entries: Mapping[identifiers.TableName, Mapping[str, Any]], **document: Any) -> str:
    """A policy's text. JSON's strings, numbers, lists and booleans are TOML's too; only tables differ."""
    lines = [f"{name} = {_toml(value)}" for name, value in {"version": 1, **document}.items()]
    for table, masks in entries.items():
        lines.append(f"[tables.{_toml(str(table))}]")
        lines += [f"{_toml(column)} = {_toml(mask)}" for column, mask in masks.items()]
    return "\n".join(lines)


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml(name)} = {_toml(item)}" for name, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def copied(dsn: str, query: str) -> bytes:
    """The rows of a query as COPY writes them."""
    with (
        psycopg.connect(dsn, options="-c statement_timeout=0 -c extra_float_digits=3 -c timezone=UTC") as connection,
        connection.cursor().copy(f"COPY ({query}) TO STDOUT".encode()) as copy,
    ):
        return b"".join(bytes(block) for block in copy)


@pytest.fixture(scope="session")
def programs(postgres_server: Server) -> Programs:
    """The client programs that fit the session's server."""
    dump = find("pg_dump", server_major=postgres_server.major())
    restore = find("pg_restore", server_major=dump.major)
    return Programs(dump.path, restore.path, find("psql").path)


@pytest.fixture(scope="session")
def open_pair(postgres_server: Server, programs: Programs) -> Callable[..., AbstractContextManager[Pair]]:
    """Opens pairs of an empty source, with an encoding or on a server of its own, and a target that does not exist."""

    @contextlib.contextmanager
    def opened(properties: str = "", on: tuple[Server, Programs] | None = None) -> Iterator[Pair]:
        server, used = on or (postgres_server, programs)
        mark = secrets.token_hex(6)
        source, target = f"source_{mark}", f"clone_{mark}"
        try:
            with server.administer() as connection:
                connection.execute(f"CREATE DATABASE {source} TEMPLATE template0 {properties}".encode())
            yield Pair(server, server.dsn(source), target, used)
        finally:
            server.drop_database(target)
            server.drop_database(source)

    return opened


@dataclass(frozen=True)
class Looker:
    """Verifies one pair's clone again and again, by workers that are started once."""

    pair: Pair
    pool: Pool

    def __call__(self, rules: str | Policy, **more: Any) -> Verification:
        """What speaks against the clone as it is now, by a policy or its text."""
        ends = source_end(self.pair.source, "s"), source_end(self.pair.target, "t")
        rules = policy.parse(rules) if isinstance(rules, str) else rules
        return verify(*ends, rules, self.pair.programs, pool=self.pool, **more)


@pytest.fixture(scope="session")
def looking() -> Callable[[Pair], AbstractContextManager[Looker]]:
    """Opens what verifies a pair's clone."""

    @contextlib.contextmanager
    def opened(pair: Pair, locale: str = policy.DEFAULT_LOCALE) -> Iterator[Looker]:
        ends = source_end(pair.source, "s"), source_end(pair.target, "t")
        with Pool(Context(*ends, Key(bytes(32)), str(pair.programs.psql), locale, "utf-8"), 1) as pool:
            yield Looker(pair, pool)

    return opened


@pytest.fixture
def pair(open_pair: Callable[..., AbstractContextManager[Pair]]) -> Iterator[Pair]:
    """An empty source, and a target that does not exist yet."""
    with open_pair() as opened:
        yield opened


@pytest.fixture
def system_pair(system_server: Server, open_pair: Callable[..., AbstractContextManager[Pair]]) -> Iterator[Pair]:
    """The same on the system's PostgreSQL 15, which knows XML and ICU."""
    programs = [find(name, server_major=15).path for name in ("pg_dump", "pg_restore")]
    with open_pair(on=(system_server, Programs(*programs, find("psql").path))) as opened:
        yield opened


@pytest.fixture
def policy_file(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a policy's text to a file."""

    def write(text: str) -> Path:
        path = tmp_path / "policy.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
