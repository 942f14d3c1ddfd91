"""understudy migrate verify: the thing CI runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from understudy.catalog import Snapshot
from understudy.cli import output
from understudy.cli.migrate.shared import configured, folder_option, scratch_server
from understudy.migrate import verify as bench
from understudy.migrate.tool import OtherTool, migrator
from understudy.migrate.verify import Check
from understudy.parity import Difference, Options, compare_snapshots

_DATABASES_OWN = Options(database=False)
"""Copies differ in name and nothing else; a database's own settings are no migration's doing."""


def differences(expected: Snapshot, found: Snapshot) -> Sequence[str]:
    """Parity, as sentences that a check can repeat."""
    return [_sentence(difference) for difference in compare_snapshots(expected, found, _DATABASES_OWN)]


@click.command()
@click.option("--on", metavar="DATABASE", help="Whose server to make scratch databases on [default: embedded].")
@folder_option
@output.json_option
def verify(on: str | None, folder: Path | None, as_json: bool) -> None:
    """Prove that the migrations can be applied, undone, killed, repeated and raced; ends with 3 when they cannot."""
    configuration, settings = configured(folder)
    wanted = bench.verify_settings(configuration)
    tool = migrator(configuration, settings)
    with scratch_server(on, configuration) as server:
        place = bench.Bench(server, settings.folder, differences, wanted, settings.options)
        run = bench.verify_tool(place, tool) if isinstance(tool, OtherTool) else bench.verify(place)
        checks = []
        for check in run:
            checks.append(check)
            if not as_json:
                _show(Console(highlight=False), check)
        label = server.label
    safe = all(check.ok for check in checks)
    count = sum(not check.ok for check in checks)
    text = f"[bold green]safe[/]: {len(checks)} checks on {label}" if safe else f"[bold red]not safe[/]: {count} checks"
    output.result({"server": label, "safe": safe, "checks": [_data(check) for check in checks]}, text, as_json=as_json)
    if not safe:
        raise click.exceptions.Exit(3)


def _sentence(difference: Difference) -> str:
    return (
        f"{difference.kind} {difference.path}: {difference.attribute} was {difference.left!r}, is {difference.right!r}"
    )


def _show(console: Console, check: Check) -> None:
    mark = Text("ok  ", "green") if check.ok else Text("NO  ", "bold red")
    where = f"{check.migration}: " if check.migration else ""
    console.print(mark + Text(f"{where}{check.name} ({check.seconds:.1f} s)"), soft_wrap=True)
    for line in check.problems:
        console.print(Text(f"      {line}", "red"), soft_wrap=True)
    for line in check.notes:
        console.print(Text(f"      note: {line}", "dim"), soft_wrap=True)


def _data(check: Check) -> dict[str, object]:
    return {
        "name": check.name,
        "migration": check.migration,
        "ok": check.ok,
        "seconds": round(check.seconds, 3),
        "problems": list(check.problems),
        "notes": list(check.notes),
    }
