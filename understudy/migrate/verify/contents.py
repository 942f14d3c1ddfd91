"""What the tables hold, as fingerprints: rows can be compared, and no value of one is ever seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from psycopg import sql

from understudy.migrate.journal import Connection
from understudy.migrate.verify.rows import tables

Contents = Mapping[str, "TableContents"]


class TableContents:
    """The rows of a table: for each a fingerprint of every column's text."""

    def __init__(self, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
        self.columns = tuple(columns)
        self._rows = rows

    def counted(self, columns: Sequence[str]) -> Counter[tuple[object, ...]]:
        """How often each combination of these columns occurs."""
        places = [self.columns.index(name) for name in columns]
        return Counter(tuple(row[place] for place in places) for row in self._rows)


def read_contents(connection: Connection) -> Contents:
    """The contents of every table. Generated columns are left out: they follow from the others."""
    found = {}
    for table in tables(connection):
        columns = [
            str(name)
            for (name,) in connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped"
                " AND attgenerated = '' ORDER BY attnum",
                [table.oid],
            )
        ]
        wanted = sql.SQL(", ").join(sql.SQL("md5({}::text)").format(sql.Identifier(name)) for name in columns)
        query = sql.SQL("SELECT {} FROM {}").format(wanted if columns else sql.SQL("1"), table.identifier)
        found[str(table)] = TableContents(columns, connection.execute(query).fetchall())
    return found


def lost(kept: Contents, now: Contents, columns_of: Contents) -> list[str]:
    """Rows of `kept` that are not in `now`, a sentence for each table.

    Args:
        kept: contents at an earlier moment.
        now: contents now.
        columns_of: only columns that these contents have as well are compared.
    """
    said = []
    for name, table in kept.items():
        if name not in columns_of:
            continue
        if name not in now:
            said.append(f"the table {name} is gone")
            continue
        columns = [c for c in table.columns if c in columns_of[name].columns and c in now[name].columns]
        missing = table.counted(columns) - now[name].counted(columns)
        gone = [c for c in table.columns if c in columns_of[name].columns and c not in now[name].columns]
        if missing:
            said.append(f"{missing.total()} of {table.counted(columns).total()} rows of {name} are lost or changed")
        if gone:
            said.append(f"{name} has lost the columns {', '.join(gone)}")
    return said
