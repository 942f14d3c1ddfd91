"""A believable production to practise on: the same rows for the same seed and size, on any machine, at any time.

How it works:

1. `size` settles the whole numbers from which the business figures follow.
2. Rows are made in chunks of users, then of events, so that memory does not grow with the size; each is a function of
   its number (`dice`), so that chunks need nothing from one another but the next id.
3. They are loaded by COPY in one transaction that empties the tables first, which lets the server skip its log; a run
   that is killed leaves the empty tables it found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl
import psycopg
from psycopg import sql

from understudy.demo import accounts, activity, journey, messages, plans
from understudy.demo.dice import Dice
from understudy.demo.errors import DemoError, NotEmptyError
from understudy.demo.people import People
from understudy.demo.size import size_for
from understudy.demo.world import World
from understudy.postgres import connect

DEFAULT_ROWS = 200_000
DEFAULT_SEED = 1
USERS_PER_CHUNK = 10_000
ROWS_PER_CHUNK = 100_000

TABLES = (
    "users",
    "feature_flags",
    "user_feature_flags",
    "superior_onboarding_states",
    "onboarding_message_deliveries",
    "message_deliveries",
    "delivery_analytics",
    "action_plans",
    "plan_tasks",
    "analytics_events",
    "security_audit_logs",
)

Connection = psycopg.Connection[tuple[object, ...]]
Piece = tuple[str, pl.DataFrame]


@dataclass(frozen=True)
class Production:
    """What was made: rows by table."""

    rows: dict[str, int]

    @property
    def total(self) -> int:
        """Rows of all tables."""
        return sum(self.rows.values())


def fill(
    dsn: str,
    *,
    rows: int = DEFAULT_ROWS,
    seed: int = DEFAULT_SEED,
    progress: Callable[[int], None] = lambda _: None,
) -> Production:
    """Fill a migrated, empty database.

    Args:
        dsn: the database; the role must own its tables.
        rows: how many rows all tables are to have together, roughly.
        seed: another seed, other people.
        progress: called with the number of rows loaded since the last call.

    Raises:
        TooSmallError: so few rows cannot show the figures.
        NotEmptyError: a table has rows already; nothing was touched.
        DemoError: the database lacks the tables.
    """
    world = World(size_for(rows), dice := Dice(seed), People(dice))
    loaded = dict.fromkeys(TABLES, 0)
    with connect(dsn, autocommit=False) as connection:
        _claim(connection)
        for table, frame in pieces(world):
            _copy(connection, table, frame)
            loaded[table] += len(frame)
            progress(len(frame))
        _set_sequences(connection)
        connection.commit()
        connection.autocommit = True
        connection.execute("REFRESH MATERIALIZED VIEW public.user_engagement_summary")
        connection.execute("VACUUM (ANALYZE)")
    return Production(loaded)


def pieces(world: World) -> Iterator[Piece]:
    """The rows of all tables, a frame at a time, each after what it refers to."""
    yield "feature_flags", accounts.FLAGS
    next_id = {"superior_onboarding_states": 1, "message_deliveries": 1, "action_plans": 1}

    def numbered(table: str, frame: pl.DataFrame) -> pl.DataFrame:
        first = next_id[table]
        next_id[table] += len(frame)
        return frame.select(pl.int_range(first, first + pl.len()).alias("id"), pl.all())

    for start in range(1, world.size.users + 1, USERS_PER_CHUNK):
        stop = min(start + USERS_PER_CHUNK, world.size.users + 1)
        ids = pl.DataFrame({"id": pl.int_range(start, stop, eager=True)})
        yield "users", accounts.users(world, ids)
        yield "user_feature_flags", accounts.overrides(world, ids)
        journeys = numbered("superior_onboarding_states", journey.journeys(world, ids))
        yield "superior_onboarding_states", journey.states(world, journeys)
        yield "onboarding_message_deliveries", journey.invitations(world, journeys)
        sent = numbered("message_deliveries", messages.messages(world, ids))
        yield "message_deliveries", sent
        yield "delivery_analytics", messages.analytics(world, sent)
        made = numbered("action_plans", plans.plans(world, journeys.drop("id")))
        yield "action_plans", made.drop("created", "completed")
        yield "plan_tasks", plans.tasks(world, made)
    for frame in activity.events(world, ROWS_PER_CHUNK):
        yield "analytics_events", frame
    for frame in activity.audit_logs(world, ROWS_PER_CHUNK):
        yield "security_audit_logs", frame


def _tables() -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier("public", table) for table in TABLES)


def _claim(connection: Connection) -> None:
    """Lock the tables, make sure that they are empty, and make them anew: the load then needs no log."""
    try:
        connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(_tables()))
    except psycopg.errors.UndefinedTable as error:
        raise DemoError(
            "the database is not migrated",
            detail=f"The server said: {error.diag.message_primary}.",
            hint="Run `understudy migrate up` on it.",
        ) from None
    for table in TABLES:
        if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier("public", table))).fetchone():
            raise NotEmptyError(detail=f"The table {table} has rows.", hint="Name a new, migrated database.")
    connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(_tables()))


def _copy(connection: Connection, table: str, frame: pl.DataFrame) -> None:
    """Load a frame whose columns have the names of the table's. CSV: it tells null from the empty string."""
    names = sql.SQL(", ").join(map(sql.Identifier, frame.columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(sql.Identifier("public", table), names)
    with connection.cursor().copy(statement) as copy:
        copy.write(frame.write_csv(include_header=False))


def _set_sequences(connection: Connection) -> None:
    """Ids were given by hand; the sequences go on after them."""
    for table in TABLES:
        connection.execute(
            sql.SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), greatest(max(id), 1)) FROM {}").format(
                sql.Literal(f"public.{table}"), sql.Identifier("public", table)
            )
        )
