"""Rows of message_deliveries and delivery_analytics."""

from __future__ import annotations

import polars as pl

from understudy.demo import texts
from understudy.demo.world import DAY, HISTORY, HOUR, REFERENCE, SECOND, World, instant, mostly, uuid

TEMPLATES = pl.Series(["weekly_digest", "task_due", "plan_shared", "we_miss_you"])
MOST_PER_USER = 4


def delivery(world: World, stream: str, row: pl.Expr, queued: pl.Expr, recipient: pl.Expr) -> dict[str, pl.Expr]:
    """The columns that say what became of a message: status, queued_at, delivered_at, error."""
    dice = world.dice
    roll = dice.below(f"{stream}/status", row, 100)
    good = pl.when(roll < 90).then(pl.lit("delivered")).when(roll < 94).then(pl.lit("bounced"))
    status = good.when(roll < 96).then(pl.lit("failed")).otherwise(pl.lit("sent"))
    took = (1 + dice.below(f"{stream}/took", row, 300)) * SECOND
    refused = pl.concat_str(pl.lit("550 5.1.1 <"), recipient, pl.lit(">: recipient rejected\r\nsee C:\\mta\\log"))
    return {
        "status": status,
        "queued_at": instant(queued),
        "delivered_at": instant(pl.when(roll < 90).then(queued + took)),
        "error": pl.when(roll.is_between(90, 93)).then(refused).when(roll.is_between(94, 95)).then(pl.lit("timeout")),
    }


def messages(world: World, ids: pl.DataFrame) -> pl.DataFrame:
    """Rows of message_deliveries without their id: none to four for each user, two on average."""
    dice, people, who, row = world.dice, world.people, pl.col("user_id"), pl.col("row")
    many = dice.below("messages", pl.col("id"), MOST_PER_USER + 1)
    rows = (
        ids.select(user_id="id", number=pl.int_ranges(0, many))
        .explode("number", empty_as_null=False)
        .with_columns(row=who * MOST_PER_USER + pl.col("number"))
        .with_columns(
            by_mail=dice.chance("messages/channel", row, 70) | (people.known_phone(who).fill_null("") == ""),
            template=dice.pick("messages/template", row, TEMPLATES),
        )
    )
    recipient = pl.when("by_mail").then(people.email(who)).otherwise(people.phone(who))
    name = people.full_name(who)
    queued = REFERENCE - HOUR - dice.below("messages/queued", row, HISTORY)
    return rows.select(
        "user_id",
        channel=pl.when("by_mail").then(pl.lit("email")).otherwise(pl.lit("sms")),
        template="template",
        recipient=recipient,
        subject=pl.when("by_mail").then(pl.concat_str(people.first_name(who), pl.lit(", hai novità"))),
        body=texts.write(dice, "messages/body", row, texts.REMINDERS, name=name, contact=recipient),
        provider_message_id=mostly(dice, "messages/provider", row, uuid(dice, "messages/uuid", row), null=4),
        metadata=pl.struct(
            to=pl.struct(name=name, email=people.email(who)),
            campaign=pl.concat_str(pl.lit("2025-"), pl.col("template")),
            attempt=dice.below("messages/attempt", row, 3) + 1,
        ).struct.json_encode(),
        **delivery(world, "messages", row, queued, recipient),
    )


def analytics(world: World, sent: pl.DataFrame) -> pl.DataFrame:
    """Rows of delivery_analytics: one for each delivered message, opened or not."""
    dice, row = world.dice, pl.col("id")
    opens = dice.below("analytics/opens", row, 4)
    clicks = pl.when(opens > 1).then(dice.below("analytics/clicks", row, 3)).otherwise(0)
    opened = pl.col("delivered_at") + pl.duration(seconds=60 + dice.below("analytics/opened", row, DAY // SECOND))
    return sent.filter(pl.col("status") == "delivered").select(
        message_delivery_id="id",
        opens=opens,
        clicks=clicks,
        first_opened_at=pl.when(opens > 0).then(opened),
        last_clicked_at=pl.when(clicks > 0).then(opened + pl.duration(minutes=5)),
        client_ip=pl.when(opens > 0).then(world.people.ip("analytics", row)),
        user_agent=pl.when(opens > 0).then(dice.pick("analytics/agent", row, pl.Series(texts.USER_AGENTS))),
    )
