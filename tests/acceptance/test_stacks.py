"""The stacks for real: a Docker, the Pulumi engine and its docker provider, through the Automation API."""

from __future__ import annotations

import dataclasses
import secrets
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pulumi
import pytest
from psycopg.conninfo import make_conninfo
from pulumi import automation
from pulumi.automation.errors import CommandError

from infra.settings import load
from infra.stack import build
from understudy import environments, migrate, parity
from understudy.postgres import RemoteServer, connect
from understudy.postgres.container import image, require_image
from understudy.postgres.errors import DockerError, ImageError

pytestmark = [pytest.mark.docker, pytest.mark.pulumi, pytest.mark.slow]

PASSWORD = r"it's a: \secret, $long and \"odd\""
MIGRATIONS = environments.load().migrations


@pytest.fixture(scope="module", autouse=True)
def everything_needed() -> None:
    """Skips where one of the three is missing, and says which."""
    missing = []
    try:
        require_image()
    except (DockerError, ImageError) as error:
        missing.append(f"{error.message}: {error.hint}")
    if not shutil.which("pulumi"):
        missing.append("the Pulumi engine (pulumi) is not installed: docs/stacks.md says how")
    plugins = Path.home() / ".pulumi" / "plugins"
    if not shutil.which("pulumi-resource-docker") and not list(plugins.glob("resource-docker-v*")):
        missing.append(
            "the Pulumi docker provider (pulumi-resource-docker) is not installed:"
            " pulumi plugin install resource docker"
        )
    if missing:
        pytest.skip("; ".join(missing))


class Environment:
    """An environment under test: its stack, and the folder of migrations that the next `up` applies."""

    def __init__(self, folder: Path, port: int) -> None:
        self.name = f"e2e-{secrets.token_hex(4)}"
        self.port = port
        self.migrations = MIGRATIONS
        self.stack = automation.create_stack(
            self.name,
            project_name="understudy",
            program=self._program,
            opts=automation.LocalWorkspaceOptions(
                work_dir=str(folder),
                env_vars={
                    "PULUMI_BACKEND_URL": folder.as_uri(),
                    "PULUMI_CONFIG_PASSPHRASE": "of a test",
                    "PULUMI_SKIP_UPDATE_CHECK": "true",
                },
                project_settings=automation.ProjectSettings("understudy", "python"),
            ),
        )
        given = {
            "postgresImage": image(),
            "postgresPort": str(port),
            "postgresMemoryMb": "256",
            "postgresCpus": "1.5",
            "postgresDatabase": "app",
            "postgresUser": "owner",
            "protectData": "false",
        }
        for key, value in given.items():
            self.stack.set_config(key, automation.ConfigValue(value))
        self.stack.set_config("postgresPassword", automation.ConfigValue(PASSWORD, secret=True))

    def _program(self) -> None:
        settings = dataclasses.replace(load(pulumi.Config(), pulumi.get_stack()), migrations=self.migrations)
        for name, value in build(settings).exports().items():
            pulumi.export(name, value)

    @property
    def dsn(self) -> str:
        """The database's address, with the password."""
        return make_conninfo(host="127.0.0.1", port=self.port, user="owner", password=PASSWORD, dbname="app")

    def up(self, **options: Any) -> automation.UpResult:
        """`pulumi up`, in silence."""
        return self.stack.up(on_output=lambda _: None, **options)


@pytest.fixture
def environment(tmp_path: Path, event_loop: None) -> Iterator[Environment]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = Environment(tmp_path, port)
    yield environment
    environment.stack.destroy(on_output=lambda _: None)


@pytest.fixture
def left(environment: Environment) -> Iterator[Callable[[], list[str]]]:
    """What Docker has of the environment: containers, volumes and networks by their names."""
    client = docker.from_env()
    mine = {"label": f"understudy.environment={environment.name}"}

    def look() -> list[str]:
        return sorted(
            [c.name for c in client.containers.list(all=True, filters=mine)]
            + [v.name for v in client.volumes.list(filters=mine)]
            + [n.name for n in client.networks.list(filters=mine)]
        )

    yield look
    client.close()


