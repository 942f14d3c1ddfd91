"""A PostgreSQL in a container, by testcontainers. For tests, and for whoever has Docker.

The server gives up durability for speed: it lives as long as the object that started it, and so does its data.
testcontainers' own waiting is not used: it asks for two minutes whether a container that has exited is ready, and
shows the password in the container's process list.
"""

from __future__ import annotations

import contextlib
import gc
import os
import secrets
import time
import warnings
from collections.abc import Iterator
from typing import Any

from psycopg.conninfo import make_conninfo

from understudy.postgres.dsn import connect, redacted
from understudy.postgres.errors import ContainerError, DockerError, ImageError, UnreachableError
from understudy.postgres.server import Server

DEFAULT_IMAGE = "postgres:17"
READY_WITHIN = 120.0
"""Seconds that a new server has to answer."""
_FRAGILE = "postgres -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"
_POLL = 0.1


def image() -> str:
    """The image to run: UNDERSTUDY_POSTGRES_IMAGE, or `postgres:17`."""
    return os.environ.get("UNDERSTUDY_POSTGRES_IMAGE") or DEFAULT_IMAGE


class ContainerServer(Server):
    """A container that is started by this object and removed by `close`."""

    def __init__(self) -> None:
        """Start the container and wait until the server in it answers.

        Raises:
            DockerError: Docker does not answer, or testcontainers is not installed.
            ImageError: the image is neither here nor to be pulled.
            ContainerError: the container ended, or its server did not answer within `READY_WITHIN`.
        """
        self.image = image()
        self._password = secrets.token_urlsafe(18)
        self._container = _container(self.image, self._password)
        try:
            with _docker_said(f"the container of {self.image} does not start"):
                self._container.start()
            self._host, self._port = self._address()
            self._wait()
        except BaseException:
            self.close()
            raise

    @property
    def label(self) -> str:
        """How this server is called in messages."""
        return f"the container of {self.image}"

    def dsn(self, database: str) -> str:
        """A connection string with the container's own password."""
        return make_conninfo(
            host=self._host, port=self._port, user="postgres", password=self._password, dbname=database
        )

    def location(self, database: str) -> str:
        """The address of that database without secrets."""
        return redacted(self.dsn(database))

    def close(self) -> None:
        """Stop and remove the container and its volume."""
        self._container.stop()

    def _address(self) -> tuple[str, str]:
        try:
            with _docker_said(f"the container of {self.image} ended"):
                return str(self._container.get_container_host_ip()), str(self._container.get_exposed_port(5432))
        except ContainerError as error:
            raise self._failed(error.message, error.detail) from None

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while True:
            # an entrypoint prepares a new cluster on a socket only: what answers on TCP is ready
            try:
                connect(self.dsn("postgres")).close()
            except UnreachableError as error:
                said = error.detail
            else:
                return
            self._container.reload()
            if self._container.status == "exited":
                raise self._failed(f"the container of {self.image} ended", None)
            if time.monotonic() > deadline:
                raise self._failed(f"the server in the container of {self.image} does not answer", said)
            time.sleep(_POLL)

    def _failed(self, message: str, said: str | None) -> ContainerError:
        from docker.errors import DockerException

        with contextlib.suppress(DockerException, OSError):  # the container may be gone: its words only adorn the error
            words = " ".join(self._container.get_wrapped_container().logs(tail=5).decode(errors="replace").split())
            said = f"{said or ''} Its last words were: {words.replace(self._password, '***') or 'none'}.".lstrip()
        hint = "UNDERSTUDY_POSTGRES_IMAGE must name an image that behaves as the official postgres image does."
        return ContainerError(message, detail=said, hint=hint)


def require_image() -> None:
    """Make sure that Docker answers and has, or can pull, what a `ContainerServer` runs.

    Raises:
        DockerError: Docker does not answer, or testcontainers is not installed.
        ImageError: an image is neither here nor to be pulled.
    """
    client = _client()
    from testcontainers.core.config import testcontainers_config as settings

    try:
        _require(client, settings.hub_image_name_prefix + image(), "Name one in UNDERSTUDY_POSTGRES_IMAGE.")
        if not settings.ryuk_disabled:
            _require(
                client,
                settings.hub_image_name_prefix + settings.ryuk_image,
                "It removes what a killed run leaves behind. Set TESTCONTAINERS_RYUK_DISABLED=true to do without it.",
            )
    finally:
        client.close()


def _client() -> Any:
    try:
        from docker.errors import DockerException
        from testcontainers.core.docker_client import DockerClient
    except ImportError:
        raise DockerError(
            "testcontainers is not installed",
            detail="The package testcontainers is missing from this environment.",
            hint="Run `make install-dev`.",
        ) from None
    with warnings.catch_warnings():
        # docker-py forgets to close the socket that it could not connect
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            return DockerClient().client
        except (DockerException, OSError) as error:
            said = " ".join(str(error).split())
        gc.collect()
    raise DockerError(detail=f"Docker said: {said}.", hint="Install Docker or start dockerd.")


def _require(client: Any, name: str, hint: str) -> None:
    from docker.errors import ImageNotFound

    with _docker_said(f"the image {name} is not to be had", ImageError, hint):
        try:
            client.images.get(name)
        except ImageNotFound:
            client.images.pull(name)


def _container(name: str, password: str) -> Any:  # testcontainers has no types
    require_image()
    from testcontainers.core.container import DockerContainer

    environment = {"POSTGRES_USER": "postgres", "POSTGRES_PASSWORD": password, "POSTGRES_DB": "postgres"}
    return DockerContainer(name, env=environment, ports=[5432], command=_FRAGILE)


@contextlib.contextmanager
def _docker_said(message: str, kind: type[ContainerError] = ContainerError, hint: str | None = None) -> Iterator[None]:
    """What goes wrong inside becomes an error with this message, and Docker's words as its detail."""
    from docker.errors import DockerException

    try:
        yield
    except (DockerException, TimeoutError, RuntimeError, OSError) as error:
        raise kind(message, detail=f"Docker said: {' '.join(str(error).split())}.", hint=hint) from None
