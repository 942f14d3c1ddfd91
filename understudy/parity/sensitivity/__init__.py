"""The proof on the user's own schema: change a copy, one attribute at a time, and see whether each change is seen.

How it works:

1. The schema is dumped and restored into a scratch database; the database that it came from is only read.
2. For each attribute that the contract over pg_catalog calls compared, of each kind that the schema contains, an object
   is taken and changed in a copy of that scratch database (`changes/` says how), and the change is committed.
3. Both witnesses look at the copy. The catalogs have seen the change when they name that object and that attribute;
   pg_dump has when its text differs in what that difference speaks for.
4. The copy is dropped. What could not be changed is listed, with the reason.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from psycopg.conninfo import make_conninfo

from understudy.catalog import KINDS, Snapshot, read
from understudy.catalog.model import DESCRIBED, Kind
from understudy.parity.comparison import kind_word
from understudy.parity.sensitivity.changes import CHANGES, UNCHANGED
from understudy.parity.sensitivity.copies import Bench, Original
from understudy.parity.sensitivity.model import sort
from understudy.parity.sensitivity.trials import Task, Trial, attempt
from understudy.parity.verdict import PRESENCE
from understudy.parity.witness import dump
from understudy.parity.workshop import Workshop
from understudy.postgres import connect
from understudy.postgres.dsn import parameters

__all__ = ["Trial", "prove"]

_READ_ONLY = "-c default_transaction_read_only=on"


def prove(
    dsn: str, workshop: Workshop, ignored_schemas: Sequence[str] = (), *, second_witness: bool = True
) -> list[Trial]:
    """Try every change on copies of a database's schema, made in the workshop.

    Args:
        dsn: the database; it is read, in transactions that may not write.
        workshop: where the copies are made.
        ignored_schemas: schemas left out, as SQL would write them.
        second_witness: whether pg_dump is heard too. Without it no change is ever committed, and one copy is enough.

    Raises:
        ProgramError: the schema cannot be dumped.
        LoadError: the copy cannot be made.
    """
    given = parameters(dsn)
    only = make_conninfo(**given | {"options": f"{given.get('options', '')} {_READ_ONLY}".strip()})
    script = dump(only, workshop.major, ignored_schemas=ignored_schemas, owners=False, subscriptions=False).script
    with connect(only) as connection:
        source = read(connection)
    original = Original(workshop, script, source, dumped=second_witness)
    tasks = list(_tasks(original.extended))
    trials = _tried(tasks, original)
    return [*trials, *_unchanged(original.extended), *_left_out(source, original.extended)]


def _tried(tasks: Sequence[Task], original: Original) -> list[Trial]:
    """Try several at a time, each worker in copies of its own."""
    local, benches = threading.local(), list[Bench]()

    def work(task: Task) -> Trial:
        if not hasattr(local, "bench"):
            local.bench = Bench(original)
            benches.append(local.bench)
        return attempt(task, local.bench)

    pool = ThreadPoolExecutor(min(4, os.cpu_count() or 1))
    try:
        return list(pool.map(work, tasks))
    finally:
        # also when it was interrupted: what has not begun never will, and no copy stays
        pool.shutdown(cancel_futures=True)
        with contextlib.ExitStack() as stack:
            for bench in benches:
                stack.callback(bench.discard)


def _tasks(snapshot: Snapshot) -> Iterator[Task]:
    """Every change that something in the schema could undergo, once for each sort of object."""
    there = dict.fromkeys((found.kind.name, sort(found)) for found in snapshot.objects.values())
    for kind in KINDS:
        known = _attributes(kind, snapshot.major)
        for name, of_sort in there:
            if name != kind.name:
                continue
            for change in CHANGES[name]:
                if change.attribute in known and (not change.sorts or of_sort in change.sorts):
                    yield Task(name, of_sort, change)


def _attributes(kind: Kind, major: int) -> set[str]:
    described = {attribute.name for attribute in DESCRIBED} if kind.described else set()
    return {PRESENCE, *(a.name for a in kind.own_attributes(major))} | described


def _unchanged(snapshot: Snapshot) -> Iterator[Trial]:
    """What nobody can change, and what only another sort of object has, of the kinds that are here."""
    there: dict[str, set[str]] = {}
    for found in snapshot.objects.values():
        there.setdefault(found.kind.name, set()).add(sort(found))
    for kind in KINDS:
        if kind.name not in there:
            continue
        for attribute in sorted(_attributes(kind, snapshot.major)):
            if reason := UNCHANGED.get((kind.name, attribute)):
                yield Trial(kind.name, attribute, reason=reason)
                continue
            fits = [c.sorts for c in CHANGES[kind.name] if c.attribute == attribute]
            wanted = dict.fromkeys(word for sorts in fits for word in sorts)
            if all(fits) and not wanted.keys() & there[kind.name]:
                yield Trial(kind.name, attribute, reason=f"of what is here none is a {' or a '.join(wanted)}")


def _left_out(source: Snapshot, copy: Snapshot) -> Iterator[Trial]:
    """The kinds that the schema contains and its copy does not."""
    here = {kind_word(found) for found in copy.objects.values()}
    for word in dict.fromkeys(kind_word(found) for found in source.objects.values()):
        if word not in here:
            yield Trial(word, "every attribute", reason="the copy has none: it could not be restored")
