"""An embedded server of the tests' own, in place of the user's, with a staging on it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from understudy.environments import Configuration, Environment
from understudy.postgres import EmbeddedServer, connect

STAGING = """
CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text);
INSERT INTO users (email) SELECT i || '@example.com' FROM generate_series(1, 100) AS i;
CREATE ROLE understudy_tester NOLOGIN;
GRANT SELECT ON users TO understudy_tester;
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON users FOR SELECT TO understudy_tester USING (true)"""


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """The folder of this session's embedded servers, running and with a database `staging`."""
    folder = Path(tempfile.mkdtemp(prefix="understudy-replica-"))
    folder.chmod(0o755)
    try:
        with EmbeddedServer(durable=False, root=folder) as server:
            with connect(server.create_database("staging")) as connection:
                connection.execute(STAGING)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedServer]:
    """The embedded server as commands find it, without replicas before and after."""
    monkeypatch.setenv("UNDERSTUDY_HOME", str(home))
    with EmbeddedServer() as opened:
        yield opened
        for name in databases(opened):
            if name.startswith("understudy_"):
                with opened.administer() as connection:
                    connection.execute(f'ALTER DATABASE "{name}" IS_TEMPLATE false')
                opened.drop_database(name)
        opened.pin(False)


@pytest.fixture
def configuration() -> Configuration:
    """Where `staging` and `prod` are what understudy.toml would say."""
    environments = {
        "staging": Environment("staging", "embedded:staging"),
        "prod": Environment("prod", "postgresql://db.example/shop", production=True),
    }
    return Configuration(folder=Path(os.devnull), environments=environments)


def databases(server: EmbeddedServer) -> list[str]:
    """All databases of the server, templates included."""
    with server.administer() as connection:
        rows = connection.execute("SELECT datname FROM pg_database ORDER BY datname")
        return [str(name) for (name,) in rows]
