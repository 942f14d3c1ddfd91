"""How carefully migrations run. The defaults are for production; `[migrations]` of understudy.toml overrides them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psycopg

from understudy.environments import FILE_NAME, Configuration, ConfigurationError
from understudy.migrate.script import duration_ms

Moment = Literal["began", "statement", "done", "unjournaled", "journaled", "waiting", "finished"]
Trace = Callable[[Moment, str, int], None]
"""Is told of every step: the moment, the migration's label, and the statement's place (from 0)."""


def nobody(moment: Moment, label: str, place: int) -> None:
    """A trace that nobody listens to."""


@dataclass(frozen=True)
class Options:
    """The runner's limits.

    Args:
        lock_timeout_ms: how long a statement may wait for a lock, and so hold up whoever comes after it.
        attempts: how often a statement may try to get its lock.
        first_pause_s, longest_pause_s: the pauses between attempts double from the first to the longest, each
            shortened or lengthened by up to a half at random, so that two who collide do not collide again.
        turn_s: how long to wait for another runner to finish.
        out_of_order: whether a file with a number below the highest applied one may be applied.
        trace: is told of every step.
        attach: is given the runner's connection before the first step; what it asks there, between statements, is
            asked inside the migration's own transaction.
    """

    lock_timeout_ms: int = 2000
    attempts: int = 10
    first_pause_s: float = 0.5
    longest_pause_s: float = 15.0
    turn_s: float = 60.0
    out_of_order: bool = False
    trace: Trace = nobody
    attach: Callable[[psycopg.Connection[tuple[object, ...]]], None] = lambda _: None


@dataclass(frozen=True)
class MigrationSettings:
    """`migrations = "folder"` of understudy.toml, or the table of that name.

    [migrations]
    folder = "migrations"
    lock_timeout = "2s"
    attempts = 10
    up = "alembic upgrade head"        # another tool's commands, in place of our runner
    down = "alembic downgrade -1"
    sql = "alembic upgrade head --sql" # prints what would run, for lint
    """

    folder: Path
    options: Options = field(default_factory=Options)
    up: str | None = None
    down: str | None = None
    sql: str | None = None


_KEYS = {"lock_timeout", "attempts", "turn", "out_of_order", "up", "down", "sql"}
_ROOMS = {"lint", "backup", "budget", "verify"}
"""Tables inside [migrations] that have their own readers."""


def settings(configuration: Configuration) -> MigrationSettings:
    """What a configuration says of migrations.

    Raises:
        ConfigurationError: a key is not known or its value is of the wrong kind.
    """
    table = dict(configuration.tables.get("migrations", {}))
    if unknown := set(table) - _KEYS - _ROOMS:
        raise ConfigurationError(
            detail=f"{FILE_NAME}: migrations.{min(unknown)} is not known.",
            hint=f"[migrations] may have folder, {', '.join(sorted(_KEYS | _ROOMS))}.",
        )
    given: dict[str, Any] = {}
    if "lock_timeout" in table:
        given["lock_timeout_ms"] = _duration("lock_timeout", table["lock_timeout"])
    if "turn" in table:
        given["turn_s"] = _duration("turn", table["turn"]) / 1000
    if "attempts" in table:
        given["attempts"] = _typed("attempts", table["attempts"], int)
    if "out_of_order" in table:
        given["out_of_order"] = _typed("out_of_order", table["out_of_order"], bool)
    return MigrationSettings(
        configuration.migrations,
        Options(**given),
        up=_typed("up", table["up"], str) if "up" in table else None,
        down=_typed("down", table["down"], str) if "down" in table else None,
        sql=_typed("sql", table["sql"], str) if "sql" in table else None,
    )


def _duration(key: str, value: object) -> int:
    milliseconds = duration_ms(value) if isinstance(value, str) else None
    if milliseconds is None:
        raise ConfigurationError(
            detail=f"{FILE_NAME}: migrations.{key} = {value!r} is no duration.", hint='Write "500ms", "2s" or "1min".'
        )
    return milliseconds


def _typed(key: str, value: object, kind: type) -> Any:
    if type(value) is not kind:
        raise ConfigurationError(detail=f"{FILE_NAME}: migrations.{key} = {value!r} is no {kind.__name__}.")
    return value
