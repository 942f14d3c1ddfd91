"""understudy backup create, list and restore."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta

import click
from rich.table import Table

from understudy import environments
from understudy.cli import output
from understudy.environments import Configuration
from understudy.migrate import backup as store
from understudy.migrate.backup import Backup, Store, backup_settings
from understudy.migrate.backup.store import now
from understudy.migrate.lint.sizes import human
from understudy.postgres import Database, EmbeddedServer, Server, open_database
from understudy.postgres.wheel import DEFAULT_VERSION, VERSIONS


@click.group()
def command() -> None:
    """Take backups that are known to restore, and restore them."""


@command.command()
@click.argument("database")
@click.option("--trial-on", metavar="DATABASE", help="Whose server to restore on for trial [default: embedded].")
@output.json_option
def create(database: str, trial_on: str | None, as_json: bool) -> None:
    """Back DATABASE up in parallel, restore the backup for trial, and keep it."""
    configuration = environments.load()
    settings = backup_settings(configuration)
    with open_database(database, configuration) as source, _trial(trial_on, source, configuration) as server:
        made, removed = store.create(source.dsn, source.environment or source.name, settings, server)
    lines = [
        f"{made.name}: {human(made.size)}, {sum(made.rows.values()):,} rows in {len(made.rows)} tables,"
        f" dumped in {made.seconds:.1f} s, restored for trial in {made.trial_seconds:.1f} s"
    ]
    lines += [f"removed {name}" for name in removed]
    output.result({"backup": _data(made), "removed": removed}, "\n".join(lines), as_json=as_json)


@command.command("list")
@click.option("--check", is_flag=True, help="Read every file again; ends with 4 when one is damaged.")
@output.json_option
def list_(check: bool, as_json: bool) -> None:
    """List the backups, newest first."""
    found = Store(backup_settings(environments.load()).folder).all()
    if check:
        for one in found:
            one.verify()
    table = Table("backup", "size", "rows", "age", box=None, header_style="bold")
    for one in found:
        age = now() - one.taken_at
        rows = f"{sum(one.rows.values()):,}"
        table.add_row(one.name, human(one.size), rows, str(timedelta(days=age.days, seconds=age.seconds)))
    output.result({"backups": [_data(one) for one in found]}, table if found else "no backups", as_json=as_json)


@command.command()
@click.argument("backup")
@click.option("--target", required=True, metavar="DATABASE", help="The database to make of it.")
@click.option("--replace", is_flag=True, help="Put a database of that name aside; it is renamed, not dropped.")
@output.json_option
def restore(backup: str, target: str, replace: bool, as_json: bool) -> None:
    """Restore BACKUP (a name from the list, or a database's name for its newest) as another database."""
    configuration = environments.load()
    settings = backup_settings(configuration)
    found = Store(settings.folder).get(backup)
    with open_database(target, configuration) as place:
        old = store.restore(found, place.server, place.name, replace=replace, jobs=settings.jobs)
        text = f"{place.label} is now {found.name}" + (f"; the old one is called {old}" if old else "")
        output.result({"database": place.label, "backup": found.name, "put_aside": old}, text, as_json=as_json)


@contextlib.contextmanager
def _trial(named: str | None, source: Database, configuration: Configuration) -> Iterator[Server]:
    """A server for the trial: a named one's, or the embedded one of the smallest version that is not older."""
    if named:
        with open_database(named, configuration) as database:
            yield database.server
        return
    major = source.server.major()
    with EmbeddedServer(min((v for v in VERSIONS if v >= major), default=DEFAULT_VERSION)) as server:
        yield server


def _data(one: Backup) -> dict[str, object]:
    return {
        "name": one.name,
        "database": one.database,
        "location": one.location,
        "taken_at": one.taken_at.isoformat(),
        "bytes": one.size,
        "tables": len(one.rows),
        "rows": sum(one.rows.values()),
        "server": one.server_major,
        "seconds": one.seconds,
        "trial": {"server": one.trial_server, "seconds": one.trial_seconds},
        "path": str(one.path),
    }
