"""A foreign key has no index on its own side: every delete over there reads all of this table."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.migrate.lint.finding import Level
from understudy.migrate.lint.rules import Context, Said, names


def rule(context: Context) -> Iterator[Said]:
    """Looked at after the whole file: foreign keys that it made, whose columns begin no index."""
    if context.statement is not None:
        return
    effect = context.effect
    # a change of a column's type makes its constraints anew: they have another number and the same name
    known = {(constraint.table, constraint.name) for constraint in effect.before.constraints.values()}
    for constraint in effect.after.constraints.values():
        if constraint.kind != "f" or (constraint.table, constraint.name) in known:
            continue
        wanted = set(constraint.columns)
        covered = any(
            index.table == constraint.table and index.whole and set(index.columns[: len(wanted)]) == wanted
            for index in effect.after.indexes.values()
        )
        if not covered:
            table = names(effect.after, constraint.table)
            size = context.sizes.of(table)
            reads = f" (now {size})" if size and size.size else ""
            yield Said(
                f"{constraint.name} has no index on {table} ({', '.join(constraint.columns)}): a delete in"
                f" {names(effect.after, constraint.referenced)} reads all of it{reads}",
                f"Add an index that begins with ({', '.join(constraint.columns)}).",
                Level.WARNING,
            )
