"""What every room's tests share: the command line run in this process, and a word on what the suite left out."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import shutil
import subprocess
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from understudy.cli import understudy
from understudy.cli.output import run
from understudy.postgres import RemoteServer, Server

# A test is never judged by the clock: machines are slow when they are busy.
# Nor by luck: the same examples every time, but where somebody asks for more of them and for others.
settings.register_profile("suite", deadline=None, derandomize="UNDERSTUDY_EXAMPLES" not in os.environ)
settings.load_profile("suite")


@dataclass(frozen=True)
class Ran:
    """How a command ended: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs `understudy` with the arguments given, as the program does."""

    def call(*arguments: str) -> Ran:
        capfd.readouterr()
        code = run(understudy, list(arguments))
        return Ran(code, *capfd.readouterr())

    return call


@pytest.fixture
def event_loop() -> Iterator[None]:
    """What a test needs that uses Pulumi: it makes event loops, in this thread and in its own, and leaves them open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        gc.collect()


@pytest.fixture(scope="session")
def system_server() -> Iterator[Server]:
    """The system's PostgreSQL 15, once a session; skips where it is not installed."""
    programs = Path("/usr/lib/postgresql/15/bin")
    if not (programs / "initdb").exists():
        pytest.skip("PostgreSQL 15 is not installed under /usr/lib/postgresql/15")
    folder = Path(tempfile.mkdtemp(prefix="understudy-15-"))
    user = "understudy" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    start = partial(subprocess.run, check=True, user=user, cwd=folder, timeout=120, stdin=subprocess.DEVNULL)
    start(
        [
            programs / "initdb",
            "-D",
            folder / "data",
            "-A",
            "trust",
            "-U",
            "postgres",
            "-N",
            "--no-locale",
            "-E",
            "UTF8",
        ],
        stdout=subprocess.DEVNULL,
    )
    options = f"-c unix_socket_directories={folder} -c listen_addresses= -c fsync=off"
    control = [programs / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log"]
    start([*control, "-o", options, "start"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with RemoteServer(f"postgresql://postgres@/postgres?host={folder}") as server:
            yield server
    finally:
        start([*control, "-m", "immediate", "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each reason that tests were skipped for; the same lines in the file UNDERSTUDY_SKIPS_FILE."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    if path := os.environ.get("UNDERSTUDY_SKIPS_FILE"):
        Path(path).write_text("".join(f"{reason}\n" for reason in sorted(reasons)), encoding="utf-8")
    if reasons:
        terminalreporter.section("left out")
        for reason, count in sorted(reasons.items()):
            terminalreporter.line(f"{count} {'test' if count == 1 else 'tests'}: {reason}")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return " ".join(said.removeprefix("Skipped: ").split())
