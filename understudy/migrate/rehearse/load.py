"""The load: pgbench with the team's scripts, with recorded queries, or with what the catalog suggests."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from psycopg import sql

from understudy.migrate.errors import MigrateError, MigrationRefused
from understudy.migrate.journal import Connection
from understudy.migrate.rehearse.model import Pulse
from understudy.migrate.verify.queries import read_queries
from understudy.postgres import connect, programs
from understudy.postgres.dsn import program_environment

_SUGGEST = """
SELECT n.nspname, c.relname, a.attname,
       (SELECT o.attname FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attnum > 0 AND NOT o.attisdropped
        AND o.attgenerated = '' AND o.attnum <> ALL (i.indkey::int2[]) ORDER BY o.attnum LIMIT 1)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND i.indnkeyatts = 1 AND n.nspname !~ '^pg_'
  AND n.nspname <> 'understudy' AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
ORDER BY c.reltuples DESC, 1, 2 LIMIT 8
"""
_AT_WORK = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = 'pgbench' AND datname = current_database() AND state = 'idle' AND query <> ''
"""
_IDLE = ["SELECT 1"]
_LONG_S = 24 * 3600
_START_S = 60


@dataclass(frozen=True)
class Load:
    """How much of what.

    Args:
        scripts: pgbench's own scripts.
        queries: a file of queries without parameters, each its own transaction.
        clients: sessions at once.
        rate: transactions a second of all together; what cannot be kept up with shows as latency.
    """

    scripts: tuple[Path, ...] = ()
    queries: Path | None = None
    clients: int = 8
    rate: int = 200

    def said(self) -> str:
        """In a few words."""
        what = f"{len(self.scripts)} scripts" if self.scripts else "recorded queries" if self.queries else ""
        return f"pgbench, {self.clients} clients, {self.rate} transactions/s, {what or 'reads and writes by key'}"


class RunningLoad:
    """A pgbench at work."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, *, idle: bool) -> None:
        """`folder` is where it logs; `idle` says that it touches no table."""
        self._process, self._folder, self.idle = process, folder, idle
        self.failures: list[str] = []
        self.pulses: list[Pulse] = []

    def end(self) -> None:
        """End it as its own time limit would, so that it writes all of its log."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGALRM)
        try:
            _, said = self._process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            _, said = self._process.communicate()
        errors = {line.split("ERROR:", 1)[1].strip() for line in said.splitlines() if "ERROR:" in line}
        self.failures = [f"a query of the load failed: {text}" for text in sorted(errors)]
        for file in self._folder.glob("log.*"):
            for line in file.read_text().splitlines():
                parts = line.split()
                if len(parts) >= 6 and parts[2].isdigit():
                    self.pulses.append(Pulse(int(parts[4]) + int(parts[5]) / 1e6, int(parts[2]) / 1e6))
        self.pulses.sort(key=lambda pulse: pulse.at)


@contextlib.contextmanager
def running(dsn: str, load: Load, *, idle: bool = False) -> Iterator[RunningLoad]:
    """Load on a database for as long as the block lasts.

    Args:
        dsn: the database.
        load: how much of what.
        idle: whether empty transactions will do where no table has rows.

    Raises:
        MigrationRefused: there is nothing to load it with.
        MigrateError: pgbench ended at once.
    """
    with tempfile.TemporaryDirectory(prefix="understudy-load-") as name:
        folder = Path(name)
        texts = [] if load.scripts else _texts(dsn, load, idle=idle)
        scripts = list(load.scripts) or _written(folder, texts)
        conninfo, environment = program_environment(dsn)
        arguments: list[str | Path] = [programs.find("pgbench").path, "--no-vacuum", f"--client={load.clients}"]
        # what is late by more than a second is left out, or the load would go on catching up long after
        arguments += [
            f"--time={_LONG_S}",
            f"--rate={load.rate}",
            "--latency-limit=1000",
            "--log",
            f"--log-prefix={folder / 'log'}",
        ]
        arguments += [f"--file={script.resolve()}" for script in scripts]
        with subprocess.Popen(
            [*arguments, conninfo],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=folder,
        ) as process:
            try:
                _await_work(dsn, process)
                found = RunningLoad(process, folder, idle=texts == _IDLE)
                yield found
                found.end()
            finally:
                process.kill()


def _await_work(dsn: str, process: subprocess.Popen[str]) -> None:
    """Wait until one of pgbench's sessions has carried out something."""
    deadline = time.monotonic() + _START_S
    with contextlib.closing(connect(dsn)) as connection:
        while (process.poll() is None) and time.monotonic() < deadline:
            row = connection.execute(_AT_WORK).fetchone()
            if row and row[0]:
                return
            time.sleep(0.02)
    if process.poll() is None:
        raise MigrateError("pgbench does not start", detail=f"It carried out nothing in {_START_S} s.")
    said = process.stderr.read() if process.stderr else ""
    raise MigrateError("pgbench ended at once", detail=" ".join(said.split())[-500:] or "It said nothing.")


def _texts(dsn: str, load: Load, *, idle: bool) -> list[str]:
    if load.queries:
        queries = [statement.text for statement in read_queries(load.queries)]
        if any("$1" in text for text in queries):
            raise MigrationRefused(
                "recorded queries with parameters cannot be run",
                detail=f"{load.queries} has $1 in a query.",
                hint="Write a pgbench script for it: \\set and :name give it values.",
            )
        return queries
    with contextlib.closing(connect(dsn)) as connection:
        found = suggest(connection) or (_IDLE if idle else [])
    if not found:
        raise MigrationRefused(
            "there is nothing to load the copy with",
            detail="No table has rows and a whole number for its primary key.",
            hint="Name a pgbench script with --script.",
        )
    return found


def suggest(connection: Connection) -> list[str]:
    """A pgbench script for each of the big tables: read a row by its key twice, write it once, unchanged."""
    scripts = []
    for schema, table, key, other in cast(Any, connection.execute(_SUGGEST.encode()).fetchall()):
        name, column = sql.Identifier(schema, table), sql.Identifier(key)
        row = connection.execute(sql.SQL("SELECT min({0}), max({0}) FROM {1}").format(column, name)).fetchone()
        if row is None or row[0] is None:
            continue
        read = sql.SQL("SELECT * FROM {} WHERE {} = :id;").format(name, column).as_string(connection)
        lines = [f"\\set id random({row[0]}, {row[1]})", read, read]
        if other:
            write = sql.SQL("UPDATE {0} SET {1} = {1} WHERE {2} = :id;").format(name, sql.Identifier(other), column)
            lines.append(write.as_string(connection))
        scripts.append("\n".join(lines))
    return scripts


def _written(folder: Path, texts: Sequence[str]) -> list[Path]:
    paths = []
    for number, text in enumerate(texts):
        path = folder / f"load{number}.sql"
        path.write_text(text.rstrip().rstrip(";") + ";\n", encoding="utf-8")
        paths.append(path)
    return paths
