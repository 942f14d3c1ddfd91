from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo

from understudy.migrate.options import Options
from understudy.postgres import connect
from understudy.postgres.dsn import parameters
from understudy.postgres.errors import UnreachableError

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes migrations into a folder and returns it: `write({"0001_a": "CREATE ...", "0001_a.rollback": ...})`."""

    def files(given: dict[str, str]) -> Path:
        folder = tmp_path / "migrations"
        for name, text in given.items():
            path = folder / f"{name}.sql"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder

    return files


@pytest.fixture
def ask() -> Callable[..., Any]:
    """Runs a query on a database and returns its rows."""

    def query(dsn: str, text: str) -> list[tuple[Any, ...]]:
        with connect(dsn) as connection:
            cursor = connection.execute(text.encode())
            return cursor.fetchall() if cursor.description else []

    return query


@pytest.fixture
def quick() -> Options:
    """Options for tests that wait for locks: short, and not often."""
    return Options(lock_timeout_ms=100, attempts=3, first_pause_s=0.02, longest_pause_s=0.05, turn_s=1.0)


@pytest.fixture
def pgbouncer() -> Iterator[Callable[[str, str], str]]:
    """Starts a PgBouncer before a database: `pgbouncer(dsn, "transaction")` gives the DSN through it."""
    program = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
    if program is None:
        pytest.skip("PgBouncer is not installed (apt-get install pgbouncer)")
    with contextlib.ExitStack() as stack:
        yield lambda dsn, mode: stack.enter_context(_pgbouncer(program, dsn, mode))


@contextlib.contextmanager
def _pgbouncer(program: str, dsn: str, mode: str) -> Iterator[str]:
    given = parameters(dsn)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="understudy-pgbouncer-"))
    (folder / "users").write_text(f'"{given.get("user", "postgres")}" "{given.get("password", "")}"\n')
    target = " ".join(f"{key}={given[key]}" for key in ("host", "port", "user", "password") if key in given)
    (folder / "ini").write_text(
        f"[databases]\n* = {target}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = trust\nauth_file = {folder}/users\npool_mode = {mode}\ndefault_pool_size = 5\n"
        "ignore_startup_parameters = extra_float_digits,options\n"
    )
    folder.chmod(0o755)
    user = "understudy" if os.geteuid() == 0 else None
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, folder / "ini"], stdout=log, stderr=log, user=user)
    try:
        dsn = make_conninfo(**{**given, "host": "127.0.0.1", "port": port})
        deadline = time.monotonic() + 60
        while True:
            try:
                connect(dsn).close()
                break
            except UnreachableError:
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield dsn
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder)
