"""The schema of migrations/: every file and its rollback, the flags tables to the letter, rules for all tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from understudy.postgres import connect, programs

Connection = psycopg.Connection[tuple[object, ...]]
Run = Callable[[Connection, str], None]

FLAGS = [
    ("id", "integer", True, "nextval('feature_flags_id_seq'::regclass)"),
    ("name", "character varying(100)", True, None),
    ("description", "text", False, None),
    ("enabled", "boolean", True, "false"),
    ("rollout_percentage", "integer", True, "0"),
    ("allowed_tiers", "jsonb", True, "'[]'::jsonb"),
    ("allowed_user_ids", "jsonb", True, "'[]'::jsonb"),
    ("created_at", "timestamp with time zone", True, "now()"),
    ("updated_at", "timestamp with time zone", True, "now()"),
]
OVERRIDES = [
    ("id", "bigint", True, None),
    ("user_id", "bigint", True, None),
    ("feature_flag_id", "integer", True, None),
    ("enabled", "boolean", True, "true"),
    ("enabled_at", "timestamp with time zone", False, None),
    ("disabled_at", "timestamp with time zone", False, None),
]


def schema_of(dsn: str, connection: Connection) -> str:
    """The schema as pg_dump writes it, without the key that newer ones draw for each dump."""
    major = connection.info.server_version // 10000
    text = programs.run("pg_dump", "--schema-only", dsn=dsn, server_major=major)
    return re.sub(r"^\\(un)?restrict .*$", "", text, flags=re.MULTILINE)


def columns(connection: Connection, table: str) -> list[tuple[object, ...]]:
    """Name, type, NOT NULL and default of each column, in order."""
    return connection.execute(
        """SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
           FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
           WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum""",
        (table,),
    ).fetchall()


def test_every_migration_has_its_rollback_beside_it(names: list[str]) -> None:
    """Files are numbered without a gap, and each has a rollback."""
    folder = Path(__file__).parents[2] / "migrations"
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert {path.name for path in folder.iterdir()} == {
        f"{name}{end}" for name in names for end in (".sql", ".rollback.sql")
    }


def test_each_rollback_restores_exactly_the_schema_before(any_database: str, names: list[str], apply: Run) -> None:
    """Going down from the last to the first, the schema is each time what it was on the way up."""
    before = []
    with connect(any_database) as connection:
        for name in names:
            before.append(schema_of(any_database, connection))
            apply(connection, name)
        for name in reversed(names):
            apply(connection, f"{name}.rollback")
            assert schema_of(any_database, connection) == before.pop(), name


def test_rollbacks_also_work_with_data(migrated: Connection, names: list[str], apply: Run) -> None:
    """Rows in the tables do not keep a rollback from its work."""
    migrated.execute("INSERT INTO users (email) VALUES ('a@b')")
    migrated.execute("INSERT INTO feature_flags (name) VALUES ('f')")
    migrated.execute("INSERT INTO user_feature_flags (user_id, feature_flag_id) VALUES (1, 1)")
    for name in reversed(names):
        apply(migrated, f"{name}.rollback")
    assert migrated.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace").fetchone() == (
        0,
    )


def test_the_flags_tables_are_exactly_as_agreed(any_migrated_database: str) -> None:
    """Columns, types, defaults and keys of feature_flags and user_feature_flags."""
    with connect(any_migrated_database) as connection:
        assert columns(connection, "feature_flags") == FLAGS
        assert columns(connection, "user_feature_flags") == OVERRIDES
        keys = connection.execute(
            """SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
               WHERE conrelid::regclass::text IN ('feature_flags', 'user_feature_flags') AND contype IN ('p', 'u', 'f')
               ORDER BY 1, 2"""
        ).fetchall()
    assert keys == [
        ("feature_flags", "PRIMARY KEY (id)"),
        ("feature_flags", "UNIQUE (name)"),
        ("user_feature_flags", "FOREIGN KEY (feature_flag_id) REFERENCES feature_flags(id) ON DELETE CASCADE"),
        ("user_feature_flags", "FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE"),
        ("user_feature_flags", "PRIMARY KEY (id)"),
        ("user_feature_flags", "UNIQUE (user_id, feature_flag_id)"),
    ]


def test_the_tables_and_views_are_those_of_the_plan(migrated: Connection) -> None:
    """No table is missing, and none came along unplanned."""
    found = migrated.execute(
        "SELECT relkind, array_agg(relname::text ORDER BY relname::text) FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm', 'v') GROUP BY 1"
    ).fetchall()
    assert dict(found) == {
        "r": [
            "action_plans",
            "analytics_events",
            "delivery_analytics",
            "feature_flags",
            "message_deliveries",
            "onboarding_message_deliveries",
            "plan_tasks",
            "security_audit_logs",
            "superior_onboarding_states",
            "user_feature_flags",
            "users",
        ],
        "m": ["user_engagement_summary"],
        "v": ["activity_figures", "business_figures", "onboarding_completion", "onboarding_funnel", "user_activity"],
    }


def test_every_foreign_key_has_an_index_and_says_what_a_deletion_does(migrated: Connection) -> None:
    """Deleting a user neither scans a table nor stops at an undecided key."""
    assert (
        migrated.execute(
            """SELECT conrelid::regclass, conname FROM pg_constraint c
           WHERE contype = 'f' AND (confdeltype = 'a' OR NOT EXISTS (
               SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1]))"""
        ).fetchall()
        == []
    )


def test_every_table_and_view_has_a_comment_and_every_instant_a_time_zone(migrated: Connection) -> None:
    """A schema explains itself, and no column holds a time without its zone."""
    silent = migrated.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm', 'v') "
        "AND obj_description(oid, 'pg_class') IS NULL"
    ).fetchall()
    zoneless = migrated.execute(
        "SELECT attrelid::regclass, attname FROM pg_attribute WHERE atttypid = 'timestamp'::regtype "
        "AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
    ).fetchall()
    assert (silent, zoneless) == ([], [])


def test_updated_at_follows_each_update(migrated: Connection) -> None:
    """Every table that has updated_at has the trigger, and it works."""
    assert (
        migrated.execute(
            """SELECT attrelid::regclass FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid AND relkind = 'r'
           WHERE attname = 'updated_at' AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = attrelid
               AND tgenabled = 'O' AND tgfoid = 'public.set_updated_at'::regproc)"""
        ).fetchall()
        == []
    )
    migrated.execute("INSERT INTO feature_flags (name, updated_at) VALUES ('f', '2020-01-01')")
    migrated.execute("UPDATE feature_flags SET enabled = true")
    assert migrated.execute("SELECT updated_at > '2020-01-02' FROM feature_flags").fetchone() == (True,)


def test_deleting_a_user_takes_what_is_theirs_and_keeps_the_statistics(migrated: Connection) -> None:
    """Plans and messages go with the user; events and the audit log stay, without them."""
    for statement in (
        "INSERT INTO users (email) VALUES ('a@b')",
        "INSERT INTO action_plans (user_id, title) VALUES (1, 't')",
        "INSERT INTO plan_tasks (action_plan_id, position, title) VALUES (1, 1, 't')",
        "INSERT INTO message_deliveries (user_id, channel, template, recipient, body) VALUES (1, 'sms', 't', '1', '')",
        "INSERT INTO analytics_events (user_id, event_name) VALUES (1, 'page_view')",
        "INSERT INTO security_audit_logs (user_id, action, succeeded) VALUES (1, 'sign_in', true)",
        "DELETE FROM users",
    ):
        migrated.execute(statement)
    assert migrated.execute(
        """SELECT (SELECT count(*) FROM plan_tasks), (SELECT count(*) FROM message_deliveries),
                  (SELECT count(*) FROM analytics_events WHERE user_id IS NULL),
                  (SELECT count(*) FROM security_audit_logs WHERE user_id IS NULL)"""
    ).fetchone() == (0, 0, 1, 1)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO users (email) VALUES ('nobody')",
        "INSERT INTO users (email) VALUES ('a@b'), ('A@B')",
        "INSERT INTO users (email, tier) VALUES ('a@b', '')",
        "INSERT INTO users (email, profile) VALUES ('a@b', '[]')",
        "INSERT INTO feature_flags (name, rollout_percentage) VALUES ('f', 101)",
        "INSERT INTO feature_flags (name, rollout_percentage) VALUES ('f', -1)",
        "INSERT INTO feature_flags (name, allowed_tiers) VALUES ('f', '{}')",
        "INSERT INTO feature_flags (name) VALUES (repeat('x', 101))",
        "INSERT INTO feature_flags (name) VALUES ('f'), ('f')",
        "INSERT INTO analytics_events (event_name) VALUES ('Two words')",
        "INSERT INTO user_feature_flags (user_id, feature_flag_id) VALUES (1, 1)",
    ],
)
def test_what_must_not_be_stored_is_refused(migrated: Connection, statement: str) -> None:
    """The database itself refuses a row that would mean nothing."""
    with pytest.raises(psycopg.IntegrityError if "repeat" not in statement else psycopg.DataError):
        migrated.execute(statement)


@pytest.mark.parametrize(
    ("steps", "accepted"),
    [
        ((None, None, None, None), True),
        ((1, 2, 2, 9), True),
        ((1, None, None, None), True),
        ((1, None, 2, None), False),
        ((None, None, None, 4), False),
        ((2, 1, None, None), False),
        ((-1, None, None, None), False),
    ],
)
def test_the_steps_of_an_onboarding_have_an_order(migrated: Connection, steps: tuple[object], accepted: bool) -> None:
    """No step is finished before the one before it, nor before the beginning."""
    migrated.execute("INSERT INTO users (email) VALUES ('a@b')")
    statement = (
        "INSERT INTO superior_onboarding_states (user_id, started_at, profile_at, channel_at, plan_at, first_task_at) "
        "SELECT 1, t, t + %s * h, t + %s * h, t + %s * h, t + %s * h "
        "FROM (VALUES (timestamptz '2025-01-01', interval '1 h')) AS v (t, h)"
    )
    if accepted:
        migrated.execute(statement, steps)
    else:
        with pytest.raises(psycopg.errors.CheckViolation):
            migrated.execute(statement, steps)
