"""Whether a database is production, and whether it may be migrated."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from understudy.environments import Configuration, ConfigurationError
from understudy.migrate.backup import backup_settings, require_fresh
from understudy.postgres import Database, redacted
from understudy.postgres.dsn import parameters
from understudy.postgres.errors import LocationError

P = ParamSpec("P")
R = TypeVar("R")


def no_backup_option(function: Callable[P, R]) -> Callable[P, R]:
    """Gives a command `--no-backup`."""
    text = "Migrate production without a fresh backup."
    return click.option("--no-backup", is_flag=True, help=text)(function)


def require_way_back(target: Database, configuration: Configuration, *, no_backup: bool) -> None:
    """Refuse to migrate production without a fresh backup, unless that was said aloud.

    Raises:
        NoBackupError: there is none.
    """
    name = production_name(target, configuration)
    if name and not no_backup:
        require_fresh(name, redacted(target.dsn), backup_settings(configuration))


def production_name(target: Database, configuration: Configuration) -> str | None:
    """The production environment that this database is, by whatever name it was called; None when it is none."""
    if not target.production or target.environment:
        return target.environment if target.production else None
    place = _place(target.dsn)
    for environment in configuration.environments.values():
        with contextlib.suppress(ConfigurationError, LocationError):
            if environment.production and _place(environment.resolve()) == place:
                return environment.name
    return target.name


def _place(dsn: str) -> tuple[str | None, ...]:
    given = parameters(dsn)
    return given.get("host"), given.get("port", "5432"), given.get("dbname")
