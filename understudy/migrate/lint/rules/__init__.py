"""The rules: one file, one test case, one page (docs/lint/), the same name in all three."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from understudy.migrate.files import Migration
from understudy.migrate.lint.finding import Level
from understudy.migrate.lint.observe import Effect, Table, World
from understudy.migrate.lint.settings import LintSettings
from understudy.migrate.lint.sizes import Sizes, duration
from understudy.migrate.statements import Statement


@dataclass(frozen=True)
class Said:
    """What a rule says: the sentence, what to do instead, and how much it matters."""

    message: str
    advice: str
    level: Level = Level.WARNING


@dataclass(frozen=True)
class Context:
    """Everything a rule may look at. `statement` is None for rules that look at a file as a whole, after it ran."""

    migration: Migration
    statement: Statement | None
    effect: Effect
    sizes: Sizes
    settings: LintSettings

    def costs(self, table: Table, what: str, lock: str) -> tuple[str, Level]:
        """How long that will take on a table, and how much that matters.

        Args:
            table: which.
            what: `rewrite`, `scan` or `index`.
            lock: the lock that is held meanwhile, and what it stops.
        """
        size, seconds = self.sizes.of(table.name), self.sizes.estimate(table.name, what)
        if size is None or seconds is None:
            return f"for as long as it takes under {lock}", Level.WARNING
        level = Level.NOTE if seconds < self.settings.brief_s else Level.WARNING
        return f"{size}, {duration(seconds)} under {lock}", level


Rule = Callable[[Context], Iterator[Said]]

EXCLUSIVE = "ACCESS EXCLUSIVE (nobody reads or writes)"
SHARE = "SHARE (nobody writes)"
ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE (nobody writes)"


def lock_on(effect: Effect, table: int, otherwise: str) -> str:
    """The strongest lock that was seen on a table, in words."""
    modes = effect.locks.get(table, frozenset())
    known = {"AccessExclusiveLock": EXCLUSIVE, "ShareRowExclusiveLock": ROW_EXCLUSIVE, "ShareLock": SHARE}
    return next((words for mode, words in known.items() if mode in modes), otherwise)


def new_constraints(effect: Effect, kinds: str) -> Iterator[tuple[int, str]]:
    """The constraints of these kinds that a statement made valid on a table in use: their numbers and names."""
    for oid, constraint in effect.after.constraints.items():
        was = effect.before.constraints.get(oid)
        if constraint.kind in kinds and constraint.table in effect.old and constraint.valid and was is None:
            yield oid, constraint.name


def names(world: World, oid: int) -> str:
    """A table's name."""
    return world.tables[oid].name if oid in world.tables else "?"
