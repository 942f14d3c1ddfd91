"""Servers of every version that this machine can provide, with the roles and the tablespace that cases speak of."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from understudy.parity.workshop import Workshop
from understudy.postgres import EmbeddedServer, Server
from understudy.postgres.container import DEFAULT_IMAGE

SYSTEM = {major: Path(f"/usr/lib/postgresql/{major}/bin") for major in (14, 15, 17)}
VERSIONS = (*(major for major, folder in SYSTEM.items() if (folder / "initdb").exists()), 16, 18)

CONTAINER = "container"
CONTAINER_VERSION = re.search(r":(\d+)[^/:@]*(?:@.*)?$", os.environ.get("UNDERSTUDY_POSTGRES_IMAGE") or DEFAULT_IMAGE)
"""What the image's tag says of the server in it: which cases there are for it is known before it runs."""
ALL = bool(os.environ.get("UNDERSTUDY_ALL_CASES"))

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


@functools.cache
def versions_of(folder: Path) -> tuple[int, int]:
    """The first and the last major version that a folder of tests/cases is for."""
    since, file = folder / "since", folder / "expected.json"
    said = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return int(since.read_text()) if since.exists() else said.get("since", 14), said.get("until", 99)


def applies(folder: Path, major: int) -> bool:
    """Whether a folder of tests/cases is for a major version."""
    first, last = versions_of(folder)
    return first <= major <= last


def pytest_configure(config: pytest.Config) -> None:
    """The marks of this room: which servers a test is collected for, and with which folders of tests/cases."""
    config.addinivalue_line("markers", "folders(list): the test takes each of these folders that is for its server")
    config.addinivalue_line("markers", "newest: the test is for the newest version alone, unless all cases are wanted")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs a test that asks for `server` on every version and in a container; those of one server on one worker.

    What does not apply to a version is not collected for it.
    """
    if "server" not in metafunc.fixturenames:
        return
    newest = metafunc.definition.get_closest_marker("newest")
    servers = [
        (version, version, f"pg{version}", [pytest.mark.xdist_group(f"postgres{version}")])
        for version in VERSIONS
        if not newest or version == max(VERSIONS) or (ALL and not newest.kwargs.get("only"))
    ]
    if not newest or (ALL and not newest.kwargs.get("only")):
        major = int(CONTAINER_VERSION[1]) if CONTAINER_VERSION else 0
        servers.append((CONTAINER, major, CONTAINER, [pytest.mark.docker, pytest.mark.xdist_group(CONTAINER)]))
    marked = metafunc.definition.get_closest_marker("folders")
    if marked is None:
        params = [pytest.param(server, marks=marks, id=name) for server, _, name, marks in servers]
        metafunc.parametrize("server", params, indirect=True, scope="session")
        return
    folders: Sequence[Path] = marked.args[0]
    both = [
        pytest.param(server, folder, marks=marks, id=f"{name}-{folder.name}")
        for server, major, name, marks in servers
        for folder in folders
        if applies(folder, major)
    ]
    metafunc.parametrize(("server", "folder"), both, indirect=["server"], scope="session")


@pytest.fixture(scope="session")
def for_version() -> Callable[[Path, int], bool]:
    """`applies`, for tests that take many folders at once."""
    return applies
