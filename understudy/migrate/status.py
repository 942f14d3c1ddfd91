"""Where each migration stands on a database. Reads only; needs no lock."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from understudy.migrate.files import read_folder
from understudy.migrate.journal import Journal
from understudy.migrate.plan import Standing, compare
from understudy.postgres import connect


@dataclass(frozen=True)
class Status:
    """Every migration that files or journal know, in the order of their numbers."""

    standings: tuple[Standing, ...]

    @property
    def pending(self) -> tuple[Standing, ...]:
        """Those that `up` would apply, out-of-order ones among them."""
        return self._of("pending", "out of order", "half applied")

    @property
    def trouble(self) -> tuple[Standing, ...]:
        """Those that `up` would stumble over, or that a killed run left in its midst."""
        return self._of("out of order", "changed", "missing", "half applied", "half undone")

    @property
    def version(self) -> int | None:
        """The highest number that is applied."""
        return max((standing.version for standing in self.standings if standing.entry), default=None)

    @property
    def up_to_date(self) -> bool:
        """Whether everything is applied as the files say."""
        return not self.pending and not self.trouble

    def _of(self, *states: str) -> tuple[Standing, ...]:
        return tuple(standing for standing in self.standings if standing.state in states)


def status(dsn: str, folder: Path) -> Status:
    """Compare a folder of migrations with a database's journal.

    Raises:
        MigrationFileError: the files cannot be used.
        UnreachableError: the database cannot be reached.
    """
    migrations = read_folder(folder)
    with contextlib.closing(connect(dsn)) as connection:
        journal = Journal(connection)
        return Status(compare(migrations, journal.entries(), journal.under_way()))
