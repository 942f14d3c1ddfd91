"""Whether a database has the schema that the migrations up to a number make: a baseline may say so only if it does."""

from __future__ import annotations

import contextlib
from pathlib import Path

from understudy.migrate.preview import as_sql, preview
from understudy.parity import Answer, Options, Verdict, compare
from understudy.parity.parity import embedded_workshop
from understudy.parity.workshop import Workshop
from understudy.postgres import Server, connect

_OPTIONS = Options(owners=False, database=False, loaded=(True, False))
"""Who owns what, and a database's own settings, are no migration's doing."""


def compare_with_migrations(dsn: str, folder: Path, *, to: int, on: Server | None = None) -> Verdict:
    """Compare a database, which is only read, with what the migrations up to a number make of an empty one.

    Args:
        dsn: the database; it stands on the right of the verdict.
        folder: the migrations.
        to: the number.
        on: the server to make them on; an embedded one of the nearest version when None.

    Raises:
        MigrationRefused: the files cannot be used, or there is no such number.
        LoadError: they cannot be made there; the detail is the server's own words.
    """
    with contextlib.ExitStack() as stack:
        if on is None:
            with connect(dsn) as connection:
                major = connection.info.server_version // 10000
            workshop = stack.enter_context(embedded_workshop(major))
        else:
            workshop = stack.enter_context(Workshop(on))
        empty = stack.enter_context(workshop.server.scratch(prefix="baseline"))
        made = workshop.database(as_sql(preview(empty, folder, to=to)))
        return compare(made, dsn, _OPTIONS)


def differences(verdict: Verdict) -> list[str]:
    """What speaks against "it is that schema", a sentence each; none of it when it is."""
    said = [
        f"{one.kind} {one.path}: {one.attribute} is {one.right!r}, the migrations make it {one.left!r}"
        for one in verdict.differences
    ]
    if verdict.answer is Answer.SAME:
        return []
    return [*said, *verdict.reasons, *verdict.defects] or [f"parity says: {verdict.answer.value}"]
