"""How big the tables are where there is data, and how long something will take there."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from understudy.migrate.lint.settings import LintSettings
from understudy.postgres import connect

_QUERY = """
SELECT format('%I.%I', n.nspname, c.relname), pg_table_size(c.oid),
       CASE WHEN c.reltuples < 0 THEN NULL ELSE c.reltuples::bigint END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_'
UNION ALL
SELECT format('%I.%I', n.nspname, c.relname), sum(pg_table_size(p.relid))::bigint, sum(greatest(l.reltuples, 0))::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_partition_tree(c.oid) p JOIN pg_class l ON l.oid = p.relid
WHERE c.relkind = 'p' GROUP BY 1
"""  # noqa: E501 - a query reads better in its own lines


@dataclass(frozen=True)
class Size:
    """A table's size without its indexes, in bytes, and its rows as the planner knows them."""

    size: int
    rows: int | None

    def __str__(self) -> str:
        rows = "" if self.rows is None else f" ({self.rows:,} rows)"
        return human(self.size) + rows


class Sizes:
    """The sizes of a database's tables, or of none."""

    def __init__(self, tables: Mapping[str, Size] | None, settings: LintSettings) -> None:
        """`tables` by their names as `format('%I.%I')` writes them; None when nobody could be asked."""
        self._tables = tables
        self._settings = settings

    def of(self, table: str) -> Size | None:
        """A table's size; None when unknown. A table that the database does not have yet is empty there."""
        return None if self._tables is None else self._tables.get(table, Size(0, 0))

    def estimate(self, table: str, what: str) -> float | None:
        """How many seconds it takes to `rewrite`, `scan` or `index` the table; None when unknown."""
        size = self.of(table)
        return None if size is None else size.size / 1e6 / float(getattr(self._settings, f"{what}_mb_per_s"))


def read_sizes(dsn: str, settings: LintSettings) -> Sizes:
    """Ask a database."""
    with contextlib.closing(connect(dsn)) as connection:
        rows = connection.execute(_QUERY.encode()).fetchall()
    return Sizes({str(n): Size(int(str(s)), None if r is None else int(str(r))) for n, s, r in rows}, settings)


def human(size: float) -> str:
    """Bytes as a person says them: 12 GB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def duration(seconds: float) -> str:
    """Seconds as a person says them: about 4 minutes."""
    if seconds < 1:
        return "less than a second"
    if seconds < 100:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} minutes" if seconds < 7200 else f"about {seconds / 3600:.1f} hours"
