"""An index is built while nobody may write."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.migrate.lint.rules import SHARE, Context, Said


def rule(context: Context) -> Iterator[Said]:
    """Seen by a new index on a table in use, which no constraint owns and no CONCURRENTLY built."""
    effect, statement = context.effect, context.statement
    if statement is None or "CONCURRENTLY" in statement.words:
        return
    owned = {constraint.index for constraint in effect.after.constraints.values()}
    for oid, index in effect.after.indexes.items():
        if oid in effect.before.indexes or oid in owned or index.table not in effect.old:
            continue
        table = effect.before.tables[index.table]
        if table.kind != "m":
            lasts, level = context.costs(table, "index", SHARE)
            yield Said(
                f"builds the index {index.name} on {table.name}: {lasts}",
                "Write CREATE INDEX CONCURRENTLY in a file with -- transaction: none.",
                level,
            )
