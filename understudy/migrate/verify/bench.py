"""The bench that the checks work on: scratch databases, snapshots of schemas, and the list of what was found."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from understudy.catalog import Snapshot, read
from understudy.migrate import runner
from understudy.migrate.files import Migration
from understudy.migrate.options import Options
from understudy.migrate.verify.settings import VerifySettings
from understudy.postgres import Server, connect
from understudy.postgres.dsn import database_of

Compare = Callable[[Snapshot, Snapshot], Sequence[str]]
"""Compares two schemas, the expected one first: a sentence for each difference. Parity, handed in from above."""

MANY = 5


@dataclass(frozen=True)
class Check:
    """One thing that was tried. `problems` is empty when it held; `notes` say what could not be tried."""

    name: str
    migration: str | None
    seconds: float
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it held."""
        return not self.problems


@dataclass
class Bench:
    """Where the checks happen."""

    server: Server
    folder: Path
    compare: Compare
    settings: VerifySettings = field(default_factory=VerifySettings)
    options: Options = field(default_factory=Options)

    @contextlib.contextmanager
    def scratch(self, template: str | None = None) -> Iterator[str]:
        """A database for as long as the block lasts: empty, or a copy of another to which nobody is connected."""
        with self.server.scratch(template=database_of(template) if template else "template0", prefix="verify") as dsn:
            yield dsn

    def snapshot(self, dsn: str) -> Snapshot:
        """The schema of a database now."""
        with contextlib.closing(connect(dsn)) as connection:
            return read(connection)

    def differences(self, expected: Snapshot, dsn: str, when: str) -> list[str]:
        """How a database's schema differs from the expected one, a sentence each, the first few of them."""
        found = list(self.compare(expected, self.snapshot(dsn)))
        said = [f"{when}: {difference}" for difference in found[:MANY]]
        return said + ([f"{when}: and {len(found) - MANY} differences more"] if len(found) > MANY else [])

    def up(self, dsn: str, to: int | None = None, options: Options | None = None) -> int:
        """Apply, and say how many were applied."""
        return len(runner.up(dsn, self.folder, to=to, options=options or self.options))

    def down(self, dsn: str, to: int, options: Options | None = None) -> int:
        """Undo, and say how many were undone."""
        return len(runner.down(dsn, self.folder, to=to, options=options or self.options))


@dataclass(frozen=True)
class Step:
    """One migration in the walk: the copy source standing just below it, its schemas before and after."""

    migration: Migration
    below: int
    """The number before it, 0 for the first."""
    template: str
    before: Snapshot
    after: Snapshot
    empty: Snapshot
