"""A PostgreSQL in a container: it starts, answers, disappears, and says what is wrong when it cannot."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from testcontainers.core.labels import LABEL_SESSION_ID, SESSION_ID

from understudy.postgres import ContainerServer, Server, connect
from understudy.postgres.container import DEFAULT_IMAGE, image
from understudy.postgres.errors import ContainerError, DockerError, ImageError


@pytest.fixture
def client(container_server: Server) -> Iterator[Any]:
    client = docker.from_env()
    yield client
    client.close()


def containers(client: Any) -> set[str]:
    """The ids of the containers that this process has, running or not."""
    mine = {"label": f"{LABEL_SESSION_ID}={SESSION_ID}"}
    return {container.id for container in client.containers.list(all=True, filters=mine, ignore_removed=True)}


@pytest.fixture
def broken_image(client: Any, tmp_path: Path) -> Iterator[str]:
    """An image whose container says two words and ends."""
    name = "understudy-test/broken:1"
    (tmp_path / "Dockerfile").write_text(
        f'FROM {image()}\nENTRYPOINT ["sh", "-c", "echo out of luck >&2; exit 3"]\n', encoding="utf-8"
    )
    client.images.build(path=str(tmp_path), tag=name, rm=True, forcerm=True)
    yield name
    client.images.remove(name, force=True)


@pytest.mark.docker
def test_a_database_in_the_container_answers(container_server: Server) -> None:
    """Databases are made on the server in the container, used, and dropped."""
    with container_server.scratch() as dsn, connect(dsn) as connection:
        connection.execute("CREATE TABLE t (a text)")
        connection.execute("INSERT INTO t VALUES ('ì')")
        assert connection.execute("SELECT a, current_setting('server_encoding') FROM t").fetchone() == ("ì", "UTF8")
        name = connection.info.dbname
        assert name in container_server.databases()
    assert name not in container_server.databases()


@pytest.mark.docker
def test_the_password_is_in_no_label_and_no_location(container_server: Server) -> None:
    """What is printed of the server is its image and its address, never its password."""
    with connect(container_server.dsn("postgres")) as connection:
        password = connection.info.password
    assert password
    assert password not in container_server.label + container_server.location("postgres")
    assert image() in container_server.label


@pytest.mark.docker
def test_closing_leaves_nothing_behind(client: Any) -> None:
    """When the object is closed its container is gone, and so is its volume."""
    before = containers(client)
    with ContainerServer() as server:
        assert server.databases() == ["postgres"]
        (started,) = containers(client) - before
        volumes = {mount["Name"] for mount in client.containers.get(started).attrs["Mounts"]}
        assert volumes
    assert containers(client) == before
    assert not volumes & {volume.name for volume in client.volumes.list()}


def test_without_docker_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Docker does not answer, the error says that and how to get it."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(DockerError, match="Docker does not answer") as caught:
            ContainerServer()
    assert caught.value.hint == "Install Docker or start dockerd."


@pytest.mark.docker
def test_an_image_that_is_not_to_be_had_is_named(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image that is neither here nor to be pulled is an error with its name and the variable that names it."""
    monkeypatch.setenv("UNDERSTUDY_POSTGRES_IMAGE", "localhost:1/nobody/nothing:1")
    with pytest.raises(ImageError, match="localhost:1/nobody/nothing:1") as caught:
        ContainerServer()
    assert "UNDERSTUDY_POSTGRES_IMAGE" in str(caught.value.hint)


@pytest.mark.docker
def test_a_reaper_that_is_not_to_be_had_can_be_done_without(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Testcontainers' reaper is an image of its own; the error says how to do without it."""
    from testcontainers.core.config import testcontainers_config

    monkeypatch.setattr(testcontainers_config, "_ryuk_disabled", False)
    monkeypatch.setattr(testcontainers_config, "ryuk_image", "localhost:1/nobody/ryuk:1")
    with pytest.raises(ImageError, match="localhost:1/nobody/ryuk:1") as caught:
        ContainerServer()
    assert "TESTCONTAINERS_RYUK_DISABLED=true" in str(caught.value.hint)


@pytest.mark.docker
def test_a_container_that_ends_is_an_error_with_its_last_words(
    client: Any, broken_image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container that exits instead of serving is not waited for; what it said is the detail, and it is removed."""
    before = containers(client)
    monkeypatch.setenv("UNDERSTUDY_POSTGRES_IMAGE", broken_image)
    with pytest.raises(ContainerError, match="ended") as caught:
        ContainerServer()
    assert "out of luck" in str(caught.value.detail)
    assert containers(client) == before


def test_the_image_is_the_official_one_unless_the_site_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without UNDERSTUDY_POSTGRES_IMAGE, or with an empty one, the image is postgres:17."""
    monkeypatch.delenv("UNDERSTUDY_POSTGRES_IMAGE", raising=False)
    assert image() == DEFAULT_IMAGE == "postgres:17"
    monkeypatch.setenv("UNDERSTUDY_POSTGRES_IMAGE", "")
    assert image() == DEFAULT_IMAGE


def test_any_database_is_one_of_each(any_database: str, any_server: Server) -> None:
    """`any_database` hands a test an empty database on the embedded server, and then one in a container."""
    with connect(any_database) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    assert isinstance(any_server, ContainerServer) == any_server.label.startswith("the container")


def test_any_migrated_database_has_the_schema_on_each(any_migrated_database: str) -> None:
    """The repository's migrations apply to the embedded server's version of PostgreSQL and to the container's."""
    with connect(any_migrated_database) as connection:
        assert connection.execute("SELECT count(*) FROM feature_flags").fetchone() == (0,)


def test_the_program_runs_without_testcontainers() -> None:
    """Nothing of Docker is imported until a container is asked for: a production install has none of it."""
    code = "import sys, understudy.postgres; sys.exit(any(m in sys.modules for m in ('docker', 'testcontainers')))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=300).returncode == 0
