"""The embedded server: one per user, found again, stopped by the last who lets go."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from understudy.postgres import EmbeddedServer, connect
from understudy.postgres.errors import EmbeddedServerError


@pytest.fixture
def root() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="understudy-embedded-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def start(root: Path, **options: object) -> EmbeddedServer:
    return EmbeddedServer(durable=False, root=root, **options)  # type: ignore[arg-type]


def postmaster(server: EmbeddedServer) -> psutil.Process:
    return psutil.Process(int((server.data / "postmaster.pid").read_text().split("\n", 1)[0]))


def alive(process: psutil.Process) -> bool:
    """A zombie is dead: in a container there may be nobody who buries it."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("version", [16, 18])
def test_both_versions_of_the_wheel_answer(root: Path, version: int) -> None:
    """PostgreSQL 16 and 18 both start from the wheel and speak UTF-8 whatever the machine's locale."""
    with start(root, version=version) as server, server.scratch() as dsn, connect(dsn) as connection:
        assert connection.info.server_version // 10000 == version
        assert connection.execute("SELECT lower('ÀÈ') = 'àè', current_setting('server_encoding')").fetchone() == (
            True,
            "UTF8",
        )


def test_a_version_that_the_wheel_lacks_is_refused_by_name(root: Path) -> None:
    """Version 9 is an error that says which versions there are."""
    with pytest.raises(EmbeddedServerError, match="no version 9") as caught:
        start(root, version=9)
    assert "16 and 18" in str(caught.value.detail)


def test_the_last_one_to_let_go_stops_the_server(root: Path) -> None:
    """A process that holds the server keeps it running when another lets go."""
    with start(root) as server:
        process = postmaster(server)
        code = (
            "from pathlib import Path; from understudy.postgres import EmbeddedServer as E; "
            f"E(durable=False, root=Path({str(root)!r}))"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
        assert alive(process)
    assert not alive(process)


def test_two_objects_of_one_process_hold_it_twice(root: Path) -> None:
    """Source and target may both be embedded: closing one leaves the other its server."""
    with start(root) as server:
        process = postmaster(server)
        start(root).close()
        assert alive(process)
        assert server.databases()
    assert not alive(process)


def test_a_pinned_server_outlives_its_processes_and_is_found_again(root: Path) -> None:
    """A pinned server goes on after everyone let go; who comes next finds the same one."""
    first = start(root)
    first.pin(True)
    process = postmaster(first)
    first.close()
    assert alive(process)
    with start(root) as second:
        assert postmaster(second) == process
        second.pin(False)
    assert not alive(process)


def test_a_server_left_behind_by_a_killed_run_is_found_and_then_stopped(root: Path) -> None:
    """After SIGKILL of its only user the server is reused, and the dead user does not keep it alive."""
    code = (
        "import os, signal; from pathlib import Path; from understudy.postgres import EmbeddedServer as E; "
        f"E(durable=False, root=Path({str(root)!r})); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    with start(root) as server:
        process = postmaster(server)
        assert server.major() == 18
    assert not alive(process)


def test_a_killed_server_comes_back_with_its_data(root: Path) -> None:
    """After SIGKILL of PostgreSQL itself, the next start replays its log, past the stale postmaster.pid."""
    with start(root) as server:
        connect(server.create_database("kept")).close()
        process = postmaster(server)
        children = process.children()
        process.kill()
        psutil.wait_procs([process, *children], timeout=30)
        assert (server.data / "postmaster.pid").exists()
        with start(root) as again:
            assert "kept" in again.databases()


def test_a_stale_pid_that_now_is_somebody_else_is_not_taken_for_the_server(root: Path) -> None:
    """After a reboot the id in postmaster.pid may be any process: it is neither used nor touched."""
    with start(root) as server:
        pid_file = server.data / "postmaster.pid"
        text = pid_file.read_text()
    pid_file.write_text(text.replace(text.split("\n")[0], str(os.getpid()), 1))
    with start(root) as server:
        assert postmaster(server).pid != os.getpid()
        assert server.databases()


def test_a_killed_initdb_leaves_nothing_that_looks_whole(root: Path) -> None:
    """A cluster half made is made anew."""
    folder = root / "postgres-18"
    (folder / "data.new").mkdir(parents=True)
    (folder / "data.new" / "PG_VERSION").write_text("18\n")
    with start(root) as server:
        assert server.databases() == ["postgres"]


def test_two_at_once_start_one_server(root: Path) -> None:
    """Processes that start together end up on the same server."""
    code = (
        "import sys; from pathlib import Path; from understudy.postgres import EmbeddedServer as E; "
        f"s = E(durable=False, root=Path({str(root)!r})); "
        "print((s.data / 'postmaster.pid').read_text().split()[0], flush=True); sys.stdin.read()"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    try:
        assert len({p.stdout.readline() for p in running if p.stdout}) == 1
    finally:
        for p in running:
            p.communicate()
    assert not (root / "postgres-18" / "data" / "postmaster.pid").exists()


def test_a_folder_with_a_long_path_still_gets_a_socket(root: Path) -> None:
    """A Unix socket's path is limited to about 100 bytes; a home deeper than that works all the same."""
    deep = root / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    with start(deep) as server:
        assert server.databases() == ["postgres"]
    shutil.rmtree(server.sockets)


def test_no_permission_of_an_existing_folder_is_changed() -> None:
    """The folders above the data keep their mode, root's home among them."""
    above = Path(tempfile.mkdtemp(prefix="understudy-mode-"))
    above.chmod(0o711)
    try:
        with start(above):
            assert above.stat().st_mode & 0o777 == 0o711
    finally:
        shutil.rmtree(above, ignore_errors=True)


def test_a_failing_start_says_what_the_log_says(root: Path) -> None:
    """A server that cannot start is an error with the reason, not a time-out."""
    with start(root) as server:
        pass
    with (server.data / "postgresql.auto.conf").open("a") as file:
        file.write("shared_buffers = 'a lot'\n")
    with pytest.raises(EmbeddedServerError, match="does not start") as caught:
        start(root)
    assert "shared_buffers" in str(caught.value.detail)