@pytest.fixture
def inspect() -> Iterator[Callable[[str], dict[str, Any]]]:
    """All that Docker tells of a container."""
    client = docker.from_env()
    yield lambda name: dict(client.containers.get(name).attrs)
    client.close()


def test_an_environment_comes_stays_and_goes(
    environment: Environment, left: Callable[[], list[str]], inspect: Callable[[str], dict[str, Any]]
) -> None:
    """Up: the database answers with the schema of migrations/. Up again: nothing changes. Destroy: nothing is left."""
    outputs = {name: output.value for name, output in environment.up().outputs.items()}
    prefix = f"understudy-{environment.name}"
    assert left() == [prefix, f"{prefix}-migrations", f"{prefix}-postgres", f"{prefix}-postgres-data"]
    assert outputs == {
        "network": prefix,
        "databaseInside": "postgresql://owner@postgres:5432/app",
        "database": f"postgresql://owner@127.0.0.1:{environment.port}/app",
        "migration": migrate.read_folder(MIGRATIONS)[-1].label,
    }

    with RemoteServer(environment.dsn) as server, server.scratch() as reference:
        migrate.up(reference, MIGRATIONS)
        assert parity.compare(environment.dsn, reference).answer is parity.Answer.SAME
    assert migrate.status(environment.dsn, MIGRATIONS).up_to_date

    for name in (f"{prefix}-postgres", f"{prefix}-migrations"):
        assert PASSWORD not in str(inspect(name))
    (published,) = inspect(f"{prefix}-postgres")["NetworkSettings"]["Ports"]["5432/tcp"]
    assert published == {"HostIp": "127.0.0.1", "HostPort": str(environment.port)}

    for refresh in (False, True):
        assert set(environment.up(refresh=refresh).summary.resource_changes or {}) == {"same"}
    environment.stack.destroy(on_output=lambda _: None)
    assert left() == []


def test_a_migration_that_fails_stops_the_stack_and_a_corrected_one_goes_on(
    environment: Environment, tmp_path: Path, inspect: Callable[[str], dict[str, Any]]
) -> None:
    """Up fails with what the server said; what was applied stays. Corrected, up applies the rest, data untouched.
    A setting of the container replaces it and keeps its data; so does a port that is not published any more.
    """
    environment.migrations = tmp_path / "migrations"
    environment.migrations.mkdir()
    (environment.migrations / "0001_a.sql").write_text("CREATE TABLE a (n int); INSERT INTO a VALUES (41);")
    (environment.migrations / "0002_b.sql").write_text("UPDATE a SET n = n + 1; SELECT * FROM nowhere;")
    with pytest.raises(CommandError, match="nowhere") as caught:
        environment.up()
    assert "the migrations failed, and nothing may use the database" in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert "migration" not in environment.stack.outputs()
    assert [s.state for s in migrate.status(environment.dsn, environment.migrations).standings] == [
        "applied",
        "pending",
    ]

    (environment.migrations / "0002_b.sql").write_text("UPDATE a SET n = n + 1;")
    assert environment.up().outputs["migration"].value == "0002_b"
    with connect(environment.dsn) as connection:
        assert connection.execute("SELECT n FROM a").fetchall() == [(42,)]

    environment.stack.set_config("postgresCpus", automation.ConfigValue("0.5"))
    environment.up()
    with connect(environment.dsn) as connection:
        assert connection.execute("SELECT n FROM a").fetchall() == [(42,)]
    environment.stack.set_config("postgresPort", automation.ConfigValue("0"))
    assert environment.up().outputs["database"].value == ""
    server = inspect(f"understudy-{environment.name}-postgres")
    assert server["HostConfig"]["CpuQuota"] == 50_000
    assert server["HostConfig"]["PortBindings"] in (None, {})
