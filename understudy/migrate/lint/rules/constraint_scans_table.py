"""A constraint is checked against every row while the table is locked."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.migrate.lint.rules import EXCLUSIVE, ROW_EXCLUSIVE, Context, Said, lock_on, new_constraints


def rule(context: Context) -> Iterator[Said]:
    """Seen by a new CHECK or FOREIGN KEY that is valid at once: NOT VALID and VALIDATE would leave the lock early."""
    effect = context.effect
    for oid, name in new_constraints(effect, "cf"):
        constraint = effect.after.constraints[oid]
        table = effect.before.tables[constraint.table]
        lock = lock_on(effect, constraint.table, EXCLUSIVE if constraint.kind == "c" else ROW_EXCLUSIVE)
        lasts, level = context.costs(table, "scan", lock)
        also = f" and {effect.after.tables[constraint.referenced].name}" if constraint.kind == "f" else ""
        yield Said(
            f"checks {name} against all of {table.name}{also}: {lasts}",
            "Add it NOT VALID, and VALIDATE CONSTRAINT in a migration of its own.",
            level,
        )
