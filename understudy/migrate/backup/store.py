"""Backups on disk: a folder for each database, in it a folder for each backup, in it `dump/` and `backup.json`.

A backup is made under a name that begins with a dot and renamed when it is whole and tried, so that a run that was
killed leaves nothing that looks like one.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from understudy.migrate.backup.errors import DamagedBackupError, NoBackupError

_FORMAT = "%Y-%m-%dT%H-%M-%SZ"


@dataclass(frozen=True)
class Backup:
    """One backup that was restored once and counted.

    Args:
        database: the environment's name, or the database's.
        location: its address without secrets.
        taken_at: the instant whose data it holds.
        server_major, dump_major: the versions of the server and of pg_dump.
        seconds, trial_seconds: how long the dump and the trial restore took.
        trial_server: where it was restored for trial.
        rows: rows by table, counted in the dump's own snapshot and found again after the trial restore.
        files: SHA-256 of each file of the dump.
        size: bytes on disk.
    """

    database: str
    location: str
    taken_at: datetime
    server_major: int
    dump_major: int
    seconds: float
    trial_seconds: float
    trial_server: str
    rows: Mapping[str, int]
    files: Mapping[str, str]
    size: int
    path: Path

    @property
    def name(self) -> str:
        """How a person names it: `prod/2026-11-21T03-15-00Z`."""
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def dump(self) -> Path:
        """pg_dump's folder."""
        return self.path / "dump"

    def verify(self) -> None:
        """Read every file again.

        Raises:
            DamagedBackupError: one is missing, changed or new.
        """
        now = checksums(self.dump)
        wrong = sorted({name for name in {*now, *self.files} if now.get(name) != self.files.get(name)})
        if wrong:
            raise DamagedBackupError(
                f"the backup {self.name} is damaged",
                detail=f"{len(wrong)} of its files are not those that were written, the first is {wrong[0]}.",
                hint="Take another backup; `understudy backup list --check` reads them all again.",
            )


class Store:
    """The folder of all backups."""

    def __init__(self, folder: Path) -> None:
        """Nothing is made or read yet."""
        self.folder = folder

    def of(self, database: str) -> list[Backup]:
        """The backups of a database, newest first."""
        return sorted(self._read(self.folder / _plain(database)), key=lambda one: one.taken_at, reverse=True)

    def all(self) -> list[Backup]:
        """Every backup, newest first."""
        folders = [path for path in self.folder.iterdir() if path.is_dir()] if self.folder.is_dir() else []
        found = [backup for folder in folders for backup in self._read(folder)]
        return sorted(found, key=lambda one: one.taken_at, reverse=True)

    def get(self, name: str) -> Backup:
        """A backup by its name, or the newest of a database by the database's.

        Raises:
            NoBackupError: there is none.
        """
        found = next((one for one in self.all() if one.name == name), None) or next(iter(self.of(name)), None)
        if found is None:
            raise NoBackupError(
                f"there is no backup {name}",
                detail=f"Looked in {self.folder}.",
                hint="See `understudy backup list`.",
            )
        return found

    def new(self, database: str, moment: datetime) -> Path:
        """An empty folder for a backup under way."""
        path = self.folder / _plain(database) / f".{moment.strftime(_FORMAT)}.part"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True, mode=0o700)
        return path

    def finish(self, backup: Backup) -> Backup:
        """Give a whole backup its name, and return it at its place."""
        content = asdict(backup) | {"taken_at": backup.taken_at.isoformat()}
        del content["path"]
        (backup.path / "backup.json").write_text(json.dumps(content, indent=2), encoding="utf-8")
        place = backup.path.parent / backup.taken_at.strftime(_FORMAT)
        backup.path.rename(place)
        return _load(place)

    def prune(self, database: str, keep: int) -> list[str]:
        """Remove all but the newest, and what killed runs left behind; the names of the backups removed."""
        removed = self.of(database)[max(keep, 1) :]
        for backup in removed:
            shutil.rmtree(backup.path)
        for part in (self.folder / _plain(database)).glob(".*.part"):
            shutil.rmtree(part, ignore_errors=True)
        return [backup.name for backup in removed]

    def _read(self, folder: Path) -> list[Backup]:
        return [_load(path.parent) for path in folder.glob("[0-9]*/backup.json")]


def checksums(folder: Path) -> dict[str, str]:
    """SHA-256 of every file in a folder, by its name."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                found[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def now() -> datetime:
    """This moment, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def _load(path: Path) -> Backup:
    try:
        content = json.loads((path / "backup.json").read_text(encoding="utf-8"))
        content["taken_at"] = datetime.fromisoformat(content["taken_at"])
        return Backup(**content, path=path)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DamagedBackupError(
            "a backup's description cannot be read",
            detail=f"{path / 'backup.json'}: {type(error).__name__}.",
            hint=f"If the backup is of no use, remove {path}.",
        ) from None


def _plain(database: str) -> str:
    """A name for a folder: what is not harmless in one is written as its number."""
    return re.sub(r"[^A-Za-z0-9_-]", lambda found: f"%{ord(found[0]):02x}", database)
