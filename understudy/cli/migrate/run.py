"""understudy migrate up, down and status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.table import Table

from understudy.cli import output
from understudy.cli.migrate.production import no_backup_option, require_way_back
from understudy.cli.migrate.shared import configured, dry_run_option, folder_option, refuse_other_tool, telling
from understudy.migrate.options import MigrationSettings
from understudy.migrate.plan import Standing
from understudy.migrate.preview import Step, as_sql, preview
from understudy.migrate.runner import Applied
from understudy.migrate.status import Status
from understudy.migrate.status import status as read_status
from understudy.migrate.tool import migrator
from understudy.postgres import Database, open_database


@click.command()
@click.argument("database")
@click.option("--to", type=int, help="The highest number to apply [default: all].")
@click.option("--out-of-order", is_flag=True, help="Apply files with a number below the highest applied one, too.")
@click.option("--create", is_flag=True, help="Make the database first when its server does not have it.")
@no_backup_option
@dry_run_option
@folder_option
@output.json_option
def up(
    database: str,
    to: int | None,
    out_of_order: bool,
    create: bool,
    no_backup: bool,
    dry_run: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Apply the migrations that DATABASE does not have yet."""
    configuration, settings = configured(folder)
    options = telling(settings.options, out_of_order=out_of_order or settings.options.out_of_order)
    with open_database(database, configuration) as target:
        if dry_run:
            refuse_other_tool(settings, "--dry-run")
            _print_steps(target, preview(target.dsn, settings.folder, to=to, options=options), as_json)
            return
        require_way_back(target, configuration, no_backup=no_backup)
        if create and not target.exists():
            target.server.create_database(target.name)
        done = migrator(configuration, replace(settings, options=options)).up(target.dsn, to=to)
        _print_done(target.label, done, "applied", settings, as_json=as_json)


@click.command()
@click.argument("database")
@click.option("--to", type=int, help="The number that stays the highest; 0 undoes all [default: undo the last one].")
@no_backup_option
@dry_run_option
@folder_option
@output.json_option
def down(database: str, to: int | None, no_backup: bool, dry_run: bool, folder: Path | None, as_json: bool) -> None:
    """Undo the migration that was applied last to DATABASE, or all above a number."""
    configuration, settings = configured(folder)
    options = telling(settings.options)
    with open_database(database, configuration) as target:
        if dry_run:
            refuse_other_tool(settings, "--dry-run")
            steps = preview(target.dsn, settings.folder, "down", to=to, options=options)
            _print_steps(target, steps, as_json)
            return
        require_way_back(target, configuration, no_backup=no_backup)
        done = migrator(configuration, replace(settings, options=options)).down(target.dsn, to=to)
        _print_done(target.label, done, "undone", settings, as_json=as_json)


@click.command()
@click.argument("database")
@click.option("--check", is_flag=True, help="End with 3 when anything is pending, too.")
@folder_option
@output.json_option
def status(database: str, check: bool, folder: Path | None, as_json: bool) -> None:
    """Say where each migration stands on DATABASE; ends with 3 when files and database disagree."""
    configuration, settings = configured(folder)
    refuse_other_tool(settings, "status")
    with open_database(database, configuration) as target:
        found = read_status(target.dsn, settings.folder)
        output.result(_status_data(target.label, found), _status_table(found), as_json=as_json)
    if found.trouble or (check and found.pending):
        raise click.exceptions.Exit(3)


def _print_done(label: str, done: Sequence[Applied], what: str, settings: MigrationSettings, *, as_json: bool) -> None:
    text = "\n".join(f"{one.label} {what} in {one.seconds:.2f} s" for one in done) or f"nothing to do on {label}"
    if settings.up:
        text = f"{settings.up if what == 'applied' else settings.down} ran on {label}"
    output.result({"database": label, what: [_applied_data(one) for one in done]}, text, as_json=as_json)


def _print_steps(target: Database, steps: Sequence[Step], as_json: bool) -> None:
    data = {"database": target.label, "steps": [_step_data(step) for step in steps]}
    if as_json:
        output.result(data, "", as_json=True)
    else:
        click.echo(as_sql(steps) or f"-- nothing to do on {target.label}")


def _step_data(step: Step) -> dict[str, object]:
    return {
        "version": step.version,
        "file": f"{step.label}.sql",
        "transaction": step.transactional,
        "done": step.done,
        "statements": [{"sql": statement.text, "lock_timeout_ms": wait} for statement, wait in step.statements],
    }


def _applied_data(one: Applied) -> dict[str, object]:
    return {
        "version": one.version,
        "name": one.name,
        "seconds": round(one.seconds, 3),
        "statements": one.statements,
    }


def _status_data(label: str, found: Status) -> dict[str, object]:
    return {
        "database": label,
        "version": found.version,
        "up_to_date": found.up_to_date,
        "migrations": [_standing_data(standing) for standing in found.standings],
    }


def _standing_data(standing: Standing) -> dict[str, object]:
    entry = standing.entry
    return {
        "version": standing.version,
        "name": standing.name,
        "state": standing.state,
        "phase": standing.migration.up.phase if standing.migration else None,
        "reversible": standing.migration.down is not None if standing.migration else None,
        "applied_at": entry.applied_at.isoformat() if entry else None,
        "applied_by": entry.applied_by if entry else None,
        "seconds": round(entry.seconds, 3) if entry else None,
        "program": entry.program if entry else None,
        "baseline": entry.baseline if entry else None,
    }


_COLOURS = {"applied": "green", "pending": "yellow"}


def _status_table(found: Status) -> Table:
    table = Table("migration", "state", "applied at", "by", "took", box=None, header_style="bold")
    for standing in found.standings:
        entry = standing.entry
        colour = _COLOURS.get(standing.state, "red")
        table.add_row(
            f"{standing.version:04d}_{standing.name}",
            f"[{colour}]{standing.state}[/]" + (" (baseline)" if entry and entry.baseline else ""),
            entry.applied_at.strftime("%Y-%m-%d %H:%M:%S") if entry else "",
            entry.applied_by if entry else "",
            f"{entry.seconds:.2f} s" if entry else "",
        )
    return table
