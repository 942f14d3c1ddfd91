"""SET NOT NULL reads every row while nobody may read or write."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.migrate.lint.observe import Effect
from understudy.migrate.lint.rules import EXCLUSIVE, Context, Said


def rule(context: Context) -> Iterator[Said]:
    """Seen by a column in use that may not be null any more. Silent where a valid CHECK has proven it already."""
    effect = context.effect
    for (oid, number), (name, not_null) in effect.after.columns.items():
        was = effect.before.columns.get((oid, number))
        if oid not in effect.old or not not_null or was is None or was[1]:
            continue
        if _proven(effect, oid, name):
            continue
        table = effect.before.tables[oid]
        lasts, level = context.costs(table, "scan", EXCLUSIVE)
        yield Said(
            f"looks for a null in every row of {table.name}.{name}: {lasts}",
            f"First ADD CHECK ({name} IS NOT NULL) NOT VALID and VALIDATE it; then SET NOT NULL reads nothing.",
            level,
        )


def _proven(effect: Effect, table: int, column: str) -> bool:
    """By a CHECK that is valid, or because the not-null constraint itself is not valid yet (PostgreSQL 18)."""
    plain = {f"CHECK (({column} IS NOT NULL))", f'CHECK (("{column}" IS NOT NULL))'}
    checked = any(
        c.table == table and c.kind == "c" and c.valid and c.definition in plain
        for c in effect.before.constraints.values()
    )
    later = any(
        c.table == table and c.kind == "n" and not c.valid and c.columns == [column]
        for c in effect.after.constraints.values()
    )
    by_key = any(c.table == table and c.kind == "p" and column in c.columns for c in effect.after.constraints.values())
    return checked or later or by_key
