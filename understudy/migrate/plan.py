"""Which migrations to run, from the files and the journal alone. Pure: nothing here asks a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from understudy.migrate.errors import JournalMismatchError, MigrationRefused
from understudy.migrate.files import Migration
from understudy.migrate.journal import Begun, Entry
from understudy.migrate.options import Options

State = Literal["applied", "pending", "out of order", "changed", "missing", "half applied", "half undone"]


@dataclass(frozen=True)
class Standing:
    """Where a migration stands on a database. `entry` is its row of the journal, `migration` its files."""

    version: int
    name: str
    state: State
    migration: Migration | None
    entry: Entry | None


def compare(
    migrations: Sequence[Migration], entries: Sequence[Entry], under_way: Sequence[Begun]
) -> tuple[Standing, ...]:
    """Every migration that files or journal know, in the order of their numbers."""
    files = {migration.version: migration for migration in migrations}
    rows = {entry.version: entry for entry in entries}
    half = {begun.version: begun.direction for begun in under_way}
    highest = max(rows, default=-1)
    return tuple(
        Standing(
            version,
            files[version].name if version in files else rows[version].name,
            _state(version, files.get(version), rows.get(version), half.get(version), highest),
            files.get(version),
            rows.get(version),
        )
        for version in sorted(files.keys() | rows.keys())
    )


def _state(version: int, file: Migration | None, entry: Entry | None, half: str | None, highest: int) -> State:
    if half:
        return "half applied" if half == "up" else "half undone"
    if entry is None:
        return "out of order" if version < highest else "pending"
    if file is None:
        return "missing"
    return "applied" if file.up.checksum == entry.checksum else "changed"


def to_apply(
    migrations: Sequence[Migration],
    entries: Sequence[Entry],
    under_way: Sequence[Begun],
    *,
    to: int | None,
    options: Options,
) -> list[Migration]:
    """What `up` has to do, in order.

    Raises:
        MigrationRefused: `to` is no migration, or files and journal do not agree.
    """
    _require_number(migrations, to)
    standings = compare(migrations, entries, under_way)
    _refuse_half("half undone", standings, "Run `understudy migrate down` to finish undoing it.")
    todo = [
        standing.migration
        for standing in standings
        if standing.migration
        and standing.state in ("pending", "out of order", "half applied")
        and (to is None or standing.version <= to)
    ]
    _refuse_changed(standings)
    if todo:
        _refuse_missing(standings)
    late = [standing for standing in standings if standing.state == "out of order" and standing.migration in todo]
    if late and not options.out_of_order:
        raise JournalMismatchError(
            f"{_labels(late)} came too late",
            detail=f"A migration with a higher number ({max(e.version for e in entries)}) is applied already.",
            hint="Give it the next free number, or apply it all the same with --out-of-order.",
        )
    # a half applied one first: it may be what the others wait for
    half = {standing.version for standing in standings if standing.state == "half applied"}
    return sorted(todo, key=lambda migration: (migration.version not in half, migration.version))


def to_undo(
    migrations: Sequence[Migration], entries: Sequence[Entry], under_way: Sequence[Begun], *, to: int | None
) -> list[Migration]:
    """What `down` has to do, in order: the last applied first.

    Raises:
        MigrationRefused: `to` is no migration, files and journal do not agree, or a rollback is missing.
    """
    if to != 0:
        _require_number(migrations, to)
    standings = compare(migrations, entries, under_way)
    _refuse_half("half applied", standings, "Run `understudy migrate up` to finish it first.")
    rows = sorted(entries, key=lambda entry: entry.place, reverse=True)
    chosen = rows[:1] if to is None else [entry for entry in rows if entry.version > to]
    by_version = {standing.version: standing for standing in standings}
    of_chosen = [by_version[entry.version] for entry in chosen]
    _refuse_changed(of_chosen)
    _refuse_missing(of_chosen)
    todo = [standing.migration for standing in of_chosen if standing.migration]
    for migration in todo:
        migration.rollback()
    return todo


def _labels(standings: Sequence[Standing]) -> str:
    return ", ".join(f"{standing.version:04d}_{standing.name}" for standing in standings)


def _require_number(migrations: Sequence[Migration], to: int | None) -> None:
    if to is not None and all(migration.version != to for migration in migrations):
        numbers = [migration.version for migration in migrations]
        known = f"They go from {numbers[0]} to {numbers[-1]}." if numbers else "There are none."
        raise MigrationRefused(f"there is no migration {to}", detail=known)


def _refuse_half(state: State, standings: Sequence[Standing], hint: str) -> None:
    if found := [standing for standing in standings if standing.state == state]:
        raise MigrationRefused(f"{_labels(found)} is {state}", detail="A run was ended in its midst.", hint=hint)


def _refuse_changed(standings: Sequence[Standing]) -> None:
    if found := [standing for standing in standings if standing.state == "changed"]:
        raise JournalMismatchError(
            f"{_labels(found)} changed after it was applied",
            detail="The file's checksum is not the one in the journal.",
            hint="Put the file back and write a new migration; if the change means nothing to the database,"
            " run `understudy migrate repair`.",
        )


def _refuse_missing(standings: Sequence[Standing]) -> None:
    if found := [standing for standing in standings if standing.state == "missing"]:
        raise JournalMismatchError(
            f"{_labels(found)} is applied, but its file is missing",
            detail="The database has it, this folder does not: is this an older release, or another branch?",
            hint="Bring the file back; if it is gone for good, run `understudy migrate repair`.",
        )
