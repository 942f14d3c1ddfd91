"""understudy migrate lint: what the migrations will do to a database in use."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import click

from understudy.cli import output
from understudy.cli.migrate.shared import configured, folder_option, scratch_server
from understudy.migrate.files import read_folder
from understudy.migrate.lint import Finding, Level, formats, lint_settings, lint_tool, squawk
from understudy.migrate.lint import lint as run_lint
from understudy.migrate.lint.sizes import read_sizes
from understudy.migrate.status import status
from understudy.migrate.tool import OtherTool, migrator
from understudy.postgres import open_database


@click.command()
@click.option("--catalog", metavar="DATABASE", help="Whose sizes to take; only what it lacks is linted.")
@click.option("--all", "everything", is_flag=True, help="With --catalog: what is applied there, too.")
@click.option("--since", type=int, default=0, help="Say nothing about numbers up to this one.")
@click.option("--on", metavar="DATABASE", help="Whose server to make the scratch database on [default: embedded].")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="How findings are printed: for a person, a program, a code scanner, GitHub's annotations.",
)
@folder_option
@output.json_option
def lint(
    catalog: str | None, everything: bool, since: int, on: str | None, form: str, folder: Path | None, as_json: bool
) -> None:
    """Say what the migrations will do to a database in use; ends with 3 for a warning or an error."""
    configuration, settings = configured(folder)
    rules = lint_settings(configuration)
    tool = migrator(configuration, settings)
    if isinstance(tool, OtherTool):
        with contextlib.ExitStack() as stack:
            dsn = stack.enter_context(open_database(catalog, configuration)).dsn if catalog else None
            server = stack.enter_context(scratch_server(on, configuration))
            sizes = read_sizes(dsn, rules) if dsn else None
            found = lint_tool(tool, server, catalog=dsn, sizes=sizes, settings=rules)
        _show(found, "what it would run", form, as_json=as_json)
        return
    migrations = read_folder(settings.folder)
    only = {one.version for one in migrations if one.version > since}
    sizes = None
    if catalog:
        with open_database(catalog, configuration) as database:
            sizes = read_sizes(database.dsn, rules)
            if not everything:
                only &= {one.version for one in status(database.dsn, settings.folder).pending}
    if squawk.program() is None:
        output.message("squawk is not installed (pip install squawk-cli): what only the text tells was not looked at")
    with scratch_server(on, configuration) as server, server.scratch(prefix="lint") as dsn:
        found = run_lint(dsn, migrations, only=frozenset(only), sizes=sizes, settings=rules)
    _show(found, f"{len(only)} migrations", form, as_json=as_json)


def _show(found: Sequence[Finding], of: str, form: str, *, as_json: bool) -> None:
    safe = all(one.level is Level.NOTE for one in found)
    if as_json or form == "json":
        output.result({"safe": safe, "findings": formats.as_data(found)}, "", as_json=True)
    elif form == "text":
        click.echo(formats.as_text(found) or f"nothing to say about {of}")
    else:
        click.echo(formats.as_sarif(found) if form == "sarif" else formats.as_github(found))
    if not safe:
        raise click.exceptions.Exit(3)
