"""No migration of production without a way back."""

from __future__ import annotations

from datetime import timedelta

from understudy.migrate.backup.errors import NoBackupError
from understudy.migrate.backup.settings import BackupSettings
from understudy.migrate.backup.store import Backup, Store, now


def require_fresh(database: str, location: str, settings: BackupSettings) -> Backup:
    """The newest backup of a database, if it is fresh enough and of that very database.

    Args:
        database: the name that its backups are kept under.
        location: its address without secrets: an environment may have moved since.
        settings: where they are, and how old one may be.

    Raises:
        NoBackupError: there is none.
    """
    found = next((one for one in Store(settings.folder).of(database) if one.location == location), None)
    if found and now() - found.taken_at <= settings.max_age:
        return found
    age = f"The newest is {_said(now() - found.taken_at)} old." if found else f"There is none in {settings.folder}."
    raise NoBackupError(
        f"{database} is production and has no backup of the last {_said(settings.max_age)}",
        detail=age,
        hint=f"Run `understudy backup create {database}`, or say --no-backup.",
    )


def _said(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours:.0f} h" if hours >= 2 else f"{hours * 60:.0f} min"
