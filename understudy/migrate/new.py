"""Begin a migration: the next number, a file and its rollback."""

from __future__ import annotations

import re
from pathlib import Path

from understudy.migrate.errors import MigrationFileError
from understudy.migrate.files import NAME, read_folder


def new(folder: Path, title: str, *, transaction: bool = True, phase: str | None = None) -> tuple[Path, Path]:
    """Write an empty migration with the next free number, and its rollback.

    Args:
        folder: the migrations; it is made when it is missing.
        title: what it is about; becomes the name.
        transaction: False for statements that cannot run in one.
        phase: `expand` or `contract`.

    Raises:
        MigrationFileError: nothing of the title can be in a name, or the folder cannot be read.
    """
    name = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    if not name:
        raise MigrationFileError("a migration needs a name", detail=f"{title!r} has neither letters nor digits.")
    folder.mkdir(parents=True, exist_ok=True)
    known = read_folder(folder)
    number = known[-1].version + 1 if known else 1
    width = len(str(NAME.fullmatch(known[-1].up.path.name)["number"])) if known else 4  # type: ignore[index]
    header = "" if transaction else "-- transaction: none\n"
    if phase:
        header += f"-- phase: {phase}\n"
    stem = f"{number:0{width}d}_{name}"
    up, down = folder / f"{stem}.sql", folder / f"{stem}.rollback.sql"
    up.write_text(f"-- {title}\n{header}\n", encoding="utf-8")
    down.write_text(f"-- Undoes {stem}.\n{'' if transaction else '-- transaction: none' + chr(10)}\n", encoding="utf-8")
    return up, down
