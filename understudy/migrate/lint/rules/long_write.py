"""Every row of a table is written in one transaction."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.migrate.lint.rules import Context, Said


def rule(context: Context) -> Iterator[Said]:
    """Seen by an UPDATE or DELETE without WHERE on a table in use."""
    statement, effect = context.statement, context.effect
    if statement is None or statement.words[0] not in ("UPDATE", "DELETE") or "WHERE" in statement.words:
        return
    for oid, table in effect.old_tables().items():
        if oid == effect.target:
            lasts, level = context.costs(table, "rewrite", "locks on every row")
            yield Said(
                f"writes every row of {table.name}: {lasts}",
                "Write it in batches that commit, in a DO block of a file with -- transaction: none.",
                level,
            )
            return
