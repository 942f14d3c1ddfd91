"""How fast `understudy anonymize` masks a plain dump of the generated production, on one core.

The dump has UNDERSTUDY_BENCH_ROWS rows (by default 800,000, more than 200 MB); each of UNDERSTUDY_BENCH_RUNS runs (5)
is a process of its own with one Polars thread, from one file to another. The rate is megabytes of dump by seconds of
processor time, which is what one core does however busy the machine is; the wall clock is told beside it. Both looks at
the dump count, and so do the making of the masks and Faker's import.

"As it is" is this repository's policy: everything that may say something of somebody is masked, JSON documents and free
text with it. "Without JSON" keeps the documents. "Who it is" masks only the columns that name or reach somebody (e-mail
addresses, names, phones, addresses of hosts) and keeps the rest. "Nothing" is what passing a dump through costs.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from understudy import migrate
from understudy.demo import production
from understudy.postgres import EmbeddedServer
from understudy.postgres.programs import run

ROWS = int(os.environ.get("UNDERSTUDY_BENCH_ROWS", "800000"))
RUNS = int(os.environ.get("UNDERSTUDY_BENCH_RUNS", "5"))
REPOSITORY = Path(__file__).parents[1]

_PROGRAM = """
import sys, time
from pathlib import Path
from anonymizer import policy
from anonymizer.dump.filter import anonymize
from anonymizer.keys import Key
rules = policy.load(Path(sys.argv[1]))
began, used = time.perf_counter(), time.process_time()
with open(sys.argv[2], "rb") as dump, open(sys.argv[3], "wb") as masked:
    anonymize(dump, masked, rules, Key(bytes(32)))
print(time.perf_counter() - began, time.process_time() - used)
"""


def main() -> None:
    """Print a line for each policy."""
    home = Path(tempfile.mkdtemp(prefix="understudy-bench-"))
    home.chmod(0o755)
    try:
        dump = home / "dump.sql"
        _dump(home, dump)
        whole = REPOSITORY / "anonymizer" / "policy.toml"
        megabytes = dump.stat().st_size / 1e6
        print(f"{ROWS:,} rows, {megabytes:,.0f} MB of dump, median of {RUNS} runs\n")
        print("| policy | MB/s of one core | MB/s by the clock |\n| --- | ---: | ---: |")
        keep = _without_json(whole.read_text(encoding="utf-8"))
        policies = {
            "as it is": whole.read_text(encoding="utf-8"),
            "without JSON": keep,
            "who it is": _only(keep, "email|name|first_name|last_name|phone|ip"),
            "nothing": _only(keep, "keep"),
        }
        rules = home / "policy.toml"
        for name, text in policies.items():
            rules.write_text(text, encoding="utf-8")
            clock, core = _measure(rules, dump, home / "masked.sql")
            print(f"| {name} | {megabytes / core:.0f} | {megabytes / clock:.0f} |", flush=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _dump(home: Path, dump: Path) -> None:
    with EmbeddedServer(root=home) as server:
        source = server.create_database("production")
        migrate.up(source, REPOSITORY / "migrations")
        production.fill(source, rows=ROWS)
        run("pg_dump", f"--file={dump}", dsn=source, server_major=server.version)


def _without_json(policy: str) -> str:
    """The policy with its JSON columns kept."""
    return re.sub(
        r'mask += "json"\nothers += "text".*\n(\[tables\..*paths\]\n(?:"\$.*\n|\n)*)?', 'mask = "keep"\n', policy
    )


def _only(policy: str, masks: str) -> str:
    """The policy with all columns kept that have other masks."""
    kept = re.sub(rf'^(\w+ *= )"(?!(?:{masks})")[^"]*"', r'\1"keep"', policy, flags=re.MULTILINE)
    kept = re.sub(r"^(\w+ *= )\{ mask[^}]*\}", r'\1"keep"', kept, flags=re.MULTILINE)
    return kept.replace('locale = "keep"', 'locale = "it_IT"', 1)


def _measure(policy: Path, dump: Path, masked: Path) -> tuple[float, float]:
    clocks, cores = [], []
    for _ in range(RUNS):
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, policy, dump, masked],
            env={**os.environ, "POLARS_MAX_THREADS": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        clock, core = map(float, done.stdout.split())
        clocks.append(clock)
        cores.append(core)
    return statistics.median(clocks), statistics.median(cores)
