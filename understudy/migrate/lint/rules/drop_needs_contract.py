"""Something that the running release may use is taken away or renamed."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.migrate.lint.finding import Level
from understudy.migrate.lint.rules import Context, Said

_ADVICE = "Release code that does not use it first; then drop it in a migration that says -- phase: contract."


def rule(context: Context) -> Iterator[Said]:
    """Seen by tables and columns in use that are gone or have another name, in a file that does not say contract."""
    if context.migration.up.phase == "contract":
        return
    effect = context.effect
    for oid, table in effect.old_tables().items():
        now = effect.after.tables.get(oid)
        if now is None:
            yield Said(f"drops {table.name}{_rows(context, table.name)}", _ADVICE, Level.WARNING)
        elif now.name != table.name:
            yield Said(f"renames {table.name} to {now.name}", _ADVICE, Level.WARNING)
    for (oid, number), (name, _) in effect.before.columns.items():
        if oid not in effect.old or oid not in effect.after.tables:
            continue
        kept = effect.after.columns.get((oid, number))
        where = effect.before.tables[oid].name
        if kept is None:
            yield Said(f"drops the column {where}.{name}{_rows(context, where)}", _ADVICE, Level.WARNING)
        elif kept[0] != name:
            yield Said(f"renames the column {where}.{name} to {kept[0]}", _ADVICE, Level.WARNING)


def _rows(context: Context, table: str) -> str:
    size = context.sizes.of(table)
    return f" of {size}" if size and size.size else ""
