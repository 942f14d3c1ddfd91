"""A folder of migrations: `0001_name.sql` with `0001_name.rollback.sql` beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from understudy.migrate.errors import MigrationFileError
from understudy.migrate.script import Script, read_script

NAME = re.compile(r"(?P<number>\d{1,18})_(?P<name>[A-Za-z0-9_-]+?)(?P<rollback>\.rollback)?\.sql")


@dataclass(frozen=True)
class Migration:
    """A migration: its number, its name, what it does and what undoes it (None when there is no rollback)."""

    version: int
    name: str
    up: Script
    down: Script | None

    @property
    def label(self) -> str:
        """How it is called in messages: its file's name without the ending."""
        return self.up.path.stem

    def rollback(self) -> Script:
        """What undoes it.

        Raises:
            MigrationFileError: it has no rollback.
        """
        if self.down is None:
            raise MigrationFileError(
                f"{self.label} has no rollback",
                detail=f"There is no {self.up.path.stem}.rollback.sql in {self.up.path.parent}.",
                hint="Write it; if nothing can be undone, an empty file says so.",
            )
        return self.down


def read_folder(folder: Path, *, standard_strings: bool = True) -> tuple[Migration, ...]:
    """The migrations of a folder, in the order of their numbers. Folders below it may hold files to include.

    Args:
        folder: where they are.
        standard_strings: the server's standard_conforming_strings.

    Raises:
        MigrationFileError: a file cannot be used, a name is not understood, or two have the same number.
    """
    ups: dict[int, Path] = {}
    downs: dict[int, Path] = {}
    for path in _files(folder):
        found = NAME.fullmatch(path.name)
        if not found:
            raise MigrationFileError(
                f"{path.name} is not the name of a migration",
                detail=f"Every .sql file in {folder} is a migration or its rollback.",
                hint="Call it 0001_name.sql, or put a file that others include into a folder below.",
            )
        side = downs if found["rollback"] else ups
        version = int(found["number"])
        if version in side:
            raise MigrationFileError(
                f"the number {version} is taken twice",
                detail=f"{side[version].name} and {path.name} have the same number.",
                hint="Give the one that is applied nowhere yet the next free number.",
            )
        side[version] = path
    for version, path in downs.items():
        if version not in ups or ups[version].stem != path.name.removesuffix(".rollback.sql"):
            raise MigrationFileError(
                f"{path.name} undoes nothing",
                detail=f"There is no {path.name.replace('.rollback', '')} beside it.",
                hint="A rollback has the name of its migration with .rollback before the ending.",
            )
    return tuple(
        Migration(
            version,
            str(NAME.fullmatch(path.name)["name"]),  # type: ignore[index]  # it matched above
            read_script(path, standard_strings=standard_strings),
            read_script(downs[version], standard_strings=standard_strings) if version in downs else None,
        )
        for version, path in sorted(ups.items())
    )


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise MigrationFileError(
            "there is no folder of migrations",
            detail=f"{folder} is not a folder.",
            hint='Make it, or name another in understudy.toml: migrations = "folder"',
        )
    return sorted(path for path in folder.iterdir() if path.suffix == ".sql" and path.is_file())
