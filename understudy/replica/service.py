"""What is done with replicas. Locations are as people type them; messages go to the function `say`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from understudy.environments import Configuration
from understudy.postgres import Database, EmbeddedServer, open_database
from understudy.replica.copying import by_dump, by_files
from understudy.replica.errors import (
    NoSourceError,
    NoSuchReplicaError,
    ProductionRefused,
    ReplicaExistsError,
    SourceInUseError,
)
from understudy.replica.model import Record, Replica, Template, replica_name, template_database
from understudy.replica.shelf import Shelf

Say = Callable[[str], None]


@dataclass(frozen=True)
class Made:
    """A replica that is up. `new` tells whether this call made it, `seconds` how long that took."""

    replica: Replica
    new: bool
    seconds: float


def up(source: str, configuration: Configuration, *, name: str, refresh: bool = False, say: Say = print) -> Made:
    """Make a replica of a source; if it is up already, leave it as it is.

    Args:
        source: an address, an environment, or embedded:NAME.
        configuration: where environments are looked up.
        name: the replica's name.
        refresh: for a source that is not on the embedded server, copy it anew instead of using the template.
        say: is told what takes time, and why.

    Raises:
        ReplicaNameError: the name is none.
        ReplicaExistsError: there is a replica of that name and another source.
        ProductionRefused: the source is production.
        NoSourceError: there is no such database.
    """
    replica_name(name)
    with _opened(source, configuration) as database:
        label = database.label
        with contextlib.suppress(NoSuchReplicaError):
            return Made(_same_source(find(name), label), False, 0.0)
        started = time.monotonic()
        with _shelf_for(database) as shelf, shelf.locked():
            new = not shelf.has(name)  # another process may have made it while we waited
            if new:
                _build(database, shelf, name, None, refresh=refresh, say=say)
        return Made(_same_source(find(name), label), new, time.monotonic() - started)


def reset(
    name: str,
    configuration: Configuration,
    *,
    source: str | None = None,
    refresh: bool = False,
    say: Say = print,
) -> Made:
    """Make a replica anew from its source; the old one goes when the new one is whole.

    Args:
        name: the replica's name.
        configuration: where environments are looked up.
        source: a source instead of the one it was made of.
        refresh: as for `up`.
        say: as for `up`.

    Raises:
        NoSuchReplicaError: there is none of that name.
        ProductionRefused: the source is production.
        NoSourceError: there is no such database, or the replica's record is unreadable.
    """
    old = find(name)
    location = source or old.source
    if location is None:
        raise NoSourceError(
            f"nobody knows what {name!r} is a replica of",
            detail="The comment of its database, which said so, has been changed.",
            hint="Name the source with --source.",
        )
    started = time.monotonic()
    with _opened(location, configuration) as database, _shelf_for(database) as shelf, shelf.locked():
        _build(database, shelf, name, old, refresh=refresh, say=say)
    return Made(find(name), True, time.monotonic() - started)


def listing() -> tuple[list[Replica], list[Template]]:
    """All replicas and templates of this user's embedded servers."""
    with _shelves() as shelves:
        replicas = [replica for shelf in shelves for replica in shelf.replicas()]
        templates = [template for shelf in shelves for template in shelf.templates()]
    return replicas, templates


def find(name: str) -> Replica:
    """The replica of that name.

    Raises:
        ReplicaNameError: the name is none.
        NoSuchReplicaError: there is none.
    """
    replica_name(name)
    replicas, _ = listing()
    for replica in replicas:
        if replica.name == name:
            return replica
    known = ", ".join(replica.name for replica in replicas)
    raise NoSuchReplicaError(
        f"there is no replica {name!r}",
        detail=f"There are: {known}." if known else "There is none at all.",
        hint=f"Run `understudy replica up {name}`.",
    )


def down(name: str) -> Replica:
    """Drop a replica, and whoever is connected to it. With the last one the embedded server may stop.

    Raises:
        NoSuchReplicaError: there is none of that name.
    """
    replica = find(name)
    _drop(replica)
    return replica


