"""What is done with flags: the values of `model`, the rows of `store` and the answers of `evaluation`, together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from understudy.flags import model
from understudy.flags.evaluation import Census, Evaluation, census, evaluate
from understudy.flags.model import Flag
from understudy.flags.store import Connection, FlagStore


@dataclass(frozen=True)
class Exposure:
    """Who sees a flag at one instant. It is hidden when nobody does."""

    flag: Flag
    census: Census

    @property
    def hidden(self) -> bool:
        """Whether no user sees the flag."""
        return not self.census.seen

    @property
    def open_to_new_users(self) -> bool:
        """Whether somebody who signs up tomorrow may see it: their bucket or their tier may let them in."""
        return self.flag.enabled and bool(self.flag.rollout_percentage or self.flag.allowed_tiers)


def create(
    connection: Connection,
    name: str,
    *,
    description: str | None = None,
    enabled: bool = False,
    percentage: int = 0,
    tiers: Iterable[str] = (),
    user_ids: Iterable[str] = (),
) -> Flag:
    """Add a flag and return its row; unless told otherwise, one that nobody sees.

    Raises:
        FlagValueError: a value that no flag can have.
        FlagExistsError: there is one of that name.
    """
    store = FlagStore(connection)
    store.insert(
        Flag(
            model.flag_name(name),
            enabled,
            model.percentage(percentage),
            model.tiers(tiers),
            frozenset(str(model.user_id(user)) for user in user_ids),
            description,
        )
    )
    return store.get(name)


def switch(connection: Connection, name: str, enabled: bool) -> Flag:
    """Enable or disable a flag, and return its row.

    Raises:
        NoSuchFlagError: there is none of that name.
    """
    store = FlagStore(connection)
    store.set_enabled(name, enabled)
    return store.get(name)


def roll_out(connection: Connection, name: str, percentage: int, tiers: Iterable[str] | None = None) -> Flag:
    """Set a flag's percentage and, unless None, its tiers; return its row.

    Raises:
        FlagValueError: not a percentage, not a tier.
        NoSuchFlagError: there is none of that name.
    """
    model.percentage(percentage)
    checked = None if tiers is None else model.tiers(tiers)
    store = FlagStore(connection)
    with connection.transaction():
        store.set_percentage(name, percentage)
        if checked is not None:
            store.set_tiers(name, checked)
    return store.get(name)


def override(connection: Connection, user: str, name: str, enabled: bool | None) -> Evaluation:
    """Show a flag to one user, hide it from them, or (None) let its rules apply again; return what they see now.

    Raises:
        FlagValueError: the user is not a number.
        NoSuchFlagError: there is none of that name.
        NoSuchUserError: there is none of that id.
    """
    store = FlagStore(connection)
    user_id = model.user_id(user)
    if enabled is None:
        store.subject(user_id, store.get(name))
        store.clear_override(name, user_id)
    else:
        store.set_override(name, user_id, enabled)
    return check(connection, user, name)


def check(connection: Connection, user: str, name: str) -> Evaluation:
    """Whether a user sees a flag, and why.

    Raises:
        FlagValueError: the user is not a number.
        NoSuchFlagError: there is none of that name.
        NoSuchUserError: there is none of that id.
        MalformedFlagError: its row means nothing.
    """
    store = FlagStore(connection)
    user_id = model.user_id(user)
    flag = store.get(name)
    return evaluate(flag, store.subject(user_id, flag))


def verify_hidden(connection: Connection, names: Sequence[str]) -> list[Exposure]:
    """Evaluate flags for every row of users, all at one instant of the database.

    About 4 s per flag and million users; memory does not grow with them.

    Args:
        connection: in autocommit mode; a read-only transaction is opened on it.
        names: the flags.

    Raises:
        NoSuchFlagError: there is none of a name.
        MalformedFlagError: a row means nothing.
    """
    store = FlagStore(connection)
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        flags = [store.get(name) for name in dict.fromkeys(names)]
        return [Exposure(flag, census(flag, store.subjects(flag))) for flag in flags]
