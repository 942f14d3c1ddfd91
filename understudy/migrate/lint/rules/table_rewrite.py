"""A table is written anew."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.migrate.lint.rules import EXCLUSIVE, Context, Said, lock_on


def rule(context: Context) -> Iterator[Said]:
    """Seen by the table's file: it is another one afterwards. TRUNCATE is not meant here: it reads no row."""
    effect = context.effect
    if context.statement and context.statement.begins("TRUNCATE"):
        return
    for oid, table in effect.old_tables().items():
        now = effect.after.tables.get(oid)
        if table.kind == "r" and now and now.file != table.file:
            lasts, level = context.costs(table, "rewrite", lock_on(effect, oid, EXCLUSIVE))
            yield Said(
                f"rewrites {table.name}: {lasts}",
                "Add a new column, fill it in batches, and switch over; or use a type change that needs no rewrite.",
                level,
            )
