"""What `understudy migrate rehearse` finds on the generated production at 1 GB, for each migration of this repository.

The report, with its timelines, is written to UNDERSTUDY_BENCH_REPORT (rehearsal.html). UNDERSTUDY_BENCH_HOME names a
folder to keep the production in, so that a second run does not generate it again.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from understudy import environments
from understudy.demo.production import fill
from understudy.migrate.lint.sizes import human
from understudy.migrate.rehearse import Load, Rehearsal, budget, rehearse, write_report
from understudy.migrate.rehearse.run import copied
from understudy.migrate.tool import migrator
from understudy.postgres import EmbeddedServer

ROWS = int(os.environ.get("UNDERSTUDY_BENCH_ROWS", "2900000"))
ROOT = Path(__file__).parents[1]


def main() -> None:
    """Print the figures."""
    kept = os.environ.get("UNDERSTUDY_BENCH_HOME")
    home = Path(kept or tempfile.mkdtemp(prefix="understudy-bench-"))
    home.mkdir(exist_ok=True)
    home.chmod(0o755)
    try:
        with EmbeddedServer(root=home) as server:
            _measure(server)
    finally:
        if not kept:
            shutil.rmtree(home, ignore_errors=True)


def _measure(server: EmbeddedServer) -> None:
    configuration = environments.load(ROOT / "understudy.toml")
    if "production" not in server.databases():
        dsn = server.create_database("production")
        migrator(configuration).up(dsn)
        fill(dsn, rows=ROWS)
    with copied(server, "production") as dsn:
        found = rehearse(
            dsn,
            configuration.migrations,
            label="the generated production",
            load=Load(),
            budget=budget(configuration),
            redo=len(list(configuration.migrations.glob("*.rollback.sql"))),
            progress=lambda label: print(label, file=sys.stderr, flush=True),
        )
    report = Path(os.environ.get("UNDERSTUDY_BENCH_REPORT", "rehearsal.html"))
    write_report(found, report)
    _print(found)


def _print(found: Rehearsal) -> None:
    print(f"{human(found.size)}, {found.server}, {found.load}\n")
    print("| migration | up | longest wait of another session | WAL | rollback |")
    print("| --- | --- | --- | --- | --- |")
    for one in found.migrations:
        wal, down = human(sum(cost.wal for cost in one.costs)), one.down
        back = f"{down.seconds:.2f} s, {down.longest_block_ms:.0f} ms" if down else "none"
        print(f"| {one.label} | {one.up.seconds:.2f} s | {one.up.longest_block_ms:.0f} ms | {wal} | {back} |")
    print("\nwithin budget" if not found.problems else "\nover budget: " + "; ".join(found.problems))
