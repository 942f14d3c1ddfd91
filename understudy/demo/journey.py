"""Rows of superior_onboarding_states and onboarding_message_deliveries."""

from __future__ import annotations

import polars as pl

from understudy.demo import texts
from understudy.demo.dice import chosen, spread
from understudy.demo.messages import delivery
from understudy.demo.world import HOUR, SECOND, World, instant

AVERAGE_HOURS = 3.4
SLOW_HOURS = (24.5, 35.5)
"""Who takes longer than a day takes this long: 30 hours on average."""

QUICKEST_HOURS = 0.2
STEPS = ("profile_at", "channel_at", "plan_at", "first_task_at")


def journeys(world: World, ids: pl.DataFrame) -> pl.DataFrame:
    """How far each user who began came: user_id, started, done (0-4), and the instant of each step, in microseconds."""
    dice, who = world.dice, pl.col("user_id")
    undone = world.size.users - world.size.completed
    began = chosen(pl.col("undone"), world.size.began - world.size.completed, undone)
    roll = dice.below("steps", who, 100)
    stopped = (roll >= 15).cast(pl.Int64) + (roll >= 45) + (roll >= 75)
    ranked = ids.select(user_id="id").with_columns(completed=world.completed_rank(who), undone=world.undone_rank(who))
    return (
        ranked.filter(pl.col("completed").is_not_null() | began)
        .with_columns(
            started=world.created(who) + dice.below("started", who, 8 * HOUR),
            done=pl.when(pl.col("completed").is_null()).then(stopped).otherwise(4),
            took=_took(world),
        )
        .with_columns(_step(world, number, name) for number, name in enumerate(STEPS, 1))
        .drop("completed", "undone", "took")
    )


def _took(world: World) -> pl.Expr:
    """From begin to end in seconds, whole: exact in number beyond 24 h, 3.4 h on average, most in the first hours."""
    within, late = world.size.within_24h, world.size.completed - world.size.within_24h
    rank = pl.col("completed")
    late_rank = rank * late // world.size.completed
    slow = SLOW_HOURS[0] + (SLOW_HOURS[1] - SLOW_HOURS[0]) * spread(late_rank, late)
    mean_fast = (AVERAGE_HOURS * world.size.completed - sum(SLOW_HOURS) / 2 * late) / within
    x = spread(rank - late_rank, within)
    # the mean of x to the seventh is 1/8
    fast = QUICKEST_HOURS + 8 * (mean_fast - QUICKEST_HOURS) * (x * x * x * x * x * x * x)
    is_slow = chosen(rank, late, world.size.completed)
    unfinished = 1 + 90 * world.dice.unit("unfinished", pl.col("user_id"))
    hours = pl.when(rank.is_null()).then(unfinished).when(is_slow).then(slow).otherwise(fast)
    return (hours * 3600).floor().cast(pl.Int64)


def _step(world: World, number: int, name: str) -> pl.Expr:
    """The instant of a step: somewhere in its quarter of the time taken, the last step at its very end."""
    percent = (
        25 * (number - 1) + world.dice.below(f"step/{number}", pl.col("user_id"), 20) if number < 4 else pl.lit(100)
    )
    at = pl.col("started") + pl.col("took") * percent // 100 * SECOND
    return pl.when(pl.col("done") >= number).then(at).alias(name)


def states(world: World, journey: pl.DataFrame) -> pl.DataFrame:
    """Rows of superior_onboarding_states for journeys that have got an `id`."""
    dice, people, who = world.dice, world.people, pl.col("user_id")
    last = pl.max_horizontal("started", *STEPS)
    return journey.select(
        "id",
        "user_id",
        started_at=instant(pl.col("started")),
        **{name: instant(pl.col(name)) for name in STEPS},
        answers=pl.struct(
            nickname=people.first_name(who),
            contact=pl.struct(email=people.email(who), phone=people.known_phone(who)),
            channel=_channel(world),
            goal=dice.pick("goal", who, pl.Series(["work", "health", "family", "study"])),
        ).struct.json_encode(),
        updated_at=instant(last),
    )


def _channel(world: World) -> pl.Expr:
    who = pl.col("user_id")
    roll = world.dice.below("channel", who, 100)
    has_phone = world.people.known_phone(who).fill_null("") != ""
    return (
        pl.when((roll < 60) | ~has_phone)
        .then(pl.lit("email"))
        .when(roll < 85)
        .then(pl.lit("sms"))
        .otherwise(pl.lit("whatsapp"))
    )


def invitations(world: World, journey: pl.DataFrame) -> pl.DataFrame:
    """Rows of onboarding_message_deliveries: one for each step the user was invited to."""
    dice, people, who = world.dice, world.people, pl.col("user_id")
    invited = pl.int_ranges(1, pl.min_horizontal(pl.col("done") + 2, 5))
    rows = (
        journey.with_columns(step=invited)
        .explode("step", empty_as_null=False)
        .with_columns(row=who * 4 + pl.col("step") - 1, channel=_channel(world))
    )
    # the step before is the occasion of the message
    before = pl.coalesce(
        pl.when(pl.col("step") == number).then(pl.col(name)) for number, name in enumerate(("started", *STEPS[:-1]), 1)
    )
    recipient = pl.when(pl.col("channel") == "email").then(people.email(who)).otherwise(people.phone(who))
    return rows.select(
        onboarding_state_id="id",
        step="step",
        channel="channel",
        recipient=recipient,
        subject=pl.when(pl.col("channel") == "email").then(
            pl.concat_str(people.first_name(who), pl.lit(", passo "), pl.col("step").cast(pl.String))
        ),
        body=texts.write(
            dice, "invitation", pl.col("row"), texts.INVITATIONS, name=people.full_name(who), contact=recipient
        ),
        **delivery(world, "invitation", pl.col("row"), before, recipient),
    )
