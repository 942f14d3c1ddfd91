"""How fast `understudy anonymize` masks a plain dump of the generated production, on one core.

The dump has UNDERSTUDY_BENCH_ROWS rows (by default 800,000, more than 200 MB); each of UNDERSTUDY_BENCH_RUNS runs (5)
is a process of its own with one Polars thread, from one file to another. The rate is megabytes of dump by seconds of
processor time, which is what one core does however busy the machine is; the wall clock is told beside it. Both looks at
the dump count, and so does what a run costs whatever the dump (the making of the masks, the lists of names by which the
schema's texts are looked at), which is told by itself too: on a larger dump it counts for less.

"As it is" is this repository's policy: everything that may say something of somebody is masked, JSON documents and free
text with it. "Without JSON" keeps the documents. "Who it is" masks only the columns that name or reach somebody (e-mail
addresses, names, phones, addresses of hosts) and keeps the rest. "Nothing" is what passing a dump through costs.
"By INSERT" is the same of `pg_dump --inserts`.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
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
        dumps = {"": home / "dump.sql", ", by INSERT": home / "inserts.sql"}
        schema = home / "schema.sql"
        _dump(home, {dumps[""]: (), dumps[", by INSERT"]: ("--inserts",), schema: ("--schema-only",)})
        sizes = {name: dump.stat().st_size / 1e6 for name, dump in dumps.items()}
        whole = (REPOSITORY / "anonymizer" / "policy.toml").read_text(encoding="utf-8")
        keep = _without_json(whole)
        rules = home / "policy.toml"
        rules.write_text(whole, encoding="utf-8")
        _, fixed = _measure(rules, schema, home / "masked.sql")
        print(f"{ROWS:,} rows, {sizes['']:,.0f} MB of dump by COPY, {sizes[', by INSERT']:,.0f} MB by INSERT; ", end="")
        print(f"median of {RUNS} runs; {fixed:.2f} s of each are there whatever the dump\n")
        print("| policy | MB/s of one core | ms of one core per MB | MB/s by the clock |\n| --- | ---: | ---: | ---: |")
        who = _only(keep, "email|name|first_name|last_name|phone|ip")
        policies = {"as it is": whole, "without JSON": keep, "who it is": who, "nothing": _only(keep, "keep")}
        for how, dump in dumps.items():
            for name, text in policies.items():
                rules.write_text(text, encoding="utf-8")
                clock, core = _measure(rules, dump, home / "masked.sql")
                size = sizes[how]
                cells = (f"{name}{how}", f"{size / core:.0f}", f"{core / size * 1e3:.1f}", f"{size / clock:.0f}")
                print(f"| {' | '.join(cells)} |", flush=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _dump(home: Path, dumps: Mapping[Path, tuple[str, ...]]) -> None:
    with EmbeddedServer(root=home) as server:
        source = server.create_database("production")
        migrate.up(source, REPOSITORY / "migrations")
        production.fill(source, rows=ROWS)
        for dump, options in dumps.items():
            run("pg_dump", f"--file={dump}", *options, dsn=source, server_major=server.version)


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
