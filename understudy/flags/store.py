"""Flags, overrides and users in a database. Every write is one statement, so that no concurrent one is lost.

The tables are found by the connection's search_path.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from understudy.flags.errors import (
    FlagExistsError,
    FlagTablesMissingError,
    MalformedFlagError,
    NoSuchFlagError,
    NoSuchUserError,
)
from understudy.flags.model import Flag, Override, Subject

Connection = psycopg.Connection[tuple[object, ...]]

SUBJECTS_PER_FETCH = 10_000
"""Rows of users held in memory at a time; about 2 MB."""

_COLUMNS = """id, name, description, enabled, rollout_percentage, allowed_tiers, allowed_user_ids,
              created_at, updated_at"""

_SUBJECTS = """SELECT u.id, u.tier, o.user_id, o.enabled, o.enabled_at, o.disabled_at
                 FROM users u
                 LEFT JOIN user_feature_flags o ON o.user_id = u.id AND o.feature_flag_id = %(flag)s"""


@dataclass(frozen=True)
class Overrides:
    """How many users have an override of a flag that shows it, and how many one that hides it."""

    shown: int
    hidden: int


class FlagStore:
    """The flags of one database. Its connection commits by itself (autocommit) or is in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        """Keeps the connection; nothing is read yet."""
        self._connection = connection

    # --- reading ---

    def rows(self) -> list[Flag | MalformedFlagError]:
        """Every flag in order of name; for a row that means nothing, the error that says what is wrong with it."""
        with _our_errors():
            found = self._connection.execute(f"SELECT {_COLUMNS} FROM feature_flags ORDER BY name").fetchall()
        flags: list[Flag | MalformedFlagError] = []
        for row in found:
            try:
                flags.append(_flag(row))
            except MalformedFlagError as error:
                flags.append(error)
        return flags

    def get(self, name: str) -> Flag:
        """The flag of that name.

        Raises:
            NoSuchFlagError: there is none.
            MalformedFlagError: its row means nothing.
            FlagTablesMissingError: the database has no table of flags.
        """
        with _our_errors():
            row = self._connection.execute(f"SELECT {_COLUMNS} FROM feature_flags WHERE name = %s", [name]).fetchone()
        if row is None:
            raise _no_such_flag(name)
        return _flag(row)

    def overrides(self, flag: Flag) -> Overrides:
        """The overrides of a flag, counted."""
        with _our_errors():
            found = self._connection.execute(
                "SELECT enabled, enabled_at, disabled_at FROM user_feature_flags WHERE feature_flag_id = %s", [flag.id]
            )
            shown = [_override(*row).shows for row in found]
        return Overrides(sum(shown), len(shown) - sum(shown))

    def subject(self, user_id: int, flag: Flag) -> Subject:
        """A user as this flag sees them.

        Raises:
            NoSuchUserError: there is none of that id.
        """
        with _our_errors():
            query = f"{_SUBJECTS} WHERE u.id = %(user)s"
            row = self._connection.execute(query, {"flag": flag.id, "user": user_id}).fetchone()
        if row is None:
            raise _no_such_user(user_id)
        return _subject(row)

    def subjects(self, flag: Flag) -> Iterator[Subject]:
        """Every user as this flag sees them, in no order, a few at a time. Must run inside a transaction."""
        with _our_errors(), self._connection.cursor("understudy_subjects") as cursor:
            cursor.itersize = SUBJECTS_PER_FETCH
            cursor.execute(_SUBJECTS, {"flag": flag.id})
            for row in cursor:
                yield _subject(row)

    # --- writing ---

    def insert(self, flag: Flag) -> None:
        """Add a flag.

        Raises:
            FlagExistsError: there is one of that name.
        """
        with _our_errors():
            done = self._connection.execute(
                """INSERT INTO feature_flags
                          (name, description, enabled, rollout_percentage, allowed_tiers, allowed_user_ids)
                   VALUES (%s, %s, %s, %s, %s, %s)
                   ON CONFLICT (name) DO NOTHING""",
                [
                    flag.name,
                    flag.description,
                    flag.enabled,
                    flag.rollout_percentage,
                    Jsonb(sorted(flag.allowed_tiers)),
                    Jsonb(sorted(map(int, flag.allowed_user_ids))),
                ],
            )
        if not done.rowcount:
            raise FlagExistsError(
                f"there already is a flag {flag.name!r}",
                detail="A flag's name is unique.",
                hint=f"Run `understudy flags show {flag.name}`.",
            )

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Switch a flag on or off for everybody.

        Raises:
            NoSuchFlagError: there is none of that name.
        """
        self._update(name, "enabled = %(value)s", enabled)

    def set_percentage(self, name: str, percentage: int) -> None:
        """Set the share of users whose bucket lets them in.

        Raises:
            NoSuchFlagError: there is none of that name.
        """
        self._update(name, "rollout_percentage = %(value)s", percentage)

    def set_tiers(self, name: str, tiers: Iterable[str]) -> None:
        """Set the tiers that see the flag whatever the percentage.

        Raises:
            NoSuchFlagError: there is none of that name.
        """
        self._update(name, "allowed_tiers = %(value)s", Jsonb(sorted(tiers)))

    def set_override(self, name: str, user_id: int, enabled: bool) -> None:
        """Show or hide a flag for one user, whatever its rules say.

        The stamp that is set is later than the other one, also on a clock that was set back: a row that shows the
        flag must read as one that does (Override.shows).

        Raises:
            NoSuchFlagError: there is none of that name.
            NoSuchUserError: there is none of that id.
        """
        now, before = ("enabled_at", "disabled_at") if enabled else ("disabled_at", "enabled_at")
        self._override(
            f"""INSERT INTO user_feature_flags AS o (user_id, feature_flag_id, enabled, {now})
                SELECT %(user)s, id, %(enabled)s, clock_timestamp() FROM feature_flags WHERE name = %(name)s
                ON CONFLICT (user_id, feature_flag_id) DO UPDATE
                   SET enabled = excluded.enabled,
                       {now} = greatest(excluded.{now}, o.{before} + interval '1 microsecond')""",
            {"user": user_id, "enabled": enabled, "name": name},
        )

    def clear_override(self, name: str, user_id: int) -> bool:
        """Remove a user's override, so that the flag's rules apply to them again; False when there was none.

        Raises:
            NoSuchFlagError: there is none of that name.
        """
        flag = self.get(name)
        with _our_errors():
            done = self._connection.execute(
                "DELETE FROM user_feature_flags WHERE user_id = %s AND feature_flag_id = %s", [user_id, flag.id]
            )
        return bool(done.rowcount)

    def _override(self, statement: str, values: dict[str, object]) -> None:
        try:
            with _our_errors():
                done = self._connection.execute(statement.encode(), values)
        except psycopg.errors.ForeignKeyViolation:
            raise _no_such_user(values["user"]) from None
        if not done.rowcount:
            raise _no_such_flag(str(values["name"]))

    def _update(self, name: str, assignment: str, value: object) -> None:
        statement = f"UPDATE feature_flags SET {assignment}, updated_at = now() WHERE name = %(name)s"
        with _our_errors():
            done = self._connection.execute(statement.encode(), {"value": value, "name": name})
        if not done.rowcount:
            raise _no_such_flag(name)


@contextlib.contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        raise FlagTablesMissingError(
            detail=f"The server said: {error.diag.message_primary}.",
            hint="Run `understudy migrate up` on it: the tables are feature_flags, user_feature_flags and users.",
        ) from None


def _flag(row: tuple[Any, ...]) -> Flag:  # what psycopg reads a row as
    """A row of `feature_flags`, checked: whoever evaluates a flag relies on what the type says.

    NULL reads as the column's default, with which nobody sees the flag.
    """
    number, name, description, enabled, percentage, tiers, users, created, updated = row
    percentage = percentage or 0
    if not 0 <= percentage <= 100:
        raise _malformed(name, "rollout_percentage", f"{percentage}, which is not from 0 to 100")
    tiers = _list(name, "allowed_tiers", tiers)
    if not all(isinstance(tier, str) for tier in tiers):
        raise _malformed(name, "allowed_tiers", "an element that is not a text")
    users = _list(name, "allowed_user_ids", users)
    if not all(isinstance(user, int | str) and not isinstance(user, bool) for user in users):
        raise _malformed(name, "allowed_user_ids", "an element that is neither a number nor a text")
    return Flag(
        id=number,
        name=name,
        description=description,
        enabled=bool(enabled),
        rollout_percentage=percentage,
        allowed_tiers=frozenset(tiers),
        allowed_user_ids=frozenset(map(str, users)),
        created_at=created,
        updated_at=updated,
    )


def _list(name: str, column: str, value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _malformed(name, column, "something that is not a JSON array")
    return value


def _subject(row: tuple[Any, ...]) -> Subject:
    user_id, tier, overridden, *override = row
    return Subject(user_id, tier, _override(*override) if overridden is not None else None)


def _override(enabled: Any, enabled_at: Any, disabled_at: Any) -> Override:
    return Override(bool(enabled), enabled_at, disabled_at)


def _malformed(name: str, column: str, what: str) -> MalformedFlagError:
    return MalformedFlagError(
        f"the row of the flag {name!r} is malformed",
        detail=f"Its {column} holds {what}, so that nobody can be told who sees the flag.",
        hint="Correct it; the constraints in migrations/0002_feature_flags.sql forbid most of this.",
    )


def _no_such_flag(name: str) -> NoSuchFlagError:
    return NoSuchFlagError(
        f"there is no flag {name!r}",
        detail="No row of feature_flags has that name.",
        hint="Run `understudy flags list` to see what there is, `understudy flags create` to add it.",
    )


def _no_such_user(user_id: object) -> NoSuchUserError:
    return NoSuchUserError(f"there is no user {user_id}", detail="No row of users has that id.")
