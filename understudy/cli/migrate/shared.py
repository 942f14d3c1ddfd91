"""What the subcommands of `understudy migrate` share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from understudy import environments
from understudy.cli import output
from understudy.migrate.errors import MigrationRefused
from understudy.migrate.options import MigrationSettings, Moment, Options, settings
from understudy.postgres import EmbeddedServer, Server, open_database

P = ParamSpec("P")
R = TypeVar("R")


def folder_option(function: Callable[P, R]) -> Callable[P, R]:
    """Gives a command `--folder`, in place of the folder that understudy.toml names."""
    return click.option(
        "--folder",
        type=click.Path(path_type=Path, file_okay=False),
        help="The migrations' folder [default: the one that understudy.toml names].",
    )(function)


def dry_run_option(function: Callable[P, R]) -> Callable[P, R]:
    """Gives a command `--dry-run`."""
    return click.option("--dry-run", is_flag=True, help="Print the exact statements and run none of them.")(function)


def refuse_other_tool(found: MigrationSettings, what: str) -> None:
    """Refuse what only our own runner can tell.

    Raises:
        MigrationRefused: understudy.toml names another tool.
    """
    if found.up:
        raise MigrationRefused(
            f"{what} is not to be had with another tool",
            detail=f"understudy.toml says that migrations are applied by {found.up!r}.",
            hint="Ask that tool.",
        )


def configured(folder: Path | None) -> tuple[environments.Configuration, MigrationSettings]:
    """The configuration, and what it says of migrations with the folder of the command line laid over it."""
    configuration = environments.load()
    found = settings(configuration)
    return configuration, replace(found, folder=folder) if folder else found


def telling(options: Options, **changes: Any) -> Options:
    """The options with a trace that tells a person what goes on, on standard error."""

    def trace(moment: Moment, label: str, place: int) -> None:
        if moment == "began":
            output.message(label)
        elif moment == "waiting":
            output.message(f"{label}: statement {place + 1} did not get its lock; trying again")

    return replace(options, trace=trace, **changes)


@contextlib.contextmanager
def scratch_server(on: str | None, configuration: environments.Configuration) -> Iterator[Server]:
    """The server to make scratch databases on: the embedded one, or that of a database somebody named."""
    if on is None:
        with EmbeddedServer() as server:
            yield server
    else:
        with open_database(on, configuration) as database:
            yield database.server
