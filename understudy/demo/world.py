"""What every table of the practice production has in common: who is what, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from understudy.demo.dice import Dice
from understudy.demo.people import People
from understudy.demo.size import BLOCK, CASUAL, COMPLETED, POWER, Size

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

REFERENCE = int(datetime(2025, 6, 30, 18, 0, tzinfo=UTC).timestamp()) * SECOND
"""The instant of the newest activity, in microseconds since 1970. Fixed: nothing here reads the clock."""

OPENED = REFERENCE - 900 * DAY
"""When the first user signed up."""

HISTORY = 120 * DAY
"""How far back events and audit logs are kept. Everybody signed up before that."""


@dataclass(frozen=True)
class World:
    """One production to be: its size, its dice and its people. Users are numbered from 1, in order of signing up."""

    size: Size
    dice: Dice
    people: People

    def _slot(self, stream: str, user: pl.Expr) -> pl.Expr:
        """A user's place in their block of 18, shuffled from block to block."""
        at, block = (user - 1) % BLOCK, (user - 1) // BLOCK
        return (at * 5 + self.dice.below(stream, block, BLOCK)) % BLOCK

    def is_power(self, user: pl.Expr) -> pl.Expr:
        """Whether the user does far more than the others."""
        return self._slot("activity", user) < POWER

    def is_active(self, user: pl.Expr) -> pl.Expr:
        """Whether the user did something in the last 30 days; power users did."""
        return self._slot("activity", user) < POWER + CASUAL

    def is_lapsed(self, user: pl.Expr) -> pl.Expr:
        """Whether the user did something, but not in the last 30 days. Who is none of these never came back."""
        return self._slot("activity", user).is_between(POWER + CASUAL, POWER + CASUAL + 8)

    def completed_rank(self, user: pl.Expr) -> pl.Expr:
        """The user's number among those who finish the onboarding, from 0; null for the others."""
        slot = self._slot("onboarding", user)
        return pl.when(slot < COMPLETED).then((user - 1) // BLOCK * COMPLETED + slot)

    def undone_rank(self, user: pl.Expr) -> pl.Expr:
        """The user's number among those who do not finish the onboarding, from 0; null for the others."""
        slot = self._slot("onboarding", user) - COMPLETED
        return pl.when(slot >= 0).then((user - 1) // BLOCK * (BLOCK - COMPLETED) + slot)

    def created(self, user: pl.Expr) -> pl.Expr:
        """When the user signed up, in microseconds."""
        step = (REFERENCE - HISTORY - 10 * DAY - OPENED) // self.size.users
        return OPENED + (user - 1) * step + self.dice.below("created", user, step)


def instant(microseconds: pl.Expr) -> pl.Expr:
    """A point in time as PostgreSQL's timestamptz."""
    return microseconds.cast(pl.Datetime("us", "UTC"))


def day(microseconds: pl.Expr) -> pl.Expr:
    """The day of a point in time, in UTC."""
    return (microseconds // DAY).cast(pl.Date)


def mostly(dice: Dice, stream: str, row: pl.Expr, value: pl.Expr, *, null: float = 0, empty: float = 0) -> pl.Expr:
    """The value, but null in so many of a hundred rows and the empty string in so many others."""
    roll = dice.below(f"{stream}/mostly", row, 10_000)
    nulls, empties = round(null * 100), round((null + empty) * 100)
    return pl.when(roll < nulls).then(None).when(roll < empties).then(pl.lit("")).otherwise(value)


def uuid(dice: Dice, stream: str, row: pl.Expr) -> pl.Expr:
    """A UUID of decimal digits; its first half is the row's number, so that no two are equal."""
    low = dice.below(stream, row, 10**16)
    return pl.concat_str(row.cast(pl.String).str.zfill(16), low.cast(pl.String).str.zfill(16))
