"""The settings of a stack, typed. They are read from `pulumi.Config` here and nowhere else.

Every key is required, so that the stack files show all there is to know: nothing has a default in the code.

    understudy:postgresImage       an image with a version: postgres:17.6, or with a digest
    understudy:postgresPort        the port on this machine's loopback; 0 publishes none
    understudy:postgresMemoryMb    the container's memory, in MiB
    understudy:postgresCpus        the container's share of processors, 1.5 for one and a half
    understudy:postgresDatabase    the database that the migrations are applied to
    understudy:postgresUser        its owner, the server's superuser
    understudy:postgresPassword    that role's password; must be a secret
    understudy:protectData         whether Pulumi refuses to destroy the data volume
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pulumi
from pulumi.runtime import is_config_secret

from infra.errors import SettingsError
from understudy import environments, migrate

SHORTEST_PASSWORD = 12
LEAST_MEMORY_MB = 256

_T = TypeVar("_T")
_ENVIRONMENT = re.compile(r"[a-z][a-z0-9-]{0,39}")
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_IMAGE = re.compile(
    r"[a-z0-9][a-z0-9._/:-]*?(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]*))?(@sha256:(?P<digest>[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class PostgresSettings:
    """The database server. `port` is on the loopback interface, None publishes none; `memory_mb` is in MiB."""

    image: str
    port: int | None
    memory_mb: int
    cpus: float
    database: str
    user: str
    password: pulumi.Output[str]


@dataclass(frozen=True)
class Settings:
    """All that makes one environment different from another.

    `migrations` is the folder that `understudy.toml` names; `protect_data` keeps the data volume from being destroyed.
    """

    environment: str
    postgres: PostgresSettings
    migrations: Path
    protect_data: bool


def load(config: pulumi.Config, stack: str) -> Settings:
    """The settings of a stack.

    Args:
        config: the project's own configuration.
        stack: the stack's name, which is the environment's.

    Raises:
        SettingsError: what is missing or wrong, all of it, each by its name. A secret's value is never shown.
        ConfigurationError: understudy.toml cannot be used.
    """
    reader = _Reader(config)
    if not _ENVIRONMENT.fullmatch(stack):
        reader.problem(f"The stack's name {stack!r} is not of lower-case letters, digits and hyphens.")
    image = reader.value("postgresImage", "an image with a version of its own, such as postgres:17.6", _image)
    port = reader.value("postgresPort", "a port from 1024 to 65535, or 0 for none", _port)
    memory_mb = reader.value("postgresMemoryMb", f"a number of MiB from {LEAST_MEMORY_MB} on", _memory)
    cpus = reader.value("postgresCpus", "a number of processors above 0", _cpus)
    database = reader.value("postgresDatabase", "a name of lower-case letters, digits and _", _identifier)
    user = reader.value("postgresUser", "a name of lower-case letters, digits and _", _identifier)
    password = reader.secret("postgresPassword")
    protect_data = reader.value("protectData", "true or false", _flag)
    migrations = _migrations(reader)
    reader.require_no_problem(stack)
    secret = pulumi.Output.secret(password)
    return Settings(
        environment=stack,
        postgres=PostgresSettings(image, port, memory_mb, cpus, database, user, secret),
        migrations=migrations,
        protect_data=protect_data,
    )


def _migrations(reader: _Reader) -> Path:
    found = migrate.settings(environments.load(environments.find(Path(__file__).parent)))
    if found.up:
        reader.problem("understudy.toml hands migrations to another tool (migrations.up), which a stack cannot run.")
    return found.folder


class _Reader:
    """Reads keys, and remembers what is wrong with them until the end: one message names them all."""

    def __init__(self, config: pulumi.Config) -> None:
        self._config = config
        self._problems: list[str] = []

    def problem(self, sentence: str) -> None:
        self._problems.append(sentence)

    def value(self, key: str, meaning: str, parse: Callable[[str], _T]) -> _T:
        text = self._config.get(key)
        name = self._config.full_key(key)
        if text is None:
            self.problem(f"{name} is missing: {meaning}.")
        else:
            try:
                return parse(text)
            except ValueError:
                self.problem(f"{name} is {text!r}, which is not {meaning}.")
        return None  # type: ignore[return-value]  # never seen: a problem is raised before anybody looks

    def secret(self, key: str) -> str:
        name, text = self._config.full_key(key), self._config.get(key)
        how = f"Set it with: pulumi config set --secret {name}"
        if text is None:
            self.problem(f"{name} is missing. {how}.")
        elif not is_config_secret(name):
            self.problem(f"{name} is not a secret. {how}.")
        elif len(text) < SHORTEST_PASSWORD or not text.isprintable():
            self.problem(f"{name} is shorter than {SHORTEST_PASSWORD} characters, or has one that cannot be printed.")
        return text or ""

    def require_no_problem(self, stack: str) -> None:
        if self._problems:
            raise SettingsError(
                f"the settings of the stack {stack} cannot be used",
                detail=" ".join(self._problems),
                hint=f"Correct them in Pulumi.{stack}.yaml, or with `pulumi config set`.",
            )


def _image(text: str) -> str:
    found = _IMAGE.fullmatch(text)
    if not found or not (found["digest"] or found["tag"]) or found["tag"] == "latest":
        raise ValueError
    return text


def _port(text: str) -> int | None:
    port = int(text)
    if port != 0 and not 1024 <= port <= 65535:
        raise ValueError
    return port or None


def _memory(text: str) -> int:
    if int(text) < LEAST_MEMORY_MB:
        raise ValueError
    return int(text)


def _cpus(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError
    return number


def _identifier(text: str) -> str:
    if not _IDENTIFIER.fullmatch(text):
        raise ValueError
    return text


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"
