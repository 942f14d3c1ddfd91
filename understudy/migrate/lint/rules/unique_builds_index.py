"""A unique constraint or primary key builds its index while nobody may read or write."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.migrate.lint.rules import EXCLUSIVE, Context, Said, new_constraints


def rule(context: Context) -> Iterator[Said]:
    """Seen by a new constraint whose index is new as well; USING INDEX takes one that is there."""
    effect = context.effect
    for oid, name in new_constraints(effect, "pux"):
        constraint = effect.after.constraints[oid]
        if constraint.index in effect.before.indexes:
            continue
        table = effect.before.tables[constraint.table]
        lasts, level = context.costs(table, "index", EXCLUSIVE)
        yield Said(
            f"builds the index of {name} on {table.name}: {lasts}",
            "CREATE UNIQUE INDEX CONCURRENTLY first, then ADD CONSTRAINT ... USING INDEX.",
            level,
        )
