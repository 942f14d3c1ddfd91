"""Bringing a schema to its fixed point, so that equal expressions have equal texts.

PostgreSQL prints an expression from its parse tree, and reading that text back may give a tree that prints otherwise: a
check `status IN ('a', 'b')` on a varchar column changes its text the first time it is dumped and restored, and never
again. So where two texts differ, each side is dumped and restored until its dump no longer changes, and the texts are
compared there. Nothing is stripped or rewritten by us: both normal forms are PostgreSQL's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from understudy.catalog import Snapshot, read
from understudy.parity.errors import LoadError
from understudy.parity.witness import Dump, dump
from understudy.parity.workshop import Workshop
from understudy.postgres import connect
from understudy.postgres.errors import PostgresError

ROUNDS = 5
"""How often a dump may change before we give up: one is usual, two have been seen."""


@dataclass(frozen=True)
class NormalForm:
    """A schema at its fixed point: the snapshot of a restored copy, that copy's dump, and whether all was restored."""

    snapshot: Snapshot
    dump: Dump
    complete: bool


def normal_form(dsn: str, workshop: Workshop, ignored_schemas: tuple[str, ...]) -> NormalForm | str:
    """The fixed point of a database's schema, or a sentence that says why there is none.

    Owners, grants and subscriptions are left out of it: they have no expressions.
    """
    try:
        testify = partial(dump, major=workshop.major, owners=False, grants=False, subscriptions=False)
        before = testify(dsn, ignored_schemas=ignored_schemas)
        complete = True
        for _ in range(ROUNDS):
            copy = workshop.database(before.script, lenient=True)
            complete = complete and copy not in workshop.incomplete
            after = testify(copy)
            if after.entries == before.entries:
                with connect(copy) as connection:
                    return NormalForm(read(connection), after, complete)
            before = after
    except (PostgresError, LoadError) as error:
        return f"{error.message}: {error.detail or 'no reason was given.'}"
    return f"Its dump still changes after being restored {ROUNDS} times."
