"""`understudy replica`: what `understudy.replica` does, on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from understudy import environments, replica
from understudy.cli.output import Group, json_option, message, result
from understudy.postgres.dsn import program_environment, url
from understudy.postgres.programs import find as find_program
from understudy.replica.model import Replica, Template, default_name, replica_name

name_argument = click.argument("name", required=False, default=default_name)
refresh_option = click.option(
    "--refresh",
    is_flag=True,
    help="Copy a source that is not on the embedded server anew, not from the local template.",
)


@click.group(cls=Group)
def command() -> None:
    """Make private copies of the anonymized staging.

    A replica is a database of your own on the embedded server: break it, reset it, drop it. NAME is your login unless
    you give another.
    """


@command.command()
@name_argument
@click.option(
    "--source", default="staging", show_default=True, metavar="DATABASE", help="What to copy; never production."
)
@refresh_option
@json_option
def up(name: str, source: str, refresh: bool, as_json: bool) -> None:
    """Make a replica, and print its address."""
    made = replica.up(source, environments.load(), name=name, refresh=refresh, say=message)
    if not made.new:
        message(f"the replica {name} is up already; `understudy replica reset {name}` makes it anew")
    _print_made(made, as_json=as_json)


@command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List all replicas."""
    replicas, templates = replica.listing()
    table = Table("replica", "source", "owner", "made", "size", "connections")
    for one in replicas:
        made = f"{one.created:%Y-%m-%d %H:%M}" if one.created else "?"
        cells = (one.name, one.source or "?", one.owner or "?", made, decimal(one.size), str(one.connections))
        table.add_row(*map(Text, cells))
    data = {"replicas": list(map(_replica, replicas)), "templates": list(map(_template, templates))}
    result(data, table if replicas else "no replicas", as_json=as_json)
    if templates and not as_json:
        size = decimal(sum(template.size for template in templates))
        message(f"copies of sources elsewhere: {len(templates)}, {size}; `understudy replica down --all` removes them")


@command.command("url")
@name_argument
@json_option
def url_(name: str, as_json: bool) -> None:
    """Print the address of a replica, for any client."""
    found = replica.find(name)
    result({"name": found.name, "url": url(found.dsn)}, Text(url(found.dsn)), as_json=as_json)


@command.command()
@name_argument
@click.argument("arguments", nargs=-1, metavar="[-- PSQL ARGUMENTS]")
@json_option
def psql(name: str, arguments: Sequence[str], as_json: bool) -> None:
    """Open psql on a replica.

    What follows `--` goes to psql. With --json, print what would be run instead of running it.
    """
    if name.startswith("-"):  # `psql -- -c '...'`: an argument of psql, since no replica is called so
        name, arguments = default_name(), (name, *arguments)
    found = replica.find(replica_name(name))
    program = find_program("psql", server_major=found.version)
    conninfo, environment = program_environment(found.dsn)
    called = [str(program.path), f"--dbname={conninfo}", *arguments]
    if as_json:
        result({"name": found.name, "command": called}, "", as_json=True)
        return
    sys.stdout.flush()
    # the terminal and its signals become psql's; this process goes on holding the embedded server until psql ends
    os.execve(called[0], called, environment)  # noqa: S606 - a program we found, and a list


@command.command()
@name_argument
@click.option("--source", metavar="DATABASE", help="What to copy, instead of what it was a copy of.")
@refresh_option
@json_option
def reset(name: str, source: str | None, refresh: bool, as_json: bool) -> None:
    """Make a replica anew from its source; what was changed in it is gone."""
    made = replica.reset(name, environments.load(), source=source, refresh=refresh, say=message)
    _print_made(made, as_json=as_json)


@command.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "everything", is_flag=True, help="Every replica, and the local copies of sources elsewhere.")
@json_option
def down(names: Sequence[str], everything: bool, as_json: bool) -> None:
    """Drop replicas, and whoever is connected to them."""
    if names and everything:
        raise click.UsageError("name replicas or say --all, not both")
    templates: list[Template] = []
    if everything:
        dropped, templates = replica.down_all()
    else:
        found = [replica.find(name).name for name in names or [default_name()]]
        dropped = [replica.down(name) for name in dict.fromkeys(found)]
    data = {"dropped": [one.name for one in dropped], "templates": [template.source for template in templates]}
    lines = [f"dropped the replica {one.name}" for one in dropped]
    lines += [f"dropped the copy of {template.source or template.database}" for template in templates]
    result(data, Text("\n".join(lines) or "nothing to drop"), as_json=as_json)


def _print_made(made: replica.Made, *, as_json: bool) -> None:
    data = _replica(made.replica) | {"new": made.new, "seconds": round(made.seconds, 3)}
    result(data, Text(url(made.replica.dsn)), as_json=as_json)
    if made.new:
        message(f"{made.replica.name} is up: a copy of {made.replica.source} in {made.seconds:.1f} s")


def _replica(one: Replica) -> dict[str, Any]:
    return {
        "name": one.name,
        "url": url(one.dsn),
        "source": one.source,
        "owner": one.owner,
        "created": one.created.isoformat() if one.created else None,
        "bytes": one.size,
        "connections": one.connections,
    }


def _template(one: Template) -> dict[str, Any]:
    return {
        "source": one.source,
        "created": one.created.isoformat() if one.created else None,
        "bytes": one.size,
    }
