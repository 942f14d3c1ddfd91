"""Lint a folder: run it statement by statement on an empty database, and let the rules look on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import psycopg

from understudy.migrate.files import Migration
from understudy.migrate.journal import Connection
from understudy.migrate.lint import squawk
from understudy.migrate.lint.allow import apply
from understudy.migrate.lint.finding import Finding, Level
from understudy.migrate.lint.observe import Effect, World, look, observe
from understudy.migrate.lint.rules import Context
from understudy.migrate.lint.rules.registry import RULES
from understudy.migrate.lint.settings import LintSettings
from understudy.migrate.lint.sizes import Sizes
from understudy.migrate.session import fresh
from understudy.migrate.statements import Statement
from understudy.postgres import connect


def lint(
    dsn: str,
    migrations: Sequence[Migration],
    *,
    only: frozenset[int] | None = None,
    sizes: Sizes | None = None,
    settings: LintSettings | None = None,
) -> list[Finding]:
    """Lint migrations.

    Args:
        dsn: an empty scratch database; the migrations are run on it.
        migrations: all of them, in order: the earlier ones build what the later ones change.
        only: the numbers to say something about; all when None.
        sizes: how big the tables are where there is data.
        settings: what is said and what is not.

    Returns:
        The findings by file and line.
    """
    settings = settings or LintSettings()
    linter = _Linter(sizes or Sizes(None, settings), settings)
    found: list[Finding] = []
    with contextlib.closing(connect(dsn)) as connection:
        for migration in migrations:
            said = list(linter.file(connection, migration))
            said += squawk.squawk(migration.up, connection.info.server_version // 10000)
            if only is None or migration.version in only:
                known = [*squawk.OBSERVED, *squawk.MADE_TRUE, *(one.rule for one in said)]
                kept = apply(migration.up, [one for one in said if one.rule not in settings.ignore], known)
                found += sorted(kept, key=lambda one: (str(one.path), one.line, -one.level))
            if any(one.rule == "does-not-apply" for one in said):
                break
    return found


class _Linter:
    def __init__(self, sizes: Sizes, settings: LintSettings) -> None:
        self._sizes, self._settings = sizes, settings

    def file(self, connection: Connection, migration: Migration) -> Iterator[Finding]:
        """What the rules say of each statement of a file, and then of the file.

        The file is run as the runner runs it: in one transaction, so that SET LOCAL, savepoints, and locks and values
        that are only there at its end count as they will; or, without one, statement by statement.
        """
        script = migration.up
        begin = look(connection)
        old = frozenset(begin.tables)
        effects: list[Effect] = []
        refused: psycopg.Error | None = None
        try:
            with connection.transaction() if script.transactional else contextlib.nullcontext():
                for statement in script.statements:
                    now = effects[-1].after if effects else begin
                    effects.append(observe(connection, statement, old, now, begun=script.transactional))
        except psycopg.Error as error:
            refused = error
        fresh(connection)
        for place, effect in enumerate(effects):
            yield from self._say(migration, script.statements[place], place, effect)
        if refused:
            yield _refused(migration, min(len(effects), len(script.statements) - 1), refused)
        else:
            end = effects[-1].after if effects else begin
            yield from self._say(migration, None, None, _whole(begin, end, old))

    def _say(
        self, migration: Migration, statement: Statement | None, place: int | None, effect: Effect
    ) -> Iterator[Finding]:
        context = Context(migration, statement, effect, self._sizes, self._settings)
        line = statement.line if statement else 1
        path = migration.up.path if place is None else migration.up.sources[place]
        for name, rule in RULES.items():
            for said in rule(context):
                if statement or name in ("missing-rollback", "foreign-key-without-index"):
                    yield Finding(name, said.level, path, line, said.message, said.advice)


def _refused(migration: Migration, place: int, error: psycopg.Error) -> Finding:
    said = (error.diag.message_primary or str(error)).split("\n")[0]
    script = migration.up
    return Finding(
        "does-not-apply",
        Level.ERROR,
        script.sources[place],
        script.statements[place].line,
        f"the server refuses it: {said}",
        "Nothing after it was looked at.",
    )


def _whole(begin: World, end: World, old: frozenset[int]) -> Effect:
    """A file as if it were one statement; of such an effect only whole-file rules speak."""
    return Effect(begin, end, {}, old)
