"""Put the journal right by a person's word: baseline, repair. Neither touches the product's schema."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from understudy.migrate.errors import JournalMismatchError, MigrationRefused
from understudy.migrate.files import read_folder
from understudy.migrate.journal import Journal
from understudy.migrate.options import Options
from understudy.migrate.plan import compare
from understudy.migrate.session import require_turn, runner_session
from understudy.migrate.status import Status


@dataclass(frozen=True)
class Repaired:
    """What was put right: numbers whose checksum was taken anew, numbers forgotten, and the statement's place or None.

    `statement` is (number, place) of the statement that somebody said is done, or is to be done again.
    """

    rechecked: tuple[int, ...]
    forgotten: tuple[int, ...]
    statement: tuple[int, int] | None

    @property
    def nothing(self) -> bool:
        """Whether there was nothing to put right."""
        return not (self.rechecked or self.forgotten or self.statement)


def repair(
    dsn: str,
    folder: Path,
    *,
    forget_missing: bool = False,
    statement: Literal["done", "again"] | None = None,
    options: Options | None = None,
) -> Repaired:
    """Take the files of applied migrations as they are now for what was applied.

    Args:
        dsn: the database's connection string.
        folder: the migrations.
        forget_missing: whether to remove entries whose files are gone.
        statement: what to make of a statement of which nobody knows whether it took effect.
        options: how long to wait for other runners.

    Raises:
        MigrationRefused: nothing was touched.
    """
    migrations = read_folder(folder)
    with runner_session(dsn, options or Options()) as connection:
        journal = Journal(connection)
        found = Status(compare(migrations, journal.entries(), journal.under_way()))
        unknown = next((entry for entry in journal.under_way() if not entry.done), None)
        if statement and unknown is None:
            raise MigrationRefused(
                "no statement is in doubt", detail="Every statement that was begun is known to be done."
            )
        changed = [s for s in found.standings if s.state == "changed"]
        missing = [s for s in found.standings if s.state == "missing"] if forget_missing else []
        with connection.transaction():
            require_turn(connection)
            for standing in changed:
                assert standing.migration is not None  # noqa: S101 - changed means that there is a file
                journal.rechecked(standing.migration)
            for standing in missing:
                journal.removed(standing.version)
            if statement and unknown:
                journal.decide(unknown, done=statement == "done")
        return Repaired(
            tuple(s.version for s in changed),
            tuple(s.version for s in missing),
            (unknown.version, unknown.place) if statement and unknown else None,
        )


def baseline(
    dsn: str,
    folder: Path,
    *,
    to: int,
    options: Options | None = None,
    check: Callable[[], None] = lambda: None,
) -> tuple[int, ...]:
    """Write down, for a database that has the schema already, that the migrations up to a number are applied.

    Args:
        dsn: the database's connection string.
        folder: the migrations.
        to: the highest number whose schema it has.
        options: how long to wait for other runners.
        check: is called under the runner's lock before anything is written, to raise if the schema is another one.

    Raises:
        JournalMismatchError: the journal has entries already.
        MigrationRefused: nothing was touched.
    """
    migrations = read_folder(folder)
    if all(migration.version != to for migration in migrations):
        raise MigrationRefused(f"there is no migration {to}", detail=f"{folder} has none of that number.")
    chosen = [migration for migration in migrations if migration.version <= to]
    with runner_session(dsn, options or Options()) as connection:
        journal = Journal(connection)
        if journal.entries() or journal.under_way():
            raise JournalMismatchError(
                "this database has a journal already",
                detail="A baseline is for a database that no migration was ever applied to by this program.",
                hint="See `understudy migrate status`.",
            )
        check()
        journal.prepare()
        with connection.transaction():
            require_turn(connection)
            for migration in chosen:
                journal.applied(migration, 0.0, baseline=True)
    return tuple(migration.version for migration in chosen)
