"""A disk that fills while a clone is built: a clear error, the old staging as it was, and the room given back."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from understudy.postgres import EmbeddedServer
from understudy.postgres.dsn import url

MEGABYTES = 220


@pytest.fixture
def small_server() -> Iterator[EmbeddedServer]:
    """A server on a disk of its own with little room; its WAL lies elsewhere, as a DBA would have it."""
    folder = Path(tempfile.mkdtemp(prefix="understudy-small-"))
    folder.chmod(0o755)
    logs = Path(tempfile.mkdtemp(prefix="understudy-wal-"))
    logs.chmod(0o755)
    mount = ["/bin/mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=755", "understudy-test", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, timeout=30, check=False)
    except OSError as error:
        pytest.skip(f"no disk can be mounted here ({error.strerror}): run as root on Linux")
    if done.returncode != 0:
        shutil.rmtree(folder)
        shutil.rmtree(logs)
        pytest.skip("no disk can be mounted here: run as root on Linux")
    try:
        server = EmbeddedServer(durable=False, root=folder)
        server.close()
        wal = server.data / "pg_wal"
        owner = wal.stat()
        shutil.move(wal, logs / "pg_wal")
        for path in (logs, *logs.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
        wal.symlink_to(logs / "pg_wal")
        with EmbeddedServer(durable=False, root=folder) as running:
            yield running
    finally:
        subprocess.run(["/bin/umount", str(folder)], check=True, timeout=30)
        folder.rmdir()
        shutil.rmtree(logs)


def test_a_full_disk_ends_the_clone_and_leaves_the_old_staging(
    small_server: EmbeddedServer,
    make_database: Callable[[], str],
    understudy: Callable[..., Any],
    tmp_path: Path,
) -> None:
    """Exit 1, "the disk is full" with what to do; the old staging is whole and the half-built database is gone."""
    source = make_database()
    with psycopg.connect(source, autocommit=True) as connection:
        connection.execute("CREATE TABLE notes (id int PRIMARY KEY, note text)")
        connection.execute(
            "INSERT INTO notes SELECT n, repeat(md5(n::text), 40) FROM generate_series(1, %s) n",
            [MEGABYTES * 1_000_000 // 1_280],
        )
    with psycopg.connect(small_server.create_database("staging"), autocommit=True) as connection:
        connection.execute("CREATE TABLE old_staging AS SELECT 1 AS n")
    policy = tmp_path / "policy.toml"
    policy.write_text('version = 1\n[tables."public.notes"]\nid = "keep"\nnote = "text"\n')

    done = understudy(
        *("clone", "--source", url(source), "--target", url(small_server.dsn("staging")), "--policy", str(policy))
    )

    assert done.returncode == 1, done.stderr
    assert "error: the disk is full" in done.stderr
    assert "hint: Free or add space" in done.stderr
    assert small_server.databases() == ["postgres", "staging"]
    with psycopg.connect(small_server.dsn("staging")) as connection:
        assert connection.execute("SELECT n FROM old_staging").fetchall() == [(1,)]
