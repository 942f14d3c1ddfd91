"""understudy migrate rehearse: the migrations on real volume, under load."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from understudy.cli import output
from understudy.cli.migrate.shared import configured, folder_option
from understudy.migrate.errors import MigrationRefused
from understudy.migrate.lint.sizes import human
from understudy.migrate.rehearse import Load, Rehearsal, Rehearsed, budget, rehearse, rehearse_tool, write_report
from understudy.migrate.rehearse.model import Run
from understudy.migrate.rehearse.report import lock_words
from understudy.migrate.rehearse.run import copied
from understudy.migrate.tool import OtherTool, migrator
from understudy.postgres import open_database


@click.command("rehearse")
@click.option("--from", "source", required=True, metavar="DATABASE", help="What to rehearse on a copy of.")
@click.option("--on", metavar="DATABASE", help="Whose server the copy is made on [default: the same one].")
@click.option("--redo", type=int, default=0, help="Rehearse the last N of those applied, too.")
@click.option(
    "--script",
    "scripts",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A pgbench script for the load; may be given again [default: reads and writes by key].",
)
@click.option(
    "--queries",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of recorded queries for the load, without parameters.",
)
@click.option("--clients", type=click.IntRange(1, 500), default=8, show_default=True, help="Sessions of the load.")
@click.option(
    "--rate", type=click.IntRange(1), default=200, show_default=True, help="Transactions a second of the load."
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("rehearsal.html"),
    show_default=True,
    help="Where to write the page with the timeline.",
)
@folder_option
@output.json_option
def rehearse_(
    source: str,
    on: str | None,
    redo: int,
    scripts: tuple[Path, ...],
    queries: Path | None,
    clients: int,
    rate: int,
    report: Path,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Run what DATABASE lacks on a copy of it, under load; ends with 3 when the budget is exceeded."""
    configuration, settings = configured(folder)
    limits = budget(configuration)
    load = Load(scripts, queries, clients, rate)
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(open_database(source, configuration))
        if database.production and on is None:
            raise MigrationRefused(
                "production is no place to rehearse",
                detail=f"The copy and the load would be on the server of {database.label}.",
                hint="Rehearse --from staging, or name another server with --on.",
            )
        target = stack.enter_context(open_database(on, configuration)).server if on else None
        output.message(f"copying {database.label}")
        dsn = stack.enter_context(copied(database.server, database.name, target))
        tool = migrator(configuration, settings)
        if isinstance(tool, OtherTool):
            found = rehearse_tool(dsn, tool, label=database.label, load=load, budget=limits, redo=redo)
        else:
            found = rehearse(
                dsn,
                settings.folder,
                label=database.label,
                load=load,
                budget=limits,
                redo=redo,
                options=settings.options,
                progress=output.message,
            )
    write_report(found, report)
    output.result(_data(found, report), lambda console: _show(console, found, report), as_json=as_json)
    if found.problems:
        raise click.exceptions.Exit(3)


def _show(console: Console, found: Rehearsal, report: Path) -> None:
    for one in found.migrations:
        back = f"rollback {one.down.seconds:.2f} s" if one.down else "no rollback"
        wal = human(sum(cost.wal for cost in one.costs))
        waits = f"made others wait {one.up.longest_block_ms:.0f} ms at most"
        console.print(Text(f"{one.label}: {one.up.seconds:.2f} s, {waits}, WAL {wal}, {back}"), soft_wrap=True)
    for problem in found.problems:
        console.print(Text(f"over budget: {problem}", "red"), soft_wrap=True)
    if not found.problems:
        console.print(Text("within budget", "bold green"))
    console.print(Text(f"report: {report}"), soft_wrap=True)


def _data(found: Rehearsal, report: Path) -> dict[str, object]:
    return {
        "source": found.source,
        "bytes": found.size,
        "server": found.server,
        "load": found.load,
        "budget": {"max_block_ms": found.budget.max_block_ms, "max_rollback_s": found.budget.max_rollback_s},
        "within_budget": not found.problems,
        "problems": found.problems,
        "migrations": [_migration(one) for one in found.migrations],
        "report": str(report),
    }


def _migration(one: Rehearsed) -> dict[str, object]:
    return {
        "migration": one.label,
        "idle": one.idle,
        "up": _run(one.up),
        "down": _run(one.down) if one.down else None,
        "costs": [
            {
                "seconds": round(cost.seconds, 3),
                "rows": cost.rows,
                "rewritten": dict(cost.rewritten),
                "wal_bytes": cost.wal,
                "disk_bytes": cost.disk,
            }
            for cost in one.costs
        ],
    }


def _run(run: Run) -> dict[str, object]:
    return {
        "seconds": round(run.seconds, 3),
        "longest_block_ms": round(run.longest_block_ms, 1),
        "statements": [
            {
                "place": act.place,
                "sql": act.text,
                "seconds": round(act.end - act.begin, 3),
                "locks": {table: lock_words(mode) for table, mode in act.locks.items()} if act.sampled else None,
                "taken": sorted(act.taken),
                "waited_ms": round(run.waited_ms(act), 1),
                "blocked_ms": round(run.blocked_ms(act), 1),
                "blocked_sessions": run.blocked_sessions(act),
                "retries": act.retries,
            }
            for act in run.acts
        ],
    }
