"""How long a developer waits for a private copy of staging: `understudy replica up`, and createdb with pg_restore.

The database has tables with indexes and a foreign key, UNDERSTUDY_BENCH_MB megabytes in all (default 300). Both start
from what they would have on a developer's machine: the replica from the staging database, pg_restore from a dump in
directory format that is there already. Each is a whole command, interpreter start included; the best of three.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from understudy.postgres import EmbeddedServer, connect
from understudy.postgres.programs import find, run

MEGABYTES = int(os.environ.get("UNDERSTUDY_BENCH_MB", "300"))
RUNS = 3

_FILL = """
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, full_name text NOT NULL, created_at timestamptz);
INSERT INTO users SELECT i, md5(i::text) || '@example.com', md5((i * 7)::text), now() - i * interval '1 minute'
  FROM generate_series(1, {users}) AS i;
CREATE UNIQUE INDEX ON users (lower(email));
CREATE TABLE events (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, name text, payload jsonb);
INSERT INTO events SELECT i, 1 + i % {users}, 'page_view', jsonb_build_object('path', md5(i::text), 'n', i)
  FROM generate_series(1, {users} * 5) AS i;
CREATE INDEX ON events (user_id);
VACUUM ANALYZE
"""


def main() -> None:
    """Print the two times, their ratio, and the size of what was copied."""
    home = Path(tempfile.mkdtemp(prefix="understudy-bench-"))
    home.chmod(0o755)
    os.environ["UNDERSTUDY_HOME"] = str(home)
    try:
        with EmbeddedServer() as server:
            _measure(server, home)
    finally:
        del os.environ["UNDERSTUDY_HOME"]
        shutil.rmtree(home, ignore_errors=True)


def _measure(server: EmbeddedServer, home: Path) -> None:
    staging = server.create_database("staging")
    with connect(staging) as connection:
        for statement in _FILL.format(users=MEGABYTES * 1000).split(";"):
            connection.execute(statement.encode())
        size = connection.execute("SELECT pg_database_size('staging') / 1e6").fetchone()
    dump = home / "dump"
    jobs = f"--jobs={os.cpu_count() or 1}"
    run("pg_dump", "--format=directory", jobs, f"--file={dump}", dsn=staging, server_major=server.version)
    restore = str(find("pg_restore", server_major=server.version).path)

    def by_replica() -> None:
        _understudy("replica", "up", "bench", "--source", "embedded:staging")

    def by_restore() -> None:
        subprocess.run([restore, jobs, f"--dbname={server.create_database('restored')}", dump], check=True)

    replica, restored = [], []
    for _ in range(RUNS):
        replica.append(_seconds(by_replica))
        _understudy("replica", "down", "bench")
        restored.append(_seconds(by_restore))
        server.drop_database("restored")
    print(f"database                  {float(str(size[0] if size else 0)):8.0f} MB")
    print(f"understudy replica up     {min(replica):8.2f} s")
    print(f"createdb and pg_restore   {min(restored):8.2f} s")
    print(f"ratio                     {min(replica) / min(restored):8.2f}")


def _understudy(*arguments: str) -> None:
    program = [sys.executable, "-c", "from understudy.cli import main; main()"]
    subprocess.run([*program, *arguments], check=True, capture_output=True)


def _seconds(function: Callable[[], None]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started
