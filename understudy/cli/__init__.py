"""The command line. Each command is a module of this package; it is imported when it is asked for.

`understudy --help` must answer at once, and `understudy flags` has no need of Polars: hence the table of names.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, NamedTuple

import click

from understudy import __version__
from understudy.cli.output import run


class Entry(NamedTuple):
    """A command before it is imported: the module of this package whose `command` it is, and its line in the help."""

    module: str
    summary: str


COMMANDS: dict[str, Entry] = {
    "demo": Entry("demo", "Tell the whole story on the embedded server."),
    "policy": Entry("policy", "Say what may leave, column by column."),
    "clone": Entry("clone", "Clone a database, anonymized."),
    "anonymize": Entry("anonymize", "Mask a plain pg_dump from standard input to standard output."),
    "verify": Entry("verify", "Look for original values everywhere in a clone, and check that it holds together."),
    "parity": Entry("parity", "Compare two schemas: same (exit 0), differ or cannot tell (exit 3)."),
    "migrate": Entry("migrate", "Apply, undo and prove the migrations."),
    "flags": Entry("flags", "Show features to some and hide them from others."),
    "replica": Entry("replica", "Make private copies of the anonymized staging."),
    "backup": Entry("backup", "Take backups that are known to restore, and restore them."),
}
"""The commands by name, in the order of the help. A summary is the first sentence of the command's own help."""


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: Any = importlib.import_module(f"understudy.cli.{COMMANDS[cmd_name].module}").command
        assert isinstance(command, click.Command)  # noqa: S101 - a module without one is our own defect
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; a name that is none is compared with those of the table."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands from the table: click would import every one for its first line, Polars and all."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="understudy")
def understudy() -> None:
    """Staging that knows production's part by heart, and has none of its secrets."""


def main() -> None:
    """The program: exit code 0 done, 1 failed, 2 usage, 3 an honest no, 4 refused and nothing touched."""
    sys.exit(run(understudy, sys.argv[1:]))
