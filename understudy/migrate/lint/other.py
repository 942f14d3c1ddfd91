"""Lint what another tool would run: its own command prints the SQL, and that is one file to the linter."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from understudy.migrate.errors import MigrationRefused
from understudy.migrate.files import Migration
from understudy.migrate.lint.finding import Finding
from understudy.migrate.lint.run import lint
from understudy.migrate.lint.settings import LintSettings
from understudy.migrate.lint.sizes import Sizes
from understudy.migrate.script import TRANSACTION_CONTROL, cannot_run_in_transaction, normalise, read_script
from understudy.migrate.statements import Statement, split
from understudy.migrate.tool import OtherTool
from understudy.postgres import Server, programs

_HEADER = "-- transaction: none\n"


def lint_tool(
    tool: OtherTool,
    server: Server,
    *,
    catalog: str | None = None,
    sizes: Sizes | None = None,
    settings: LintSettings | None = None,
) -> list[Finding]:
    """Lint what the tool's `sql` command prints.

    Args:
        tool: the commands.
        server: where a scratch database may be made.
        catalog: a connection string. The command is asked what that database lacks, and the SQL is run on a copy of its
            schema; without it, the command is asked about an empty database.
        sizes: how big the tables are where there is data.
        settings: what is said and what is not.

    Returns:
        The findings; their path is the command, their line one of what it printed.

    Raises:
        MigrationRefused: no command prints SQL.
        MigrateError: it failed.
    """
    if tool.sql_command is None:
        raise MigrationRefused(
            "nobody says what the other tool would run",
            detail=f"understudy.toml says that migrations are applied by {tool.up_command!r}.",
            hint='Name a command that prints the SQL: [migrations] sql = "alembic upgrade head --sql"',
        )
    with server.scratch(prefix="lint") as dsn, _printed(tool, catalog or dsn) as migration:
        if catalog:
            schema = programs.run(
                "pg_dump", "--schema-only", "--no-owner", "--no-privileges", dsn=catalog, server_major=server.major()
            )
            programs.run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", dsn=dsn, input_text=schema)
        found = lint(dsn, [migration], sizes=sizes, settings=settings)
    shift = migration.up.text.startswith(_HEADER)
    return [replace(one, path=Path(tool.sql_command), line=max(one.line - shift, 1)) for one in found]


@contextlib.contextmanager
def _printed(tool: OtherTool, dsn: str) -> Iterator[Migration]:
    """What the command prints, as a migration; that it can be undone is left to the tool's down."""
    text = normalise(tool.sql(dsn).encode())
    with tempfile.TemporaryDirectory(prefix="understudy-lint-") as folder:
        path = Path(folder) / "printed.sql"
        path.write_text(_runnable(text), encoding="utf-8")
        script = read_script(path)
        yield Migration(1, "printed", script, script if tool.down_command else None)


def _runnable(text: str) -> str:
    """The text without the tool's own BEGIN and COMMIT, every statement on the line where it was."""
    statements = [item for item in split(text) if isinstance(item, Statement)]
    for one in statements:
        if one.words[0] in TRANSACTION_CONTROL and one.words[1:2] != ("TO",):
            text = text[: one.start] + " " * len(one.text) + text[one.start + len(one.text) :]
    if any(cannot_run_in_transaction(one) for one in statements):
        text = f"{_HEADER}{text}"
    return text
