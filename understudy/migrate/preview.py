"""What a run would do, statement by statement, without doing it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.migrate import plan, resume
from understudy.migrate.apply import patience_ms
from understudy.migrate.files import Migration, read_folder
from understudy.migrate.journal import Begun, Direction, Journal
from understudy.migrate.options import Options
from understudy.migrate.script import Script
from understudy.migrate.statements import Statement
from understudy.postgres import connect


@dataclass(frozen=True)
class Step:
    """One file that would be carried out. `statements` are those still to do, each with its lock_timeout in ms."""

    version: int
    label: str
    transactional: bool
    statements: tuple[tuple[Statement, int], ...]
    done: int
    """How many of its statements an earlier run has done already."""


def preview(
    dsn: str, folder: Path, direction: Direction = "up", *, to: int | None = None, options: Options | None = None
) -> tuple[Step, ...]:
    """The steps that `up` or `down` would take; nothing is written, no lock is taken.

    Raises:
        MigrationRefused: the run itself would be refused, for the same reason.
    """
    options = options or Options()
    with contextlib.closing(connect(dsn)) as connection:
        standard = connection.info.parameter_status("standard_conforming_strings") != "off"
        migrations = read_folder(folder, standard_strings=standard)
        journal = Journal(connection)
        entries, under_way = journal.entries(), journal.under_way()
    if direction == "up":
        todo: Sequence[Migration] = plan.to_apply(migrations, entries, under_way, to=to, options=options)
        return tuple(_step(one.version, one.up, under_way, options) for one in todo)
    todo = plan.to_undo(migrations, entries, under_way, to=to)
    return tuple(_step(one.version, one.rollback(), under_way, options) for one in todo)


def _step(version: int, script: Script, under_way: Sequence[Begun], options: Options) -> Step:
    done = {begun.place for begun in under_way if begun.version == version and begun.done}
    statements = tuple(
        (statement, patience_ms(script, None if script.transactional else statement, options))
        for place, statement in enumerate(script.statements)
        if place not in done or resume.sets_session(statement)
    )
    return Step(version, script.path.stem, script.transactional, statements, len(done))


def as_sql(steps: Sequence[Step]) -> str:
    """The steps as a script that psql would carry out; only the journal's own entries are left out."""
    lines: list[str] = []
    for step in steps:
        already = f", {step.done} statements of it done already" if step.done else ""
        lines.append(f"-- {step.label}{already}")
        if step.transactional:
            wait = step.statements[0][1] if step.statements else 0
            lines += ["BEGIN;", f"SET LOCAL lock_timeout = {wait};"]
            lines += [f"{statement.text};" for statement, _ in step.statements]
            lines += ["COMMIT;"]
        else:
            for statement, wait in step.statements:
                lines += [f"SET lock_timeout = {wait};", f"{statement.text};"]
        lines += ["RESET SESSION AUTHORIZATION;", "RESET ROLE;", "RESET ALL;", ""]
    return "\n".join(lines)
