"""A materialized view is refreshed while nobody may read it."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.migrate.lint.rules import EXCLUSIVE, Context, Said


def rule(context: Context) -> Iterator[Said]:
    """Seen by the view's file, which a refresh without CONCURRENTLY replaces."""
    effect, statement = context.effect, context.statement
    if statement is None or not statement.begins("REFRESH"):
        return
    for oid, view in effect.old_tables().items():
        now = effect.after.tables.get(oid)
        if view.kind == "m" and now and now.file != view.file:
            lasts, level = context.costs(view, "rewrite", EXCLUSIVE)
            yield Said(
                f"refreshes {view.name}: {lasts}",
                "Give it a unique index and REFRESH MATERIALIZED VIEW CONCURRENTLY.",
                level,
            )
