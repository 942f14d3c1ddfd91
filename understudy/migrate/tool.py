"""Our runner, or another tool's commands, behind one interface: what applies a repository's migrations."""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from understudy.environments import Configuration
from understudy.migrate import runner
from understudy.migrate.errors import MigrateError, MigrationRefused
from understudy.migrate.options import MigrationSettings, Options, settings
from understudy.migrate.runner import Applied
from understudy.postgres.dsn import parameters, url

_TAIL = 12
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
}


class Migrator(Protocol):
    """What applies and undoes migrations. `down` without `to` undoes what the tool undoes by itself."""

    def up(self, dsn: str, *, to: int | None = None) -> tuple[Applied, ...]:
        """Apply what is missing; see `runner.up`."""

    def down(self, dsn: str, *, to: int | None = None) -> tuple[Applied, ...]:
        """Undo; see `runner.down`."""


@dataclass(frozen=True)
class OwnRunner:
    """The runner of this package."""

    folder: Path
    options: Options = field(default_factory=Options)

    def up(self, dsn: str, *, to: int | None = None) -> tuple[Applied, ...]:
        """Apply what is missing."""
        return runner.up(dsn, self.folder, to=to, options=self.options)

    def down(self, dsn: str, *, to: int | None = None) -> tuple[Applied, ...]:
        """Undo the last one, or all above a number."""
        return runner.down(dsn, self.folder, to=to, options=self.options)


@dataclass(frozen=True)
class OtherTool:
    """Commands of `[migrations]` in understudy.toml, run where that file is.

    They find the database in DATABASE_URL (a whole URL) and in libpq's own PGHOST, PGDATABASE and so on.
    """

    folder: Path
    up_command: str
    down_command: str | None
    sql_command: str | None = None

    def up(self, dsn: str, *, to: int | None = None) -> tuple[Applied, ...]:
        """Run the command that applies everything."""
        self._run(self.up_command, dsn, to)
        return ()

    def down(self, dsn: str, *, to: int | None = None) -> tuple[Applied, ...]:
        """Run the command that undoes."""
        if self.down_command is None:
            raise MigrationRefused(
                "understudy.toml names no command that undoes migrations",
                detail="[migrations] has up and no down.",
                hint='Add one: down = "alembic downgrade -1"',
            )
        self._run(self.down_command, dsn, to)
        return ()

    def sql(self, dsn: str) -> str:
        """What the command prints that says which SQL `up` would run."""
        return self._run(self.sql_command, dsn, None) if self.sql_command else ""

    def _run(self, command: str, dsn: str, to: int | None) -> str:
        if to is not None and "{to}" not in command:
            raise MigrationRefused(
                "--to is not understood by the other tool",
                detail=f"The command is {command!r}.",
                hint="Put {to} where the tool wants the number, or leave --to away.",
            )
        arguments = [part.replace("{to}", str(to)) for part in shlex.split(command)]
        try:
            done = subprocess.run(
                arguments, cwd=self.folder, env=_environment(dsn), capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise MigrateError(
                f"{arguments[0]} cannot be run", detail=f"understudy.toml says {command!r}: {error.strerror}."
            ) from None
        if done.returncode:
            raise MigrateError(
                f"{arguments[0]} failed",
                detail=f"{command!r} ended with status {done.returncode}: {_tail(done.stderr or done.stdout, dsn)}",
            )
        return done.stdout


def migrator(configuration: Configuration, found: MigrationSettings | None = None, **options: object) -> Migrator:
    """What applies this repository's migrations: the commands of understudy.toml, or our runner."""
    found = found or settings(configuration)
    if found.up:
        return OtherTool(configuration.folder, found.up, found.down, found.sql)
    return OwnRunner(found.folder, replace(found.options, **options))  # type: ignore[arg-type]  # checked by replace


def _environment(dsn: str) -> dict[str, str]:
    given = parameters(dsn)
    set_ = {_VARIABLES[key]: value for key, value in given.items() if key in _VARIABLES}
    return {**os.environ, **set_, "DATABASE_URL": url(dsn)}


def _tail(output: str, dsn: str) -> str:
    text = " ".join(" ".join(output.splitlines()[-_TAIL:]).split())
    password = parameters(dsn).get("password")
    return text.replace(password, "***") if password else text
