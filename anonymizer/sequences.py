"""Sequences: where they stand in the source, and not behind the numbers that a mask put where theirs were.

A mask of a surrogate key permutes the numbers of one length, so the greatest of a hundred keys may be 999 where the
sequence stands at 100. Left there, it would hand out keys that exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from anonymizer.catalog import SequenceState
from anonymizer.identifiers import TableName, quote
from anonymizer.maskers.base import INTEGERS
from anonymizer.plan import TablePlan


def masked_numbers(plans: Sequence[TablePlan]) -> frozenset[tuple[TableName, str]]:
    """The masked columns of whole numbers, by their table and by the partitioned one above it."""
    return frozenset(
        (name, column.name)
        for plan in plans
        if not plan.drops_rows
        for column in plan.masked
        if column.base in INTEGERS and not column.is_array
        for name in (plan.name, plan.table.root)
    )


def statement(state: SequenceState, columns: Iterable[tuple[TableName, str]]) -> str:
    """The SQL that sets a sequence: ahead of the numbers in these columns, within its own bounds.

    The same for a clone and for a dump, so that the two agree.
    """
    name = "'" + state.name.sql.replace("'", "''") + "'"
    sets = "SELECT pg_catalog.setval"
    called = "true" if state.is_called else "false"
    masked = " UNION ALL ".join(f"SELECT {quote(column)} FROM {table.sql}" for table, column in sorted(columns))
    if not masked:
        return f"{sets}({name}, {state.last_value}, {called})"
    last = f"{state.last_value}::bigint"
    return (
        f"{sets}(s.seqrelid, CASE WHEN s.seqincrement > 0 THEN GREATEST({last}, LEAST(d.high, s.seqmax)) "
        f"ELSE LEAST({last}, GREATEST(d.low, s.seqmin)) END, "
        f"{called} OR COALESCE(CASE WHEN s.seqincrement > 0 THEN d.high >= {last} ELSE d.low <= {last} END, false)) "
        f"FROM pg_catalog.pg_sequence AS s, (SELECT pg_catalog.max(n), pg_catalog.min(n) FROM ({masked}) AS m (n)) "
        f"AS d (high, low) WHERE s.seqrelid = {name}::pg_catalog.regclass"
    )
