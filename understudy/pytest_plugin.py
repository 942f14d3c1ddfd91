"""Fixtures that hand a test a PostgreSQL of its own: `pytest --postgres embedded | embedded16 | container | URL`."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from understudy import environments
from understudy.migrate.tool import migrator
from understudy.postgres import ContainerServer, EmbeddedServer, RemoteServer, Server
from understudy.postgres.dsn import database_of
from understudy.postgres.wheel import DEFAULT_VERSION


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--postgres`."""
    parser.getgroup("understudy").addoption(
        "--postgres",
        default="embedded",
        metavar="KIND",
        help="where databases of tests live: embedded (PostgreSQL 18, the default), embedded16, container, or an "
        "address postgresql://... of a role that may create databases",
    )


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server of this test session. It is started for it and gone after it, unless `--postgres` names a URL."""
    yield from start_server(str(request.config.getoption("--postgres")))


def start_server(kind: str) -> Iterator[Server]:
    """Start a server of a kind that `--postgres` knows; resuming the generator stops it and removes its data."""
    if kind == "container":
        with ContainerServer() as server:
            yield server
    elif kind.startswith("embedded"):
        version = int(kind.removeprefix("embedded") or DEFAULT_VERSION)
        # not pytest's own folder: that one is closed to the user that root's server runs as
        root = Path(tempfile.mkdtemp(prefix="understudy-test-"))
        root.chmod(0o755)
        try:
            with EmbeddedServer(version, durable=False, root=root) as server:
                yield server
        finally:
            shutil.rmtree(root, ignore_errors=True)
    else:
        with RemoteServer(kind) as server:
            yield server


@pytest.fixture
def make_database(postgres_server: Server) -> Iterator[Callable[[], str]]:
    """Makes empty databases, as many as the test asks for; each call returns a connection string."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(postgres_server.scratch(prefix="test"))


@pytest.fixture
def database(make_database: Callable[[], str]) -> str:
    """The connection string of an empty database that lives as long as the test."""
    return make_database()


@pytest.fixture(scope="session")
def migrated_template(request: pytest.FixtureRequest, postgres_server: Server) -> Iterator[str]:
    """The name of a database with the repository's migrations applied, made once for the session to be copied from.

    Which migrations is what `understudy.toml` says, looked for from pytest's root folder up.
    """
    configuration = environments.load(environments.find(request.config.rootpath))
    with postgres_server.scratch(prefix="template") as dsn:
        migrator(configuration).up(dsn)
        yield database_of(dsn)


@pytest.fixture
def make_migrated_database(postgres_server: Server, migrated_template: str) -> Iterator[Callable[[], str]]:
    """Makes databases with the migrations applied, as many as the test asks for; each call returns a DSN."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(postgres_server.scratch(template=migrated_template, prefix="test"))


@pytest.fixture
def migrated_database(make_migrated_database: Callable[[], str]) -> str:
    """The connection string of a fresh database with the repository's migrations applied."""
    return make_migrated_database()
