"""understudy migrate: each subcommand is a function of a module of this package."""

from __future__ import annotations

import click

from understudy.cli.migrate import lint, rehearse, repair, run, verify


@click.group()
def command() -> None:
    """Apply, undo and prove the migrations."""


for part in (
    run.up,
    run.down,
    run.status,
    repair.new,
    repair.baseline,
    repair.repair,
    verify.verify,
    lint.lint,
    rehearse.rehearse_,
):
    command.add_command(part)
