"""How long `understudy parity` takes on two schemas of 1,000 tables, 10,000 columns and 3,000 indexes.

Beside it, in the same run: a double pg_dump with a textual diff, and migra, where it can be installed (into an
environment of its own in a temporary folder: nothing of ours depends on it). Best of five; every figure is wall clock.
The catalog witness is timed inside a running program, and as part of a whole comparison by both witnesses. Exit code 1
where a figure is beyond its goal (`GOALS`).
"""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from understudy.catalog import Snapshot, read
from understudy.parity import Answer, Options, compare, compare_snapshots
from understudy.postgres import EmbeddedServer, connect
from understudy.postgres.programs import run

TABLES = int(os.environ.get("UNDERSTUDY_BENCH_TABLES", "1000"))
RUNS = 5
TIMEOUT = 600
WITNESS = "catalog witness, both sides read and compared"
WHOLE = "both witnesses, the whole comparison"
GOALS = {WITNESS: 0.5, WHOLE: 2.0}
"""Seconds that a figure may be for 1,000 tables on a machine that has nothing else to do."""

_TABLES = """
DO $$ BEGIN
  FOR i IN 1..{tables} LOOP
    EXECUTE format('CREATE TABLE t%s (id bigint PRIMARY KEY, parent bigint, name text NOT NULL, email varchar(320), '
      'n int DEFAULT 0, price numeric(10,2), at timestamptz DEFAULT now(), tags text[], doc jsonb, ok boolean, '
      'CHECK (n >= 0))', i);
    EXECUTE format('CREATE INDEX t%s_name ON t%s (name)', i, i);
    EXECUTE format('CREATE INDEX t%s_at ON t%s (at DESC) WHERE ok', i, i);
    IF i % 100 = 0 THEN COMMIT; END IF;
  END LOOP;
END $$
"""


def main() -> None:
    """Print the figures."""
    home = Path(tempfile.mkdtemp(prefix="understudy-bench-"))
    home.chmod(0o755)
    os.environ["UNDERSTUDY_HOME"] = str(home)
    try:
        with EmbeddedServer() as server:
            left, right = (_schema(server, name) for name in ("left_side", "right_side"))
            _measure(left, right, home)
    finally:
        del os.environ["UNDERSTUDY_HOME"]
        shutil.rmtree(home, ignore_errors=True)


def _schema(server: EmbeddedServer, name: str) -> str:
    dsn = server.create_database(name)
    with connect(dsn) as connection:
        connection.execute(_TABLES.format(tables=TABLES).encode())
        connection.execute("VACUUM ANALYZE")
    return dsn


def _measure(left: str, right: str, home: Path) -> None:
    print(f"{TABLES} tables, {TABLES * 10} columns, {TABLES * 3} indexes a side; PostgreSQL 18; best of {RUNS}; ")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before it began\n")
    alone = Options(second_witness=False)
    actions: dict[str, Callable[[], None]] = {
        WITNESS: lambda: _catalogs(left, right),
        "the same with its connections, as a whole comparison": lambda: _compared(left, right, alone),
        WHOLE: lambda: _compared(left, right, Options()),
        "double pg_dump and a textual diff": lambda: _double_dump(left, right),
    }
    migra = _migra(home)
    if migra:
        actions["migra"] = lambda: _run_migra(migra, left, right)
    figures = {what: _report(what, _best(action)) for what, action in actions.items()}
    if not migra:
        print("migra could not be installed here, so it is not measured")
    if said := beyond_goals(figures):
        raise SystemExit("\n".join(said))


def beyond_goals(figures: Mapping[str, float]) -> list[str]:
    """What took longer than it may, a sentence each; more tables than 1,000 have no goal."""
    return [
        f"{what} took {figures[what]:.2f} s, and may take {goal:.1f} s"
        for what, goal in GOALS.items()
        if figures[what] > goal and TABLES <= 1000
    ]


def _report(what: str, seconds: float) -> float:
    print(f"{what:55} {seconds:7.2f} s", flush=True)
    return seconds


def _best(action: Callable[[], None]) -> float:
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return min(times)


def _read(dsn: str) -> Snapshot:
    with connect(dsn) as connection:
        return read(connection)


def _catalogs(left: str, right: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(_read, (left, right))
    if compare_snapshots(one, other):
        raise SystemExit("the two schemas should be the same")


def _compared(left: str, right: str, options: Options) -> None:
    verdict = compare(left, right, options)
    if verdict.answer is not Answer.SAME:
        raise SystemExit(f"the two schemas should be the same, not {verdict.answer.value}")


def _double_dump(left: str, right: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda dsn: run("pg_dump", "--schema-only", dsn=dsn, server_major=18), (left, right))
    # the token of \restrict is another one in every dump
    lines = ([line for line in text.splitlines() if not line.startswith("\\")] for text in (one, other))
    if any(difflib.unified_diff(*lines, lineterm="")):
        raise SystemExit("the two dumps should be the same")


def _migra(home: Path) -> Path | None:
    """An environment with migra in it, made for this run; None where that is not to be had."""
    folder = home / "migra"
    # migra needs psycopg2, SQLAlchemy before 2 and pkg_resources, and says none of it
    wanted = ["migra", "psycopg2-binary", "sqlalchemy<2", "setuptools<81"]
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True, timeout=TIMEOUT)
        install = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", *wanted]
        subprocess.run(install, check=True, capture_output=True, timeout=TIMEOUT)
    except (OSError, subprocess.SubprocessError):
        return None
    return folder / "bin" / "migra"


def _run_migra(migra: Path, left: str, right: str) -> None:
    addresses = [_url(dsn) for dsn in (left, right)]
    done = subprocess.run([migra, "--unsafe", *addresses], capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode not in (0, 2):
        raise SystemExit(f"migra failed: {done.stderr[-300:]}")


def _url(dsn: str) -> str:
    from understudy.postgres.dsn import parameters

    given = parameters(dsn)
    return f"postgresql://{given['user']}@/{given['dbname']}?host={given['host']}"
