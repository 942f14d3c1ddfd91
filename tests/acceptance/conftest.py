"""Whole stories on real data: the databases of tests/data, and the program run as its users run it."""

from __future__ import annotations

import contextlib
import functools
import gzip
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from understudy.postgres import Server
from understudy.postgres.programs import run


@dataclass(frozen=True)
class Ended:
    """How the program ended: its exit code and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


DATA = Path(__file__).parents[1] / "data"
KEY = "the key of the acceptance tests, as long as it must be"


def _statements(name: str) -> str:
    text = gzip.decompress((DATA / f"{name}.sql.gz").read_bytes()).decode()
    if name == "chinook":
        # the script makes its own database and connects to it
        lines = text.splitlines(keepends=True)
        return "".join(li for li in lines if not li.startswith(("\\c ", "DROP DATABASE", "CREATE DATABASE")))
    return text


@pytest.fixture(scope="session")
def real_database(postgres_server: Server) -> Iterator[Callable[[str], str]]:
    """Loads `chinook` or `pagila` into a database, once; returns its connection string. It is only to be read."""
    with contextlib.ExitStack() as stack:

        @functools.cache
        def load(name: str) -> str:
            dsn = stack.enter_context(postgres_server.scratch(prefix=name))
            run("psql", "--quiet", "--no-psqlrc", dsn=dsn, input_text=_statements(name))
            return dsn

        yield load


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts the program in a process of its own, with a key and a home of its own; ends it if the test does not."""
    home = tmp_path_factory.mktemp("home")
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, key: str | None = KEY, **streams: Any) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "UNDERSTUDY_HOME": str(home)}
        environment.pop("UNDERSTUDY_KEY", None)
        if key is not None:
            environment["UNDERSTUDY_KEY"] = key
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        program = subprocess.Popen(
            [sys.executable, "-m", "understudy", *arguments], env=environment, **{**silent, **streams}
        )
        running.append(program)
        return program

    yield start
    for program in running:
        program.kill()
        program.wait()


@pytest.fixture(scope="session")
def understudy(started: Callable[..., subprocess.Popen[bytes]]) -> Callable[..., Ended]:
    """Runs the program to its end."""

    def call(*arguments: str, key: str | None = KEY) -> Ended:
        with started(*arguments, key=key, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
            out, err = program.communicate(timeout=300)
            return Ended(program.returncode, out.decode(), err.decode())

    return call
