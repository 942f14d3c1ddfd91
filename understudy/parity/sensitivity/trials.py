"""Trying one change: on which object it could be made, by which statement, and which witness saw it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from understudy.catalog import Object, Snapshot, read
from understudy.parity.claims import Claims
from understudy.parity.comparison import compare_snapshots
from understudy.parity.contradiction import beyond, changes
from understudy.parity.sensitivity.copies import Bench
from understudy.parity.sensitivity.model import Change, Scene, sort
from understudy.parity.verdict import Difference
from understudy.parity.witness import Dump, dump
from understudy.postgres.errors import ProgramError

TRIES = 100
"""How many objects are tried before a change is given up: it may not fit each of them."""

UNCOMMITTED = ("database", "setting", "subscription")
"""Kinds that pg_dump is not asked about: it leaves two out, and a subscription begins to work once it is committed."""


@dataclass(frozen=True)
class Trial:
    """One change, and what came of it.

    Args:
        kind: the kind of object, in fine words: "column of a view", "enum".
        attribute: what was changed, as parity calls it.
        columns: the columns of the contract that were changed, where several make up the attribute.
        key: the object.
        statement: what changed it.
        seen: whether a witness saw it; None where nothing could be changed.
        by: "catalog", "dump", "both", or nothing.
        reason: why nothing could be changed.
        defects: entries of the dump that differ too, and that no difference of the catalogs accounts for.
    """

    kind: str
    attribute: str
    columns: tuple[str, ...] = ()
    key: str = ""
    statement: str = ""
    seen: bool | None = None
    by: str = ""
    reason: str = ""
    defects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """A change to be tried on objects of one sort of one kind."""

    kind: str
    sort: str
    change: Change

    def untried(self, reason: str) -> Trial:
        """The trial of a change that could not be made."""
        return Trial(self.sort, self.change.attribute, self.change.columns, reason=reason)

    def made(self, found: Object, statement: str, by: str, defects: tuple[str, ...] = ()) -> Trial:
        """The trial of one that was made, and who saw it."""
        change = self.change
        return Trial(self.sort, change.attribute, change.columns, found.key, statement, bool(by), by, defects=defects)


class UnmadeError(Exception):
    """the statement changed nothing"""


def attempt(task: Task, bench: Bench) -> Trial:
    """Make the change on the first object that it fits, in a copy, and ask the witnesses.

    Raises:
        psycopg.OperationalError: the server is gone.
    """
    needs = task.change.needs
    reason = f"nothing here fits: it needs {needs}" if needs else "nothing here fits"
    for found, statement in _statements(task, bench):
        try:
            if task.kind in UNCOMMITTED or bench.original.dump is None:
                return _uncommitted(task, found, statement, bench)
            return _committed(task, found, statement, bench, bench.original.dump)
        except (psycopg.Error, UnmadeError) as error:
            if bench.broken:
                raise
            said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
            reason = f"refused: {' '.join((said or str(error)).split())}"
    return task.untried(reason)


def _statements(task: Task, bench: Bench) -> Iterator[tuple[Object, str]]:
    """What can be tried, on the first objects that anything fits."""
    tried = 0
    for found in _before(task, bench).objects.values():
        if found.kind.name != task.kind or sort(found) != task.sort or tried >= TRIES:
            continue
        made: list[str] = []
        connection = bench.connection()
        with contextlib.suppress(psycopg.Error), connection.transaction(force_rollback=True):
            made = list(task.change.statements(found, Scene(_before(task, bench), connection)))
        tried += bool(made)
        yield from ((found, statement) for statement in made)


def _before(task: Task, bench: Bench) -> Snapshot:
    return bench.original.extended if task.kind in UNCOMMITTED else bench.original.snapshot


def _make(connection: psycopg.Connection[Any], statement: str) -> None:
    """Run a statement.

    Raises:
        UnmadeError: it did nothing.
    """
    cursor = connection.execute(statement.encode())
    while cursor.nextset():
        pass
    if cursor.rowcount == 0 and (cursor.statusmessage or "").startswith(("UPDATE", "DELETE", "INSERT")):
        raise UnmadeError("no row of the catalog fits")


def _uncommitted(task: Task, found: Object, statement: str, bench: Bench) -> Trial:
    """The trial of a change that is never committed; pg_dump cannot see it."""
    connection = bench.connection()
    with connection.transaction(force_rollback=True):
        for extra in bench.original.extras if task.kind in UNCOMMITTED else ():
            connection.execute(extra.encode())
        _make(connection, statement)
        after = read(connection)
    seen = _difference(task, found, compare_snapshots(_before(task, bench), after))
    return task.made(found, statement, "catalog" if seen else "")


def _committed(task: Task, found: Object, statement: str, bench: Bench, before: Dump) -> Trial:
    """The trial of a change after which the copy is of no more use."""
    original, connection = bench.original, bench.connection()
    with connection.transaction():
        _make(connection, statement)
    try:
        after = read(connection)
        try:
            dumped = dump(bench.dsn, bench.major)
        except ProgramError:
            dumped = before  # a dump that fails shows nothing
    finally:
        bench.discard()
    snapshots, dumps = (original.snapshot, after), (before, dumped)
    differences = compare_snapshots(*snapshots)
    difference = _difference(task, found, differences)
    in_dump = _in_dump(difference, snapshots, dumps)
    words = [word for word, sees in (("catalog", difference), ("dump", in_dump)) if sees]
    more = beyond(differences, snapshots, dumps)
    return task.made(found, statement, "both" if len(words) > 1 else "".join(words), (*more.certain, *more.text))


def _difference(task: Task, found: Object, differences: Iterable[Difference]) -> Difference | None:
    """The difference that the change should make."""
    wanted = found.key, task.change.attribute
    return next((d for d in differences if (d.key, d.attribute) == wanted), None)


def _in_dump(difference: Difference | None, snapshots: tuple[Snapshot, Snapshot], dumps: tuple[Dump, Dump]) -> bool:
    """Whether the dumps differ in what that difference speaks for; in anything, where there is none."""
    changed = changes(*dumps)
    if difference is None:
        return bool(changed)
    claims = Claims([difference], *snapshots)
    return any(set(pieces) - claims.beyond(title, pieces) for title, pieces in changed.items())
