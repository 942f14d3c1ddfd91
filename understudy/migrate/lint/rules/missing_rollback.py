"""A migration cannot be undone."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.migrate.lint.finding import Level
from understudy.migrate.lint.rules import Context, Said


def rule(context: Context) -> Iterator[Said]:
    """Seen by the files."""
    if context.statement is None and context.migration.down is None:
        yield Said(
            f"{context.migration.label} has no rollback",
            f"Write {context.migration.label}.rollback.sql; verify and rehearse will try it.",
            Level.ERROR,
        )
