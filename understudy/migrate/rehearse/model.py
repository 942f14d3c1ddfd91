"""What a rehearsal saw. Times are seconds since the epoch by the server's clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from understudy.migrate.rehearse.settings import Budget


@dataclass(frozen=True)
class Wait:
    """Somebody waited for a lock: the migration itself (`own`), or another because of it."""

    pid: int
    begin: float
    end: float
    own: bool

    def overlap_ms(self, begin: float, end: float) -> float:
        """How much of it lies between two moments."""
        return max(0.0, min(self.end, end) - max(self.begin, begin)) * 1000

    @property
    def ms(self) -> float:
        """All of it."""
        return (self.end - self.begin) * 1000


@dataclass
class Act:
    """One statement in one run.

    Args:
        place: its place in the file, from 0.
        text: the statement.
        begin, end: when it ran.
        locks: the strongest mode that was held while it ran, by table; only tables that were there before.
        taken: those of them that it took itself; the others are held since an earlier statement.
        retries: how often it did not get its lock in time.
        sampled: False when it was over before anybody looked: then nothing is known of its locks.
    """

    place: int
    text: str
    begin: float
    end: float = 0.0
    locks: Mapping[str, str] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()
    retries: int = 0
    sampled: bool = True


@dataclass
class Run:
    """One file carried out once, under load."""

    label: str
    begin: float
    end: float = 0.0
    acts: list[Act] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.begin

    @property
    def longest_block_ms(self) -> float:
        """The longest that one other session waited because of it."""
        return max((wait.ms for wait in self.waits if not wait.own), default=0.0)

    def blocked_ms(self, act: Act) -> float:
        """How long the others waited while a statement ran, all of them together."""
        return sum(wait.overlap_ms(act.begin, act.end) for wait in self.waits if not wait.own)

    def waited_ms(self, act: Act) -> float:
        """How long a statement waited for its own locks."""
        return sum(wait.overlap_ms(act.begin, act.end) for wait in self.waits if wait.own)

    def blocked_sessions(self, act: Act) -> int:
        """How many others waited while a statement ran."""
        return len({w.pid for w in self.waits if not w.own and w.overlap_ms(act.begin, act.end) > 0})


@dataclass(frozen=True)
class Cost:
    """What a statement wrote, measured in quiet: rows, rows of tables written anew, bytes of WAL and of disk."""

    seconds: float
    rows: int
    rewritten: Mapping[str, int]
    wal: int
    disk: int


@dataclass(frozen=True)
class Rehearsed:
    """One migration.

    Args:
        label: its name.
        up, down: under load; `down` is None when it has no rollback.
        costs: by statement.
        idle: before it no table had rows, so that the load could be nothing but empty transactions.
    """

    label: str
    up: Run
    down: Run | None
    costs: Sequence[Cost]
    idle: bool = False

    def over(self, budget: Budget) -> list[str]:
        """Where it exceeds the budget, a sentence each."""
        said = []
        for run in (self.up, self.down):
            if run and run.longest_block_ms > budget.max_block_ms:
                said.append(
                    f"{run.label} made another session wait {run.longest_block_ms:.0f} ms;"
                    f" the budget is {budget.max_block_ms:.0f} ms"
                )
        if self.down is None:
            said.append(f"{self.label} has no rollback")
        elif self.down.seconds > budget.max_rollback_s:
            said.append(
                f"{self.down.label} took {self.down.seconds:.1f} s; the budget is {budget.max_rollback_s:.0f} s"
            )
        return said


@dataclass(frozen=True)
class Pulse:
    """A transaction of the load that ended: when, and its latency in seconds."""

    at: float
    latency: float


@dataclass(frozen=True)
class Rehearsal:
    """All of it. `failures` are what the load's own queries ran into."""

    source: str
    size: int
    server: str
    load: str
    migrations: Sequence[Rehearsed]
    pulses: Sequence[Pulse]
    failures: Sequence[str]
    budget: Budget

    @property
    def problems(self) -> list[str]:
        """Where the budget was exceeded, and what the load ran into."""
        return [text for one in self.migrations for text in one.over(self.budget)] + list(self.failures)
