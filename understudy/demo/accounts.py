"""Rows of users, feature_flags and user_feature_flags."""

from __future__ import annotations

import polars as pl

from understudy.demo import texts
from understudy.demo.world import DAY, HOUR, REFERENCE, World, instant, mostly

FLAGS = pl.DataFrame(
    [
        ("new_dashboard", "The dashboard of 2025", True, 100, "[]", "[]"),
        ("plan_sharing", "Plans can be read by others", True, 25, '["team", "enterprise"]', "[1, 2, 3]"),
        ("whatsapp_messages", "Messages by WhatsApp", True, 10, "[]", "[7]"),
        ("ai_suggestions", "Suggested tasks; hidden until the audit is done", False, 50, '["enterprise"]', "[11]"),
        ("calendar_export", "iCal feed of all tasks", True, 0, '["pro"]', "[]"),
        ("billing_v2", None, False, 0, "[]", "[]"),
    ],
    schema=["name", "description", "enabled", "rollout_percentage", "allowed_tiers", "allowed_user_ids"],
    orient="row",
).select(
    pl.int_range(1, pl.len() + 1).alias("id"),
    pl.all(),
    created_at=instant(pl.lit(REFERENCE - 200 * DAY)),
    updated_at=instant(pl.lit(REFERENCE - 20 * DAY)),
)


def users(world: World, ids: pl.DataFrame) -> pl.DataFrame:
    """One row for each id."""
    dice, people, who = world.dice, world.people, pl.col("id")
    locale, email = people.locale(who), people.email(who)
    phone = people.known_phone(who)
    return ids.select(
        "id",
        email=email,
        full_name=mostly(dice, "full_name", who, people.full_name(who), empty=1),
        first_name=mostly(dice, "first_name", who, people.first_name(who), null=4),
        last_name=mostly(dice, "last_name", who, people.last_name(who), null=4),
        phone=phone,
        address=mostly(dice, "address", who, _address(world, who), null=10, empty=1),
        city=mostly(dice, "city", who, people.city(who), null=10),
        postcode=mostly(dice, "postcode", who, people.postcode(who), null=10),
        company=mostly(dice, "company", who, people.company(who), null=70, empty=2),
        locale=locale,
        tier=_tier(world, who),
        last_ip=mostly(dice, "last_ip", who, people.ip("last_ip", who), null=5),
        profile=_profile(world, who, email, phone, locale),
        notes=mostly(dice, "notes", who, _note(world, who), null=60, empty=5),
        created_at=instant(world.created(who)),
        updated_at=instant(world.created(who) + dice.below("updated", who, 10 * DAY)),
        last_active_at=instant(_last_active(world, who)),
    )


def _address(world: World, who: pl.Expr) -> pl.Expr:
    people = world.people
    return pl.concat_str(people.street(who), pl.lit("\n"), people.postcode(who), pl.lit(" "), people.city(who))


def _tier(world: World, who: pl.Expr) -> pl.Expr:
    roll = world.dice.below("tier", who, 100)
    free_or_pro = pl.when(roll < 72).then(pl.lit("free")).when(roll < 92).then(pl.lit("pro"))
    return free_or_pro.when(roll < 98).then(pl.lit("team")).otherwise(pl.lit("enterprise"))


def _profile(world: World, who: pl.Expr, email: pl.Expr, phone: pl.Expr, locale: pl.Expr) -> pl.Expr:
    dice, people = world.dice, world.people
    relative = who + 1_000_000_000  # somebody who has no account
    return pl.struct(
        pl.struct(name=people.full_name(who), email=email, phone=phone).alias("contact"),
        pl.struct(street=people.street(who), city=people.city(who), postcode=people.postcode(who)).alias("address"),
        mostly(dice, "job", who, people.job(who), null=30).alias("job"),
        pl.when(dice.chance("emergency", who, 20))
        .then(pl.struct(name=people.full_name(relative), phone=people.phone(relative)))
        .alias("emergency_contact"),
        pl.struct(
            newsletter=dice.chance("newsletter", who, 40),
            language=locale.str.slice(0, 2),
            theme=dice.pick("theme", who, pl.Series(["light", "dark", "auto"])),
        ).alias("preferences"),
    ).struct.json_encode()


def _note(world: World, who: pl.Expr) -> pl.Expr:
    people = world.people
    return texts.write(world.dice, "note", who, texts.NOTES, name=people.full_name(who), contact=people.phone(who))


def _last_active(world: World, who: pl.Expr) -> pl.Expr:
    """Within 30 days for who is active, before that for who lapsed, never for the others."""
    dice = world.dice
    recently = REFERENCE - HOUR - dice.below("recently", who, 29 * DAY)
    earlier = REFERENCE - 31 * DAY - dice.below("earlier", who, 80 * DAY)
    return pl.when(world.is_active(who)).then(recently).when(world.is_lapsed(who)).then(earlier)


def overrides(world: World, ids: pl.DataFrame) -> pl.DataFrame:
    """Flags set by hand for one user in forty: a flag each, on or off."""
    dice, who = world.dice, pl.col("id")
    on, at = dice.chance("override/on", who, 80), REFERENCE - dice.below("override/at", who, 100 * DAY)
    return ids.filter(dice.chance("override", who, 2.5)).select(
        user_id="id",
        feature_flag_id=dice.below("override/flag", who, len(FLAGS)) + 1,
        enabled=on,
        enabled_at=instant(pl.when(on).then(at)),
        disabled_at=instant(pl.when(~on).then(at)),
    )
