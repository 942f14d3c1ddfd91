"""A PostgreSQL in a container, by testcontainers. For tests, and for whoever has Docker."""

from __future__ import annotations

import os
import secrets
from typing import Any

from psycopg.conninfo import make_conninfo

from understudy.postgres.dsn import redacted
from understudy.postgres.errors import ContainerError
from understudy.postgres.server import Server

DEFAULT_IMAGE = "postgres:17"
_FRAGILE = "postgres -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"


def image() -> str:
    """The image to run: UNDERSTUDY_POSTGRES_IMAGE, or `postgres:17`."""
    return os.environ.get("UNDERSTUDY_POSTGRES_IMAGE") or DEFAULT_IMAGE


class ContainerServer(Server):
    """A container that is started by this object and removed by `close`."""

    def __init__(self) -> None:
        """Start the container and wait until the server in it answers.

        Raises:
            ContainerError: testcontainers is not installed, Docker does not answer, or the image is not to be had.
        """
        self.image = image()
        password = secrets.token_urlsafe(18)
        self._container = _start(self.image, password)
        self._password = password
        self._host = str(self._container.get_container_host_ip())
        self._port = str(self._container.get_exposed_port(5432))

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


def _start(image: str, password: str) -> Any:  # testcontainers has no types
    try:
        from docker.errors import DockerException
        from testcontainers.postgres import PostgresContainer
    except ImportError:
        raise ContainerError(
            "testcontainers is not installed",
            detail="The package testcontainers is missing from this environment.",
            hint="Run `make install-dev`.",
        ) from None
    try:
        container = PostgresContainer(image, username="postgres", password=password, dbname="postgres", driver=None)
        return container.with_command(_FRAGILE).start()
    except (DockerException, TimeoutError, OSError) as error:
        said = " ".join(str(error).split()).replace(password, "***")
        raise ContainerError(
            f"the container of {image} does not start",
            detail=f"Docker said: {said}.",
            hint="Start Docker, and name an image that it has or can pull in UNDERSTUDY_POSTGRES_IMAGE.",
        ) from None
