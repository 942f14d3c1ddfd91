"""The previous release's queries against the new schema: still understood, and answered with the same columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from psycopg import pq

from understudy.migrate.errors import MigrationFileError
from understudy.migrate.journal import Connection
from understudy.migrate.script import normalise
from understudy.migrate.statements import Statement, split

Prepared = Mapping[str, "tuple[tuple[str, int], ...] | str"]
"""A query's place in its file, and its result columns (name and type) or what the server said against it."""


def read_queries(path: Path) -> list[Statement]:
    """The queries of a file.

    Raises:
        MigrationFileError: it cannot be read.
    """
    try:
        text = normalise(path.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise MigrationFileError("the recorded queries cannot be read", detail=f"{path}: {error}.") from None
    return [item for item in split(text) if isinstance(item, Statement)]


def place(query: Statement) -> str:
    """Where a query stands in its file."""
    return f"line {query.line}"


def prepare(connection: Connection, queries: list[Statement]) -> Prepared:
    """Prepare each query; nothing is executed."""
    found: dict[str, tuple[tuple[str, int], ...] | str] = {}
    for query in queries:
        result = connection.pgconn.prepare(b"recorded", query.text.encode())
        if result.status == pq.ExecStatus.COMMAND_OK:
            described = connection.pgconn.describe_prepared(b"recorded")
            found[place(query)] = tuple(
                ((described.fname(n) or b"").decode(), described.ftype(n)) for n in range(described.nfields)
            )
            connection.execute("DEALLOCATE recorded")
        else:
            said = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"?"
            found[place(query)] = said.decode(errors="replace")
    return found


def broken(before: Prepared, after: Prepared) -> list[str]:
    """What was understood before and is not any more, or answers with other columns; a sentence each."""
    said = []
    for where, was in before.items():
        now = after[where]
        if isinstance(was, str) or now == was:
            continue
        what = now if isinstance(now, str) else "it answers with other columns"
        said.append(f"the recorded query of {where} breaks: {what}")
    return said
