"""`[migrations.backup]` of understudy.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from understudy.environments import FILE_NAME, Configuration, ConfigurationError

_AGE = re.compile(r"(\d+)\s*(min|h|d)")
_UNITS = {"min": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class BackupSettings:
    """Where backups are and how they are made.

    Args:
        folder: one folder for each database in it.
        max_age: how old a backup may be for a migration of production to start.
        keep: how many of a database are kept.
        jobs: how many tables are dumped and restored at once.
    """

    folder: Path
    max_age: timedelta = timedelta(hours=24)
    keep: int = 7
    jobs: int = 4


def backup_settings(configuration: Configuration) -> BackupSettings:
    """Read the table.

    Raises:
        ConfigurationError: a key is not known, or its value is of the wrong kind.
    """
    given: dict[str, Any] = {"folder": configuration.folder / "backups"}
    for key, value in configuration.tables.get("migrations", {}).get("backup", {}).items():
        age = _AGE.fullmatch(value) if isinstance(value, str) else None
        if key == "folder" and isinstance(value, str):
            given[key] = configuration.folder / value
        elif key == "max_age" and age:
            given[key] = timedelta(**{_UNITS[age[2]]: int(age[1])})
        elif key in ("keep", "jobs") and type(value) is int and value > 0:
            given[key] = value
        else:
            raise ConfigurationError(
                detail=f"{FILE_NAME}: migrations.backup.{key} is not known, or not of the right kind.",
                hint='It may have folder = "backups", max_age = "24h", keep = 7 and jobs = 4.',
            )
    return BackupSettings(**given)
