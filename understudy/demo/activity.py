"""Rows of analytics_events and security_audit_logs, in the order of time.

Who did an event follows from the event's number alone, and yet the shares are exact: of every 20 events one is a
visitor's, and of the others three in five are a power user's. Within a group users take turns by a deck in which each
stands as often as he is busy; so nobody outside the power users ever reaches twice the average, every active user
has an event in the last 30 days, and no lapsed one does.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from understudy.demo import texts
from understudy.demo.world import DAY, HISTORY, REFERENCE, World, instant, mostly, uuid

RECENT = 30 * DAY
KINDS = pl.Series(
    ["page_view"] * 12 + ["task_done"] * 3 + ["search"] * 2 + ["invite_sent", "profile_updated", "sign_in"]
)
PAGES = pl.Series(["/", "/plans", "/plans/new", "/tasks", "/settings/profile", "/help", "/città/eventi"])

POWER_TURNS = (5, 5, 5, 6, 6, 7, 8, 10)
CASUAL_TURNS = (2, 3, 3, 4)
LAPSED_TURNS = (1, 2, 3, 4, 5)
"""How often a user may stand in the deck of the group. The least busy power user is still above twice the average."""


class Turns:
    """Whose turn it is in each group. The n-th event of a group belongs to the n-th card of its deck, over and over."""

    def __init__(self, world: World) -> None:
        """Shuffle the decks; they hold one number for every turn of every user who does anything."""
        users = pl.DataFrame({"user": pl.int_range(1, world.size.users + 1, eager=True)})
        who = pl.col("user")
        power = world.is_power(who)
        self._decks = {
            "power": _deck(world, users.filter(power), POWER_TURNS),
            "casual": _deck(world, users.filter(world.is_active(who) & ~power), CASUAL_TURNS),
            "lapsed": _deck(world, users.filter(world.is_lapsed(who)), LAPSED_TURNS),
        }
        self._dealt = dict.fromkeys(self._decks, 0)

    def deal(self, groups: pl.Series) -> pl.Series:
        """The user of each event, given its group; null where there is none. Call it for events in order."""
        users = pl.lit(None, dtype=pl.Int64)
        for name, deck in self._decks.items():
            mine = (groups == name).fill_null(False)
            rank = mine.cast(pl.Int64).cum_sum() - 1 + self._dealt[name]
            whose = pl.lit(deck).gather(pl.lit(rank.clip(0) % len(deck)))
            users = pl.when(pl.lit(mine)).then(whose).otherwise(users)
            self._dealt[name] += int(mine.sum())
        return pl.select(user_id=users).to_series()


def _deck(world: World, users: pl.DataFrame, turns: tuple[int, ...]) -> pl.Series:
    many = world.dice.pick("turns", pl.col("user"), pl.Series(turns))
    cards = users.with_columns(card=pl.int_ranges(0, many)).explode("card", empty_as_null=False)
    order = world.dice.bits("deck", pl.col("user") * 16 + pl.col("card"))
    return cards.sort(order, "user", "card")["user"]


def _moment(world: World, stream: str, row: pl.Expr, rows: int) -> pl.Expr:
    """When row number `row` of `rows` happened, in microseconds: never before its predecessor, the last at the end."""
    step = HISTORY // rows
    until_end = (rows - 1 - row) * step
    # the last few have no jitter, so that the newest is at REFERENCE to the microsecond
    jitter = pl.when(row < rows - 40).then(world.dice.below(f"{stream}/jitter", row, step)).otherwise(0)
    return REFERENCE - until_end + jitter


def events(world: World, chunk: int) -> Iterator[pl.DataFrame]:
    """Rows of analytics_events, in chunks of so many."""
    turns, total = Turns(world), world.size.events
    # the newest event is a visitor's; "now", in the figures, is that of the newest user's
    horizon = REFERENCE - HISTORY // total - RECENT
    for start in range(0, total, chunk):
        row = pl.col("row")
        rows = pl.DataFrame({"row": pl.int_range(start, min(start + chunk, total), eager=True)})
        rows = rows.with_columns(at=_moment(world, "events", row, total)).with_columns(
            group=_group(world, row, pl.col("at") <= horizon), event_name=world.dice.pick("events/kind", row, KINDS)
        )
        yield _event_rows(world, rows.with_columns(turns.deal(rows["group"])))


def _group(world: World, row: pl.Expr, long_ago: pl.Expr) -> pl.Expr:
    visitor, rank = row % 20 == 19, row - row // 20
    lapsed = long_ago & world.dice.chance("events/lapsed", row, 90)
    group = pl.when(visitor).then(None).when(rank % 5 < 3).then(pl.lit("power"))
    return group.when(lapsed).then(pl.lit("lapsed")).otherwise(pl.lit("casual"))


def _event_rows(world: World, rows: pl.DataFrame) -> pl.DataFrame:
    dice, row, session = world.dice, pl.col("row"), pl.col("row") // 3
    return rows.select(
        "user_id",
        session_id=mostly(dice, "events/session", row, uuid(dice, "events/session", session), null=1),
        event_name="event_name",
        occurred_at=instant(pl.col("at")),
        page=dice.pick("events/page", row, PAGES),
        client_ip=world.people.ip("events", session),
        user_agent=dice.pick("events/agent", session, pl.Series(texts.USER_AGENTS)),
        properties=_properties(world, rows),
    )


def _properties(world: World, rows: pl.DataFrame) -> pl.Series:
    """A few of the events hold what somebody typed: a name, addresses, a phone number.

    Writing JSON is the dearest thing here, so each kind of event writes its own only.
    """
    people, dice, row = world.people, world.dice, pl.col("row")
    other = dice.below("events/other", row, 10**9)
    typed = {
        "search": pl.struct(query=people.full_name(other), results=dice.below("events/results", row, 40)),
        "invite_sent": pl.struct(invited=pl.concat_list(people.email(other), people.email(other + 1))),
        "profile_updated": pl.struct(changes=pl.struct(phone=people.phone(other), city=people.city(other))),
    }
    kind = pl.col("event_name")
    took = pl.concat_str(pl.lit('{"ms": '), dice.below("events/ms", row, 3000).cast(pl.String), pl.lit("}"))
    parts = [rows.filter(~kind.is_in(list(typed))).select("row", took.alias("properties"))]
    for name, what in typed.items():
        parts.append(rows.filter(kind == name).select("row", what.struct.json_encode().alias("properties")))
    return pl.concat(parts).sort("row")["properties"]


AUDITED = pl.Series(["sign_in", "password_changed", "sign_in_refused", "data_exported"])


def audit_logs(world: World, chunk: int) -> Iterator[pl.DataFrame]:
    """Rows of security_audit_logs, in chunks of so many; the kinds stand in the order of their sentences."""
    dice, people, row, who = world.dice, world.people, pl.col("row"), pl.col("who")
    total = world.size.audit_rows
    for start in range(0, total, chunk):
        rows = pl.DataFrame({"row": pl.int_range(start, min(start + chunk, total), eager=True)}).with_columns(
            who=dice.below("audit/user", row, world.size.users) + 1, action=dice.pick("audit/text", row, AUDITED)
        )
        name, email, ip = people.full_name(who), people.email(who), people.ip("audit", row)
        yield rows.select(
            occurred_at=instant(_moment(world, "audit", row, total)),
            user_id=pl.when(dice.chance("audit/known", row, 92)).then(who),
            actor_email=mostly(dice, "audit/email", row, email, null=3),
            action="action",
            succeeded=pl.col("action") != "sign_in_refused",
            client_ip=ip,
            user_agent=dice.pick("audit/agent", row, pl.Series(texts.USER_AGENTS)),
            message=texts.write(dice, "audit/text", row, texts.AUDIT, name=name, contact=email),
            details=pl.struct(
                request=pl.struct(ip=ip, email=email),
                changes=pl.when(pl.col("action") == "password_changed").then(
                    pl.struct(old_email=people.email(who + world.size.users), new_email=email)
                ),
                risk=dice.below("audit/risk", row, 100),
            ).struct.json_encode(),
        )
