"""The command line. Each command is a module of this package; it is imported when it is asked for.

`understudy --help` must answer at once, and `understudy flags` has no need of Polars: hence the table of names.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from understudy import __version__
from understudy.cli.output import run

COMMANDS: dict[str, str] = {}
"""The name of a command, and the module of this package whose `command` it is. In the order of the help."""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: Any = importlib.import_module(f"understudy.cli.{COMMANDS[cmd_name]}").command
        assert isinstance(command, click.Command)  # noqa: S101 - a module without one is our own defect
        return command


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="understudy")
def understudy() -> None:
    """Staging that knows production's part by heart, and has none of its secrets."""


def main() -> None:
    """The program: exit code 0 done, 1 failed, 2 usage, 3 an honest no, 4 refused and nothing touched."""
    sys.exit(run(understudy, sys.argv[1:]))
