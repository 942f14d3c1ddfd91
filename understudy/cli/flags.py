"""`understudy flags`: what `understudy.flags` does, on a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from understudy import environments
from understudy.cli import flags_view as view
from understudy.cli.output import Group, exit_with, json_option, message
from understudy.flags import Flag, FlagStore, service
from understudy.flags.errors import MalformedFlagError
from understudy.flags.store import Connection, Overrides
from understudy.postgres import open_database

target_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--target", required=True, metavar="DATABASE", help="The database: an address, an environment, or embedded:NAME."
)
tiers_option = click.option("--tier", "tiers", multiple=True, help="A tier that sees it anyway; may be repeated.")


@contextlib.contextmanager
def _connected(target: str) -> Iterator[Connection]:
    with open_database(target, environments.load()) as database, database.connect() as connection:
        yield connection


@click.group(cls=Group)
def command() -> None:
    """Show features to some and hide them from others.

    Who sees a flag is decided by the first of these rules that applies: the flag is off; the user has an override;
    the user is listed; the user's tier is listed; the user's bucket lies below the percentage.
    """


@command.command("list")
@target_option
@json_option
def list_(target: str, as_json: bool) -> None:
    """List all flags."""
    with _connected(target) as connection:
        rows = FlagStore(connection).rows()
    broken = [row for row in rows if isinstance(row, MalformedFlagError)]
    view.print_list([row for row in rows if isinstance(row, Flag)], broken, as_json=as_json)
    for error in broken:
        message(f"warning: {error}")


@command.command()
@click.argument("flag")
@target_option
@json_option
def show(flag: str, target: str, as_json: bool) -> None:
    """Show one flag and its overrides."""
    with _connected(target) as connection:
        store = FlagStore(connection)
        found = store.get(flag)
        overrides = store.overrides(found)
    view.print_flag(found, overrides, as_json=as_json)


@command.command()
@click.argument("flag")
@click.option("--description", help="What the feature is.")
@click.option("--enabled", is_flag=True, help="Switch it on at once; without this it is off.")
@click.option("--percentage", type=int, default=0, show_default=True, help="The share of users who see it.")
@tiers_option
@click.option("--user", "users", multiple=True, help="The id of a user who sees it anyway; may be repeated.")
@target_option
@json_option
def create(
    flag: str,
    description: str | None,
    enabled: bool,
    percentage: int,
    tiers: Sequence[str],
    users: Sequence[str],
    target: str,
    as_json: bool,
) -> None:
    """Add a flag; unless told otherwise, one that nobody sees."""
    with _connected(target) as connection:
        made = service.create(
            connection,
            flag,
            description=description,
            enabled=enabled,
            percentage=percentage,
            tiers=tiers,
            user_ids=users,
        )
    view.print_flag(made, Overrides(0, 0), as_json=as_json)


@command.command()
@click.argument("flag")
@target_option
@json_option
def enable(flag: str, target: str, as_json: bool) -> None:
    """Switch a flag on: its rules apply from now on."""
    _switch(flag, target, True, as_json=as_json)


@command.command()
@click.argument("flag")
@target_option
@json_option
def disable(flag: str, target: str, as_json: bool) -> None:
    """Switch a flag off for everybody, overrides included."""
    _switch(flag, target, False, as_json=as_json)


def _switch(name: str, target: str, enabled: bool, *, as_json: bool) -> None:
    with _connected(target) as connection:
        flag = service.switch(connection, name, enabled)
        overrides = FlagStore(connection).overrides(flag)
    view.print_flag(flag, overrides, as_json=as_json)


@command.command()
@click.argument("flag")
@click.argument("percentage", type=int)
@tiers_option
@click.option("--no-tiers", is_flag=True, help="List no tier any more.")
@target_option
@json_option
def rollout(flag: str, percentage: int, tiers: Sequence[str], no_tiers: bool, target: str, as_json: bool) -> None:
    """Set the share of users who see a flag, 0 to 100.

    Whoever sees it at a lower percentage sees it at a higher one. The tiers stay what they are unless an option says
    otherwise.
    """
    if tiers and no_tiers:
        raise click.UsageError("--tier and --no-tiers contradict each other")
    with _connected(target) as connection:
        changed = service.roll_out(connection, flag, percentage, tiers if tiers or no_tiers else None)
        overrides = FlagStore(connection).overrides(changed)
    if not changed.enabled and not as_json:
        message(f"note: {flag} is off, so nobody sees it; `understudy flags enable {flag}` switches it on")
    view.print_flag(changed, overrides, as_json=as_json)


@command.command("add-user")
@click.argument("user")
@click.argument("flag")
@target_option
@json_option
def add_user(user: str, flag: str, target: str, as_json: bool) -> None:
    """Show a flag to one user, whatever the rules say of them.

    USER is the number in users.id. As long as the flag is off they do not see it either.
    """
    with _connected(target) as connection:
        answer = service.override(connection, user, flag, True)
    view.print_answer(user, answer, as_json=as_json)


@command.command("remove-user")
@click.argument("user")
@click.argument("flag")
@click.option("--forget", is_flag=True, help="Remove the override instead: the flag's rules apply to them again.")
@target_option
@json_option
def remove_user(user: str, flag: str, forget: bool, target: str, as_json: bool) -> None:
    """Hide a flag from one user, whatever the rules say of them.

    USER is the number in users.id. Hidden they stay also at 100 %; --forget leaves them to the rules.
    """
    with _connected(target) as connection:
        answer = service.override(connection, user, flag, None if forget else False)
    view.print_answer(user, answer, as_json=as_json)


@command.command()
@click.argument("user")
@click.argument("flag")
@target_option
@json_option
@exit_with(3)
def check(user: str, flag: str, target: str, as_json: bool) -> bool:
    """Say whether a user sees a flag, and why.

    USER is the number in users.id. The exit code is 3 when they do not see it.
    """
    with _connected(target) as connection:
        answer = service.check(connection, user, flag)
    view.print_answer(user, answer, as_json=as_json)
    return answer.enabled


@command.command("verify-hidden")
@click.argument("flags", nargs=-1, required=True, metavar="FLAG...")
@target_option
@json_option
@exit_with(3)
def verify_hidden(flags: Sequence[str], target: str, as_json: bool) -> bool:
    """Prove that nobody sees these flags.

    Each is evaluated for every row of users, at one instant of the database. The exit code is 3 when somebody sees one.
    """
    with _connected(target) as connection:
        exposures = service.verify_hidden(connection, flags)
    view.print_exposures(exposures, as_json=as_json)
    for exposure in exposures:
        if exposure.hidden and exposure.open_to_new_users:
            message(
                f"warning: {exposure.flag.name} is hidden today, but it is on, and its percentage or its tiers may "
                "show it to the next user who signs up"
            )
    return all(exposure.hidden for exposure in exposures)
