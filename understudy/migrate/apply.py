"""Carry out one file on a connection: in one transaction, or statement by statement with a journal of statements."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg import errors as pg

from understudy.migrate import resume
from understudy.migrate.errors import LockTimeoutError, MigrateError, StatementError
from understudy.migrate.journal import Begun, Connection, Direction, Journal
from understudy.migrate.options import Options
from understudy.migrate.script import Script
from understudy.migrate.session import fresh, require_turn
from understudy.migrate.statements import Statement

_AGAIN = (pg.LockNotAvailable, pg.DeadlockDetected)
Record = Callable[[], None]


@dataclass
class Job:
    """One file to carry out, and how to write down that it is done."""

    connection: Connection
    version: int
    direction: Direction
    label: str
    script: Script
    options: Options
    record: Record

    def run(self) -> None:
        """Do it.

        Raises:
            StatementError: the server refused a statement.
            LockTimeoutError: a lock was not to be had within the attempts.
        """
        self._attempts: Counter[int] = Counter()
        self._place = 0
        try:
            if self.script.transactional:
                self._in_one_transaction()
            else:
                self._one_by_one()
        finally:
            if not self.connection.broken and not self.connection.closed:
                fresh(self.connection)

    # --- in one transaction ---

    def _in_one_transaction(self) -> None:
        """All or nothing. When a lock is not to be had everything is rolled back before the pause: whoever waits for
        what the earlier statements locked goes on meanwhile, which a savepoint would not allow.
        """
        while True:
            try:
                with self.connection.transaction():
                    require_turn(self.connection)
                    self._limit_waiting("SET LOCAL lock_timeout", None)
                    for place, statement in enumerate(self.script.statements):
                        self._place = place
                        self.options.trace("statement", self.label, self._place)
                        self._execute(statement)
                        self.options.trace("done", self.label, self._place)
                    self._reset_role()
                    self.record()
                    self.options.trace("unjournaled", self.label, self._place)
                return
            except _AGAIN as error:
                self._pause(error)
            except psycopg.Error as error:
                raise self._failed(error, "Nothing of this migration remains.") from None

    def _reset_role(self) -> None:
        """The journal is written as whoever connected, whatever role the migration took on."""
        self.connection.execute("RESET SESSION AUTHORIZATION")
        self.connection.execute("RESET ROLE")

    # --- statement by statement ---

    def _one_by_one(self) -> None:
        begun = {entry.place: entry for entry in Journal(self.connection).under_way() if entry.version == self.version}
        resume.require_same_beginning(self.script, begun)
        for place, statement in enumerate(self.script.statements):
            self._place = place
            entry = begun.get(place)
            if entry and entry.done:
                if resume.sets_session(statement):
                    self._execute(statement)
                continue
            self.options.trace("statement", self.label, self._place)
            self._with_attempts(statement, entry)
            self.options.trace("journaled", self.label, self._place)
        with self.connection.transaction():
            self._reset_role()
            require_turn(self.connection)
            self.record()

    def _with_attempts(self, statement: Statement, entry: Begun | None) -> None:
        while True:
            try:
                if resume.runs_alone(statement):
                    self._alone(statement, entry)
                else:
                    self._with_its_entry(statement)
                return
            except _AGAIN as error:
                self._pause(error)
                entry = Begun(self.version, self.direction, self._place, statement.checksum, done=False)
            except psycopg.Error as error:
                raise self._failed(
                    error,
                    f"The {self._place} statements before it stay done; the next run goes on with this one.",
                ) from None

    def _with_its_entry(self, statement: Statement) -> None:
        """Statement and entry in one transaction: done and written down are the same moment."""
        with self.connection.transaction():
            require_turn(self.connection)
            self._limit_waiting("SET LOCAL lock_timeout", statement)
            self._execute(statement)
            self._write(statement, done=True)
            self.options.trace("unjournaled", self.label, self._place)

    def _alone(self, statement: Statement, entry: Begun | None) -> None:
        """A statement that PostgreSQL runs in no transaction of ours: begun is written before it, done after it.

        Killed in between, the next run looks at the database to find out which of the two holds.
        """
        require_turn(self.connection)
        if entry is None:
            self._write(statement, done=False)
        if entry is None or not resume.already_done(self.connection, statement, self.script.place(self._place)):
            self._limit_waiting("SET lock_timeout", statement)
            if resume.clear_the_way(self.connection, statement):
                self._execute(statement)
        self.options.trace("unjournaled", self.label, self._place)
        self._write(statement, done=True)

    def _write(self, statement: Statement, *, done: bool) -> None:
        with resume.as_ourselves(self.connection):
            Journal(self.connection).begin(self.version, self.direction, self._place, statement, done=done)

    # --- both ---

    def _execute(self, statement: Statement) -> None:
        # without parameters psycopg neither looks for % in the text nor prepares it
        self.connection.execute(statement.text.encode())

    def _limit_waiting(self, what: str, statement: Statement | None) -> None:
        self.connection.execute(f"{what} = {patience_ms(self.script, statement, self.options):d}".encode())

    def _pause(self, error: psycopg.Error) -> None:
        """Wait before the next attempt at the statement that failed.

        Raises:
            LockTimeoutError: there is no next attempt.
        """
        self._attempts[self._place] += 1
        count = self._attempts[self._place]
        if count >= self.options.attempts:
            raise LockTimeoutError(
                f"{self.label}: a lock was not to be had",
                detail=f"{self.script.place(self._place)}: {_said(error)} It was tried {count} times.",
                hint="Run it again when less is going on, or look for long transactions in pg_stat_activity.",
            ) from None
        self.options.trace("waiting", self.label, self._place)
        longest = min(self.options.longest_pause_s, self.options.first_pause_s * 2 ** (count - 1))
        time.sleep(longest * random.uniform(0.5, 1.5))

    def _failed(self, error: psycopg.Error, rest: str) -> MigrateError:
        if self.connection.broken or self.connection.closed:
            return MigrateError(
                f"{self.label}: the connection was lost",
                detail=f"{self.script.place(self._place)}: {_said(error)}",
                hint="Run the same command again: it goes on where this one ended.",
            )
        where = self.script.place(self._place) if self.script.statements else self.script.path.name
        return StatementError(
            f"{self.label} failed", detail=f"{where}: {_said(error)} {rest}", hint=error.diag.message_hint
        )


def patience_ms(script: Script, statement: Statement | None, options: Options) -> int:
    """How long a statement (None: any of a transaction) may wait for a lock, in milliseconds; 0 is for ever.

    A concurrent build waits for old transactions under a lock that stops neither readers nor writers, so it may take
    its time: only the file's header limits it. A concurrent detach may not: it ends with ACCESS EXCLUSIVE on the
    partition, and whoever came after it would stand in that queue.
    """
    if script.lock_timeout_ms is not None:
        return script.lock_timeout_ms
    patient = statement is not None and "CONCURRENTLY" in statement.words and "DETACH" not in statement.words
    return 0 if patient else options.lock_timeout_ms


def _said(error: psycopg.Error) -> str:
    """What the server said, without what may be a row's value: its `detail`, and what a data exception quotes."""
    text = " ".join((error.diag.message_primary or str(error)).split()).rstrip(".") + "."
    return re.sub(r'"[^"]*"', '"..."', text) if (error.sqlstate or "").startswith("22") else text
