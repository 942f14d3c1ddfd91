"""Fixtures that hand a test a PostgreSQL of its own.

`database` and `make_database` live where `pytest --postgres embedded | embedded16 | container | URL` says.
`migrated_database` and `make_migrated_database` are the same with the repository's migrations applied.

For what must hold on every kind of server there is `any_database`, `make_any_database`, `any_migrated_database` and
`make_any_migrated_database`: a test that asks for one of them runs once on the embedded server and once in a
container, whatever `--postgres` says. Without Docker the second run is skipped, and says how to get it.
"""

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
from understudy.postgres.container import require_image
from understudy.postgres.dsn import database_of
from understudy.postgres.errors import DockerError, ImageError
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


def pytest_configure(config: pytest.Config) -> None:
    """Makes the mark known that tests in a container carry."""
    config.addinivalue_line("markers", "docker: needs a Docker daemon")


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server of this test session. It is started for it and gone after it, unless `--postgres` names a URL."""
    yield from start_server(str(request.config.getoption("--postgres")))


@pytest.fixture(scope="session")
def embedded_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """An embedded PostgreSQL 18: the session's own server, if that is one."""
    yield from _server_of(request, "embedded")


@pytest.fixture(scope="session")
def container_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A PostgreSQL in a container: the session's own server, if that is one.

    A test that asks for it is skipped where Docker does not answer or the image is not to be had.
    """
    try:
        require_image()
    except DockerError as error:
        pytest.skip(f"{error.message}: install Docker or start dockerd")
    except ImageError as error:
        pytest.skip(f"{error.message}: {error.hint}")
    yield from _server_of(request, "container")


@pytest.fixture(scope="session", params=["embedded", pytest.param("container", marks=pytest.mark.docker)])
def any_server(request: pytest.FixtureRequest) -> Server:
    """The embedded server, then the container: a test that asks for it runs on each."""
    server = request.getfixturevalue(f"{request.param}_server")
    assert isinstance(server, Server)
    return server


def _server_of(request: pytest.FixtureRequest, kind: str) -> Iterator[Server]:
    if request.config.getoption("--postgres") == kind:
        yield request.getfixturevalue("postgres_server")
    else:
        yield from start_server(kind)


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
    yield from _template(request, postgres_server)


def _template(request: pytest.FixtureRequest, server: Server) -> Iterator[str]:
    configuration = environments.load(environments.find(request.config.rootpath))
    with server.scratch(prefix="template") as dsn:
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


@pytest.fixture
def make_any_database(any_server: Server) -> Iterator[Callable[[], str]]:
    """As `make_database`, on the embedded server and then in a container."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(any_server.scratch(prefix="test"))


@pytest.fixture
def any_database(make_any_database: Callable[[], str]) -> str:
    """As `database`, on the embedded server and then in a container.

    A test of what must hold on both asks for this one and is written once:

        def test_a_flag_at_zero_is_for_nobody(any_database: str) -> None:
            with connect(any_database) as connection: ...
    """
    return make_any_database()


@pytest.fixture(scope="session")
def any_migrated_template(request: pytest.FixtureRequest, any_server: Server) -> Iterator[str]:
    """As `migrated_template`, on the embedded server and then in a container."""
    yield from _template(request, any_server)


@pytest.fixture
def make_any_migrated_database(any_server: Server, any_migrated_template: str) -> Iterator[Callable[[], str]]:
    """As `make_migrated_database`, on the embedded server and then in a container."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(any_server.scratch(template=any_migrated_template, prefix="test"))


@pytest.fixture
def any_migrated_database(make_any_migrated_database: Callable[[], str]) -> str:
    """As `migrated_database`, on the embedded server and then in a container."""
    return make_any_migrated_database()
