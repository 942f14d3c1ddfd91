"""understudy migrate new, baseline and repair."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

import click

from understudy.cli import output
from understudy.cli.migrate.shared import configured, folder_option, refuse_other_tool
from understudy.migrate import new as new_files
from understudy.migrate import repair as journal
from understudy.migrate.errors import SchemaDiffersError
from understudy.postgres import open_database
from understudy.rollout.baseline import compare_with_migrations, differences


@click.command()
@click.argument("title")
@click.option("--no-transaction", is_flag=True, help="For statements that cannot run in one.")
@click.option("--phase", type=click.Choice(["expand", "contract"]), help="Whether old code tolerates it.")
@folder_option
@output.json_option
def new(title: str, no_transaction: bool, phase: str | None, folder: Path | None, as_json: bool) -> None:
    """Begin a migration with the next free number, and its rollback."""
    _, settings = configured(folder)
    refuse_other_tool(settings, "a new migration")
    paths = new_files.new(settings.folder, title, transaction=not no_transaction, phase=phase)
    output.result({"files": [str(path) for path in paths]}, "\n".join(map(str, paths)), as_json=as_json)


@click.command()
@click.argument("database")
@click.option("--to", type=int, required=True, help="The highest number whose schema the database has.")
@click.option("--on", metavar="DATABASE", help="Whose server to make that schema on, to compare [default: embedded].")
@click.option("--accept-differences", is_flag=True, help="Write it down although the schema is another one.")
@folder_option
@output.json_option
def baseline(
    database: str, to: int, on: str | None, accept_differences: bool, folder: Path | None, as_json: bool
) -> None:
    """Write down that DATABASE has the schema of the migrations up to a number; refused when it has not."""
    configuration, settings = configured(folder)
    refuse_other_tool(settings, "a baseline")
    found: list[str] = []

    def check() -> None:
        server = stack.enter_context(open_database(on, configuration)).server if on else None
        found.extend(differences(compare_with_migrations(target.dsn, settings.folder, to=to, on=server)))
        for line in found:
            output.message(line)
        if found and not accept_differences:
            raise SchemaDiffersError(
                detail=f"{len(found)} things are not as the migrations up to {to} make them; the first: {found[0]}",
                hint="Put them right or baseline to another number; if you know them all, say --accept-differences.",
            )

    with contextlib.ExitStack() as stack:
        target = stack.enter_context(open_database(database, configuration))
        versions = journal.baseline(target.dsn, settings.folder, to=to, options=settings.options, check=check)
        output.result(
            {"database": target.label, "baseline": list(versions), "differences": found},
            f"{len(versions)} migrations written down as applied to {target.label}",
            as_json=as_json,
        )


@click.command()
@click.argument("database")
@click.option("--forget-missing", is_flag=True, help="Remove entries whose files are gone for good.")
@click.option(
    "--statement",
    type=click.Choice(["done", "again"]),
    help="What to make of a statement of which nothing tells whether it took effect.",
)
@folder_option
@output.json_option
def repair(
    database: str,
    forget_missing: bool,
    statement: Literal["done", "again"] | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Take the files as they are for what was applied to DATABASE; changes the journal only."""
    configuration, settings = configured(folder)
    refuse_other_tool(settings, "a repair")
    with open_database(database, configuration) as target:
        done = journal.repair(
            target.dsn, settings.folder, forget_missing=forget_missing, statement=statement, options=settings.options
        )
        lines = [f"the checksum of migration {version} was taken anew" for version in done.rechecked]
        lines += [f"migration {version} was forgotten" for version in done.forgotten]
        if done.statement:
            lines.append(f"statement {done.statement[1] + 1} of migration {done.statement[0]}: {statement}")
        output.result(
            {
                "database": target.label,
                "rechecked": list(done.rechecked),
                "forgotten": list(done.forgotten),
                "statement": {"version": done.statement[0], "place": done.statement[1]} if done.statement else None,
            },
            "\n".join(lines) or "nothing to repair",
            as_json=as_json,
        )