def down_all() -> tuple[list[Replica], list[Template]]:
    """Drop every replica and every template."""
    dropped: tuple[list[Replica], list[Template]] = ([], [])
    with _shelves() as shelves:
        for shelf in shelves:
            with shelf.locked():
                for replica in shelf.replicas():
                    shelf.drop_replica(replica.name)
                    dropped[0].append(replica)
                for template in shelf.templates():
                    shelf.drop_template(template.database)
                    dropped[1].append(template)
    return dropped


# --- how ---


@contextlib.contextmanager
def _shelves() -> Iterator[list[Shelf]]:
    """Those of the servers that are pinned: while there are replicas, theirs is."""
    with contextlib.ExitStack() as stack:
        versions = EmbeddedServer.pinned_versions()
        yield [Shelf(stack.enter_context(EmbeddedServer(version))) for version in versions]


@contextlib.contextmanager
def _opened(source: str, configuration: Configuration) -> Iterator[Database]:
    with open_database(source, configuration) as database:
        if database.production:
            raise ProductionRefused(
                detail=f"By understudy.toml, {database.label} is production, and a replica is a plain copy.",
                hint="Make an anonymized clone first (`understudy clone`), and replicas of that.",
            )
        if isinstance(database.server, EmbeddedServer) and not database.exists():
            raise NoSourceError(
                f"{database.label} does not exist",
                detail=f"{database.server.label[:1].upper()}{database.server.label[1:]} has no such database.",
                hint="Run `understudy clone` or `understudy demo` to make one, or name another with --source.",
            )
        yield database


@contextlib.contextmanager
def _shelf_for(source: Database) -> Iterator[Shelf]:
    """The shelf where replicas of a source go: its own server's, if that is embedded."""
    if isinstance(source.server, EmbeddedServer):
        yield Shelf(source.server)
    else:
        with EmbeddedServer() as server:
            yield Shelf(server)


def _build(source: Database, shelf: Shelf, name: str, old: Replica | None, *, refresh: bool, say: Say) -> None:
    record = Record.now(source.label)
    with shelf.building() as building:
        if isinstance(source.server, EmbeddedServer):
            _copy_here(source, shelf.server, building, say)
        else:
            by_files(shelf.server, _template(source, shelf, refresh, say), building)
        if old:
            if old.version == shelf.server.version:
                shelf.drop_replica(name)
            else:
                _drop(old)
        shelf.finish_replica(building, name, record)


def _copy_here(source: Database, server: EmbeddedServer, building: str, say: Say) -> None:
    try:
        by_files(server, source.name, building)
    except SourceInUseError as error:
        say(f"{error.message}: copying by pg_dump instead, which takes longer")
        by_dump(source.dsn, server, building)


def _template(source: Database, shelf: Shelf, refresh: bool, say: Say) -> str:
    """The template of a source that lives elsewhere, made if there is none or a new one is wanted."""
    location = source.server.location(source.name)
    name = template_database(location)
    made = next((template.created for template in shelf.templates() if template.database == name), None)
    if made and not refresh:
        say(f"using the copy of {source.label} of {made:%Y-%m-%d %H:%M} UTC; --refresh makes a new one")
        return name
    say(f"copying {source.label} by pg_dump, once; replicas are then made from the copy")
    with shelf.building() as building:
        by_dump(source.dsn, shelf.server, building)
        shelf.finish_template(building, name, Record.now(location))
    return name


def _drop(replica: Replica) -> None:
    with EmbeddedServer(replica.version) as server:
        shelf = Shelf(server)
        with shelf.locked():
            shelf.drop_replica(replica.name)


def _same_source(replica: Replica, label: str) -> Replica:
    if replica.source not in (label, None):
        raise ReplicaExistsError(
            f"there already is a replica {replica.name!r}, of {replica.source}",
            detail=f"It is not a replica of {label}.",
            hint=f"Choose another name, or run `understudy replica reset {replica.name} --source ...`.",
        )
    return replica
