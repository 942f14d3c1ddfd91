"""An anonymized clone beside an unmasked one: `clone`, and `pg_dump -Fd -j2` followed by `pg_restore -j2`.

Both copy the generated production (UNDERSTUDY_BENCH_ROWS rows, by default 600,000, about 220 MB; 3,000,000 are 1 GB)
from one database of an embedded server to another, in one run, in turn, UNDERSTUDY_BENCH_RUNS times (3). Wall time of
whole commands, medians; the ratio is ours by theirs. "Swapped in" is without the leak check, "checked" with it. Memory
is the most that all processes of the command had together, sampled five times a second; what they share (the libraries)
counts once.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from anonymizer.schema import Programs
from understudy import migrate
from understudy.demo import production
from understudy.postgres import EmbeddedServer, connect
from understudy.postgres.dsn import url
from understudy.postgres.programs import find

ROWS = int(os.environ.get("UNDERSTUDY_BENCH_ROWS", "600000"))
RUNS = int(os.environ.get("UNDERSTUDY_BENCH_RUNS", "3"))
REPOSITORY = Path(__file__).parents[1]
POLICY = REPOSITORY / "anonymizer" / "policy.toml"


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
        swapped, checked, peak = _ours(server, home)
        ours.append(swapped)
        checks.append(checked)
        memory.append(peak)
    plain = statistics.median(theirs)
    print(f"{ROWS:,} rows, {size[0] if size else 0:,.0f} MB, {os.cpu_count()} processors, median of {RUNS} runs\n")
    print("| | seconds | ratio |\n| --- | ---: | ---: |")
    print(f"| pg_dump, pg_restore, nothing masked | {plain:.1f} | 1.00 |")
    for name, values in (("clone, swapped in", ours), ("clone, swapped in and checked", checks)):
        print(f"| {name} | {statistics.median(values):.1f} | {statistics.median(values) / plain:.2f} |")
    print(f"\nPeak memory of our processes: {max(memory) / 1e6:,.0f} MB")


def _ours(server: EmbeddedServer, home: Path) -> tuple[float, float, int]:
    """Seconds until the clone is swapped in, seconds with the leak check, and the most memory: of the whole command."""
    ends = ("--source", url(server.dsn("production")), "--target", url(server.dsn("staging")))
    environment = {**os.environ, "UNDERSTUDY_KEY": secrets.token_hex(32), "UNDERSTUDY_HOME": str(home / "records")}
    command = [sys.executable, "-m", "understudy", "clone", *ends, "--policy", str(POLICY), "--json"]
    began = time.monotonic()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as program:
        peak = _watch(program)
        out = program.communicate()[0]
    seconds = time.monotonic() - began
    if program.returncode != 0:
        raise RuntimeError(out)
    return seconds - json.loads(out)["seconds"]["verify"], seconds, peak


def _watch(program: subprocess.Popen[str]) -> int:
    """The most memory that a program and its children have at one time, in bytes; without PostgreSQL's servers."""
    peak, tree = 0, psutil.Process(program.pid)
    while program.poll() is None:
        try:
            members = [tree, *tree.children(recursive=True)]
            peak = max(peak, sum(member.memory_full_info().pss for member in members))
        except psutil.Error:
            pass
        time.sleep(0.2)
    return peak


def _plain(server: EmbeddedServer, programs: Programs, folder: Path) -> float:
    server.drop_database("plain")
    shutil.rmtree(folder, ignore_errors=True)
    began = time.monotonic()
    source, target = server.dsn("production"), server.create_database("plain")
    dump = [programs.pg_dump, "--format=directory", "--jobs=2", f"--file={folder}", source]
    subprocess.run(dump, check=True)
    subprocess.run([programs.pg_restore, "--jobs=2", f"--dbname={target}", folder], check=True)
    return time.monotonic() - began
