"""An anonymized clone beside an unmasked one: `clone`, and `pg_dump -Fd -j2` followed by `pg_restore -j2`.

Both copy the generated production (UNDERSTUDY_BENCH_ROWS rows, by default 600,000, about 220 MB; 3,000,000 are 1 GB) from
one database of an embedded server to another, in one run, alternating, UNDERSTUDY_BENCH_RUNS times (3). Medians of wall
time; the ratio is ours by theirs. "Swapped in" is without the leak check, "checked" with it. Memory is the most that all our
processes had together, sampled ten times a second, PostgreSQL's own left out.
"""

from __future__ import annotations

import os
import secrets
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import psutil

from anonymizer import policy
from anonymizer.clone import Request, clone
from anonymizer.keys import Key
from anonymizer.schema import Programs
from understudy import migrate
from understudy.demo import production
from understudy.postgres import EmbeddedServer, connect
from understudy.postgres.programs import find

ROWS = int(os.environ.get("UNDERSTUDY_BENCH_ROWS", "600000"))
RUNS = int(os.environ.get("UNDERSTUDY_BENCH_RUNS", "3"))
REPOSITORY = Path(__file__).parents[1]


def main() -> None:
    """Print the medians, the ratios and the memory."""
    home = Path(tempfile.mkdtemp(prefix="understudy-bench-"))
    home.chmod(0o755)
    try:
        with EmbeddedServer(root=home) as server:
            _measure(server, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _measure(server: EmbeddedServer, home: Path) -> None:
    source = server.create_database("production")
    migrate.up(source, REPOSITORY / "migrations")
    production.fill(source, rows=ROWS)
    with connect(source) as connection:
        size = connection.execute("SELECT pg_database_size('production') / 1e6").fetchone()
    programs = Programs(*(find(name, server_major=server.version).path for name in ("pg_dump", "pg_restore", "psql")))
    ours, checks, theirs, memory = [], [], [], []
    for _ in range(RUNS):
        theirs.append(_plain(server, programs, home / "dump"))
        with _Memory() as watched:
            seconds = _ours(server, programs)
        ours.append(sum(seconds.values()) - seconds["verify"])
        checks.append(sum(seconds.values()))
        memory.append(watched.peak)
    plain = statistics.median(theirs)
    print(f"{ROWS:,} rows, {size[0] if size else 0:,.0f} MB, {os.cpu_count()} processors, median of {RUNS} runs\n")
    print("| | seconds | ratio |\n| --- | ---: | ---: |")
    print(f"| pg_dump, pg_restore, nothing masked | {plain:.1f} | 1.00 |")
    for name, values in (("clone, swapped in", ours), ("clone, swapped in and checked", checks)):
        print(f"| {name} | {statistics.median(values):.1f} | {statistics.median(values) / plain:.2f} |")
    print(f"\nPeak memory of our processes: {max(memory) / 1e6:,.0f} MB")


def _ours(server: EmbeddedServer, programs: Programs) -> dict[str, float]:
    request = Request(
        source=server.dsn("production"),
        target=server.dsn("staging"),
        source_label="production",
        target_label="staging",
        policy=policy.load(REPOSITORY / "anonymizer" / "policy.toml"),
        key=Key(secrets.token_bytes(32)),
        programs=programs,
    )
    return clone(request).seconds


def _plain(server: EmbeddedServer, programs: Programs, folder: Path) -> float:
    server.drop_database("plain")
    shutil.rmtree(folder, ignore_errors=True)
    began = time.monotonic()
    source, target = server.dsn("production"), server.create_database("plain")
    dump = [programs.pg_dump, "--format=directory", "--jobs=2", f"--file={folder}", source]
    subprocess.run(dump, check=True)
    subprocess.run([programs.pg_restore, "--jobs=2", f"--dbname={target}", folder], check=True)
    with connect(target) as connection:
        connection.execute("ANALYZE")
    return time.monotonic() - began


class _Memory:
    """The most memory that this process and its children have at one time, in bytes."""

    def __enter__(self) -> _Memory:
        self.peak = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._end.wait(0.1):
            total = 0
            for process in [me, *me.children(recursive=True)]:
                try:
                    total += process.memory_info().rss if process.name() != "postgres" else 0
                except psutil.Error:
                    continue
            self.peak = max(self.peak, total)
