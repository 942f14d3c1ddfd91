"""What clone, verify and policy share: the two databases, the policy, the key, the programs, the progress bar."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
from rich.progress import Progress, TaskID

from anonymizer.policy import Policy
from anonymizer.schema import Programs
from anonymizer.subset.rules import options
from understudy.cli.output import progress
from understudy.environments import Configuration, load
from understudy.errors import RefusedError
from understudy.postgres import Database, open_database
from understudy.postgres.programs import find


class ProductionTarget(RefusedError):
    """production is never written"""


@dataclass(frozen=True)
class Ends:
    """The two databases of a clone, opened, and the configuration they were found by."""

    source: Database
    target: Database
    configuration: Configuration

    def programs(self) -> Programs:
        """The client programs that fit the source's server, all of one version.

        Raises:
            ProgramError: there are none, or none that is not older than the server.
        """
        dump = find("pg_dump", server_major=_major(self.source))
        restore = find("pg_restore", server_major=dump.major)
        return Programs(dump.path, restore.path, find("psql").path)


def _major(database: Database) -> int:
    with database.connect() as connection:
        return connection.info.server_version // 10000


@contextlib.contextmanager
def ends(source: str, target: str, *, writing: bool) -> Iterator[Ends]:
    """The databases that two locations name.

    Args:
        source: the location of the database to read.
        target: the location of the other.
        writing: whether the target will be replaced.

    Raises:
        ProductionTarget: it would be, and understudy.toml says that it is production.
        LocationError: a location means nothing.
    """
    configuration = load()
    with open_database(source, configuration) as first, open_database(target, configuration) as second:
        if writing and second.production:
            raise ProductionTarget(
                detail=f"By understudy.toml, {second.label} is production.",
                hint="Name another --target.",
            )
        yield Ends(first, second, configuration)


source_option = click.option("--source", required=True, metavar="DB", help="The database to read.")
target_option = click.option("--target", required=True, metavar="DB", help="The anonymized database.")
policy_option = click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What may leave; understudy.toml's policy by default.",
)
key_option = click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file with the key, 32 bytes or more; UNDERSTUDY_KEY by default.",
)
subset_option = click.option(
    "--subset",
    multiple=True,
    metavar="RULE",
    help="Which rows of a table, with what belongs to them: 'public.users: 5%'. May be repeated.",
)
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Worker processes; one for each processor by default.",
)


def subset_of(rules: Policy, texts: Sequence[str]) -> Policy:
    """The policy with the rules of `--subset`, each instead of the policy's own for the same table.

    Raises:
        SubsetError: one of them means nothing.
    """
    return replace(rules, subset={**rules.subset, **options(texts)})


STEPS = {
    "plan": "reading the catalog",
    "subset": "choosing rows",
    "schema": "building the schema",
    "load": "masking",
    "indexes": "building indexes and constraints",
    "finish": "analyzing",
    "verify": "looking for survivors",
    "swap": "swapping",
}


@contextlib.contextmanager
def steps() -> Iterator[Callable[[str, str, int, int], None]]:
    """A display of a clone's steps, with the rows that each has seen; to be called as the clone's progress."""
    with progress() as display:
        shown = _Steps(display)
        yield shown.see


class _Steps:
    def __init__(self, display: Progress) -> None:
        self._display = display
        self._tasks: dict[str, TaskID] = {}

    def see(self, step: str, table: str, rows: int, size: int) -> None:
        if step not in self._tasks:
            self._tasks[step] = self._display.add_task(STEPS.get(step, step), total=None)
        task = self._tasks[step]
        name = STEPS.get(step, step) + (f" {table}" if table else "")
        self._display.update(task, advance=rows, description=name)
