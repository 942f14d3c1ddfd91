"""Servers of every version that this machine can provide, with the roles and the tablespace that cases speak of."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from understudy.parity.workshop import Workshop
from understudy.postgres import EmbeddedServer, Server

SYSTEM = {major: Path(f"/usr/lib/postgresql/{major}/bin") for major in (14, 15, 17)}
VERSIONS = (*(major for major, folder in SYSTEM.items() if (folder / "initdb").exists()), 16, 18)

CONTAINER = "container"

_CLUSTER = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'parity_alice') THEN
    CREATE ROLE parity_alice; CREATE ROLE parity_bob; CREATE ROLE parity_super SUPERUSER;
  END IF;
END $$
"""


class SystemServer(EmbeddedServer):
    """A server of a version that the wheel lacks, from the system's packages."""

    def _reachable_programs(self) -> Path:
        return SYSTEM[self.version]


def prepare(server: Server) -> None:
    """The cluster-wide things that cases speak of."""
    with server.administer() as connection:
        connection.execute(_CLUSTER)
        major = connection.info.server_version // 10000
        if major >= 15 and not connection.execute("SELECT 1 FROM pg_tablespace WHERE spcname ~ 'parity'").fetchone():
            connection.execute("SET allow_in_place_tablespaces = true")
            connection.execute("CREATE TABLESPACE parity_space LOCATION ''")


@pytest.fixture(scope="session")
def server_of() -> Iterator[Callable[[int], Server]]:
    """Starts a server of a major version, once a session."""
    root = Path(tempfile.mkdtemp(prefix="understudy-parity-"))
    root.chmod(0o755)
    servers: dict[int, Server] = {}
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, root, ignore_errors=True)

        def start(major: int) -> Server:
            if major not in servers:
                kind = SystemServer if major in SYSTEM else EmbeddedServer
                servers[major] = stack.enter_context(kind(major, durable=False, root=root))
                prepare(servers[major])
            return servers[major]

        yield start


@pytest.fixture
def server(request: pytest.FixtureRequest, server_of: Callable[[int], Server]) -> Server:
    """The server that a test is parametrized with: of a version, or the one in a container, whatever its version."""
    if request.param != CONTAINER:
        return server_of(request.param)
    found = request.getfixturevalue("container_server")
    assert isinstance(found, Server)
    prepare(found)
    return found


@pytest.fixture(scope="session")
def parity_server(postgres_server: Server) -> Server:
    """The session's server, with what cases speak of."""
    prepare(postgres_server)
    return postgres_server


@pytest.fixture
def make_workshop(postgres_server: Server) -> Callable[[int], contextlib.AbstractContextManager[Workshop]]:
    """A workshop on the session's server, so that a comparison starts no other."""
    return lambda _: Workshop(postgres_server)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs a test that asks for `server` on every version and in a container; those of one server on one worker."""
    if "server" in metafunc.fixturenames:
        versions = [pytest.param(v, marks=pytest.mark.xdist_group(f"postgres{v}"), id=f"pg{v}") for v in VERSIONS]
        versions.append(
            pytest.param(CONTAINER, marks=[pytest.mark.docker, pytest.mark.xdist_group(CONTAINER)], id=CONTAINER)
        )
        metafunc.parametrize("server", versions, indirect=True, scope="session")
