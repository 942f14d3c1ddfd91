"""`understudy.toml`: the environments of a repository, by name, and where its migrations and policy are.

version = 1
migrations = "migrations"             # folders and files are relative to this file; or a table [migrations]
policy = "anonymizer/policy.toml"

[environments.prod]
dsn = "env:UNDERSTUDY_PROD_DSN"       # so that no secret stands in a file
production = true
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from understudy.errors import UsageError

FILE_NAME = "understudy.toml"

SECTIONS = ("migrations",)
"""Tables that a room of the house reads for itself. A table of any other name is a slip of the pen, and is refused."""


class ConfigurationError(UsageError):
    """understudy.toml cannot be used"""


@dataclass(frozen=True)
class Environment:
    """A place where the product runs: its name, its database's address as written, and whether it is production."""

    name: str
    dsn: str
    production: bool = False

    def resolve(self, environ: Mapping[str, str] = os.environ) -> str:
        """The address itself, read from the variable that `env:NAME` names.

        Raises:
            ConfigurationError: the variable is not set.
        """
        if not self.dsn.startswith("env:"):
            return self.dsn
        variable = self.dsn.removeprefix("env:")
        if not environ.get(variable):
            raise ConfigurationError(
                f"the environment {self.name} has no address",
                detail=f'{FILE_NAME} says dsn = "{self.dsn}", and the variable {variable} is not set.',
                hint=f"Set {variable} to the address of {self.name}'s database.",
            )
        return environ[variable]


@dataclass(frozen=True)
class Configuration:
    """The whole file. `tables` holds the sections that other rooms read for themselves."""

    folder: Path
    environments: Mapping[str, Environment] = field(default_factory=dict)
    migrations: Path = Path("migrations")
    policy: Path = Path("anonymizer/policy.toml")
    tables: Mapping[str, Any] = field(default_factory=dict)


def find(start: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file that applies: UNDERSTUDY_CONFIG, or the nearest one at or above the folder we stand in."""
    if given := environ.get("UNDERSTUDY_CONFIG"):
        return Path(given)
    here = (start or Path.cwd()).resolve()
    return next((folder / FILE_NAME for folder in (here, *here.parents) if (folder / FILE_NAME).is_file()), None)


def load(path: Path | None = None) -> Configuration:
    """Read the configuration; without a file, the one with no environments and the usual folders.

    Raises:
        ConfigurationError: the file cannot be read, is not TOML, or says something that nothing reads.
    """
    path = path or find()
    if path is None:
        return Configuration(folder=Path.cwd())
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(detail=f"{path}: {error}.") from None
    if document.pop("version", None) != 1:
        raise ConfigurationError(detail=f"{path} does not say version = 1.", hint="Begin the file with: version = 1")
    folder = path.resolve().parent
    environments = document.pop("environments", {})
    if not isinstance(environments, dict):
        raise ConfigurationError(detail=f"{path}: environments is not a table.")
    configuration = Configuration(
        folder=folder,
        environments={name: _environment(path, name, table) for name, table in environments.items()},
        migrations=folder / _migrations(path, document),
        policy=folder / _text(path, "policy", document.pop("policy", "anonymizer/policy.toml")),
        tables=document,
    )
    if unknown := sorted(set(document) - set(SECTIONS)):
        raise ConfigurationError(
            f"{FILE_NAME} has the unknown key {unknown[0]!r}",
            detail=f"{path}: nothing reads it.",
            hint=f"There are: version, policy, environments, {', '.join(SECTIONS)}.",
        )
    return configuration


def _environment(path: Path, name: str, table: object) -> Environment:
    if not isinstance(table, dict):
        raise ConfigurationError(detail=f"{path}: environments.{name} is not a table.")
    unknown = set(table) - {"dsn", "production"}
    if unknown or "dsn" not in table:
        what = f"has the unknown key {sorted(unknown)[0]!r}" if unknown else "has no dsn"
        raise ConfigurationError(
            detail=f"{path}: environments.{name} {what}.",
            hint='An environment has dsn = "postgresql://..." or dsn = "env:NAME", and may say production = true.',
        )
    production = table.get("production", False)
    if not isinstance(production, bool):
        raise ConfigurationError(detail=f"{path}: environments.{name}.production is neither true nor false.")
    return Environment(name, _text(path, f"environments.{name}.dsn", table["dsn"]), production)


def _migrations(path: Path, document: dict[str, Any]) -> str:
    """The folder: `migrations = "folder"`, or `folder` of a table, whose other keys the migrations read themselves."""
    given = document.get("migrations", "migrations")
    if isinstance(given, dict):
        return _text(path, "migrations.folder", given.pop("folder", "migrations"))
    document.pop("migrations", None)
    return _text(path, "migrations", given)


def _text(path: Path, key: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigurationError(detail=f"{path}: {key} is not a text.")
    return value
