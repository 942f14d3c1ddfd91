"""Rows of action_plans and plan_tasks."""

from __future__ import annotations

import polars as pl

from understudy.demo import texts
from understudy.demo.world import DAY, World, day, instant, mostly

STRANGERS = 1_000_000_000
"""Numbers of people who have no account begin here."""

MOST_TASKS = 5


def plans(world: World, journey: pl.DataFrame) -> pl.DataFrame:
    """Rows of action_plans without their id, for journeys: one or two for who came as far as step 3.

    `created` and `completed` (microseconds, null while it is not done) are there for the tasks.
    """
    dice, people, who, row = world.dice, world.people, pl.col("user_id"), pl.col("row")
    many = dice.below("plans", who, 2) + 1
    rows = (
        journey.filter(pl.col("done") >= 3)
        .with_columns(number=pl.int_ranges(0, many))
        .explode("number", empty_as_null=False)
        .with_columns(row=who * 2 + pl.col("number"))
        .with_columns(
            created=pl.col("plan_at") + pl.col("number") * dice.below("plans/later", row, 60 * DAY),
            roll=dice.below("plans/status", row, 100),
        )
        .with_columns(
            completed=pl.when(pl.col("roll") < 35).then(
                pl.col("created") + 2 * DAY + dice.below("plans/took", row, 60 * DAY)
            )
        )
    )
    friend = STRANGERS + row
    shared = pl.concat_list(people.email(friend), people.email(friend + STRANGERS))
    roll = pl.col("roll")
    return rows.select(
        "user_id",
        title=_title(world, row, friend),
        goal=mostly(dice, "plans/goal", row, _goal(world, row, friend), null=25, empty=3),
        status=pl.when(roll < 35)
        .then(pl.lit("done"))
        .when(roll < 75)
        .then(pl.lit("active"))
        .when(roll < 90)
        .then(pl.lit("abandoned"))
        .otherwise(pl.lit("draft")),
        shared_with=_array(shared.list.head(dice.below("plans/shared", row, 3))),
        budget=pl.when(dice.chance("plans/budget", row, 40)).then(dice.below("plans/cents", row, 900_000) / 100),
        due_on=day(pl.col("created") + 30 * DAY),
        created_at=instant(pl.col("created")),
        updated_at=instant(pl.coalesce("completed", "created")),
        completed_at=instant(pl.col("completed")),
        created="created",
        completed="completed",
    )


def _title(world: World, row: pl.Expr, friend: pl.Expr) -> pl.Expr:
    plain = world.dice.pick("plans/title", row, pl.Series(texts.PLAN_TITLES))
    naming = pl.concat_str(pl.lit("Sorpresa per "), world.people.full_name(friend))
    return pl.when(world.dice.chance("plans/naming", row, 20)).then(naming).otherwise(plain)


def _goal(world: World, row: pl.Expr, friend: pl.Expr) -> pl.Expr:
    people = world.people
    return texts.write(
        world.dice, "plans/goal", row, texts.GOALS, name=people.full_name(friend), contact=people.phone(friend)
    )


def _array(items: pl.Expr) -> pl.Expr:
    """A list of texts in which nothing needs quotes, as PostgreSQL writes an array."""
    return pl.concat_str(pl.lit("{"), items.list.join(","), pl.lit("}"))


def tasks(world: World, plan: pl.DataFrame) -> pl.DataFrame:
    """Rows of plan_tasks for plans that have got an `id`: one to five each."""
    dice, people, row = world.dice, world.people, pl.col("row")
    many = dice.below("tasks", pl.col("id"), MOST_TASKS) + 1
    rows = (
        plan.select("id", "user_id", "created", "completed", position=pl.int_ranges(1, many + 1))
        .explode("position", empty_as_null=False)
        .with_columns(row=pl.col("id") * (MOST_TASKS + 1) + pl.col("position"))
        .with_columns(helped=dice.chance("tasks/helped", row, 40))
    )
    helper = 3 * STRANGERS + row
    early = pl.when(dice.chance("tasks/early", row, 40)).then(
        pl.col("created") + dice.below("tasks/took", row, 2 * DAY)
    )
    completed = pl.coalesce("completed", early)
    return rows.select(
        action_plan_id="id",
        position="position",
        title=texts.write(
            dice, "tasks/title", row, texts.TASKS, name=people.first_name(helper), contact=people.phone(helper)
        ),
        notes=mostly(dice, "tasks/notes", row, _notes(world, row, helper), null=70, empty=5),
        assignee_name=pl.when("helped").then(people.full_name(helper)),
        assignee_email=pl.when("helped").then(people.email(helper)),
        due_on=day(pl.col("created") + pl.col("position") * 7 * DAY),
        created_at=instant(pl.col("created")),
        updated_at=instant(pl.coalesce(completed, "created")),
        completed_at=instant(completed),
    )


def _notes(world: World, row: pl.Expr, helper: pl.Expr) -> pl.Expr:
    people = world.people
    return texts.write(
        world.dice, "tasks/notes", row, texts.NOTES, name=people.full_name(helper), contact=people.email(helper)
    )
