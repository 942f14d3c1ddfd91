"""The business figures: on nothing, and on data small enough to count by hand."""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest

Connection = psycopg.Connection[tuple[object, ...]]

TEN_USERS = "INSERT INTO users (email) SELECT i || '@example.com' FROM generate_series(1, 10) AS i"

# Eight began. All four steps: three of them, in 2 h, 4 h and 30 h. The others stopped after 3, 2, 1, 1 and 0 steps.
ONBOARDING = """
INSERT INTO superior_onboarding_states (user_id, started_at, profile_at, channel_at, plan_at, first_task_at)
SELECT u, t, t + a * h, t + b * h, t + c * h, t + d * h
FROM (VALUES (1, 1, 1, 2, 2), (2, 1, 2, 3, 4), (3, 1, 2, 3, 30), (4, 1, 2, 3, NULL), (5, 1, 2, NULL, NULL),
             (6, 1, NULL, NULL, NULL), (7, 1, NULL, NULL, NULL), (8, NULL, NULL, NULL, NULL)) AS v (u, a, b, c, d)
    CROSS JOIN (VALUES (timestamptz '2025-01-01 00:00Z', interval '1 h')) AS w (t, h)"""

# 20 events by six of ten users, so that the average is 2 and a power user has 4: users 1 (9) and 2 (4).
# The newest is of 10 April. Exactly 30 days before (720 hours; in Rome
# summer time began within them) is no longer within 30 days: user 3 is inactive, user 4 is not.
ACTIVITY = """
INSERT INTO analytics_events (user_id, event_name, occurred_at)
SELECT u, 'page_view', last - (i - 1) * interval '1 minute'
FROM (VALUES (1, 9, timestamptz '2025-04-10 12:00Z'), (2, 4, '2024-06-01 12:00Z'), (3, 3, '2025-03-11 12:00Z'),
             (4, 1, '2025-03-11 12:01Z'), (5, 2, '2025-04-09 12:00Z'), (6, 1, '2023-01-01 00:00Z')) AS v (u, n, last)
    CROSS JOIN LATERAL generate_series(1, n) AS i"""

STRANGERS = """
INSERT INTO analytics_events (user_id, event_name, occurred_at)
SELECT NULL, 'page_view', timestamptz '2025-12-31' FROM generate_series(1, 50)"""


@pytest.fixture
def filled(migrated: Connection) -> Connection:
    for statement in (TEN_USERS, ONBOARDING, ACTIVITY, STRANGERS):
        migrated.execute(statement)
    return migrated


def test_an_empty_database_has_no_figures_and_no_error(migrated: Connection) -> None:
    """Every view answers on empty tables; what there is to divide by is zero, so each value is null."""
    assert migrated.execute("SELECT name, part, whole, value FROM business_figures ORDER BY position").fetchall() == [
        (name, 0, 0, None)
        for name in (
            "onboarding conversion",
            "onboarding completion",
            "completed within 24 h",
            "average completion time",
            "inactive users",
            "power users",
            "activity of power users",
        )
    ]
    funnel = migrated.execute("SELECT * FROM onboarding_funnel ORDER BY step").fetchall()
    assert [row[2:] for row in funnel] == [(0, 0, None, None)] * 4
    assert migrated.execute("SELECT count(*) FROM user_activity").fetchone() == (0,)
    migrated.execute("REFRESH MATERIALIZED VIEW user_engagement_summary")
    assert migrated.execute("SELECT count(*) FROM user_engagement_summary").fetchone() == (0,)


def test_users_who_never_did_anything_are_inactive_and_no_power_users(migrated: Connection) -> None:
    """Ten users without an event: all inactive, and zero is not twice the average of zero."""
    migrated.execute(TEN_USERS)
    assert migrated.execute(
        "SELECT inactive_users, power_users, inactive_percent, power_users_percent, power_user_activity_percent "
        "FROM activity_figures"
    ).fetchone() == (10, 0, 100, 0, None)


def test_the_funnel_counts_who_entered_and_who_finished_each_step(filled: Connection) -> None:
    """Eight begin, then 7, 5, 4 and 3 are left; the shares are of those who entered, and of all ten users."""
    assert filled.execute("SELECT * FROM onboarding_funnel ORDER BY step").fetchall() == [
        (1, "profile", 8, 7, Decimal("87.50"), Decimal("70.00")),
        (2, "channel", 7, 5, Decimal("71.43"), Decimal("50.00")),
        (3, "plan", 5, 4, Decimal("80.00"), Decimal("40.00")),
        (4, "first task", 4, 3, Decimal("75.00"), Decimal("30.00")),
    ]


def test_the_figures_are_what_one_counts_by_hand(filled: Connection) -> None:
    """Each figure with its counts; visitors who are not signed in neither count nor move the as-of."""
    assert filled.execute(
        "SELECT name, part, whole, value, unit FROM business_figures ORDER BY position"
    ).fetchall() == [
        ("onboarding conversion", 3, 10, Decimal("30.00"), "%"),
        ("onboarding completion", 3, 8, Decimal("37.50"), "%"),
        ("completed within 24 h", 2, 3, Decimal("66.67"), "%"),
        ("average completion time", 36, 3, Decimal("12.00"), "h"),
        ("inactive users", 7, 10, Decimal("70.00"), "%"),
        ("power users", 2, 10, Decimal("20.00"), "%"),
        ("activity of power users", 13, 20, Decimal("65.00"), "%"),
    ]


def test_exactly_24_hours_are_within_24_hours(migrated: Connection) -> None:
    """The bound itself counts; a second more does not."""
    migrated.execute(TEN_USERS)
    migrated.execute(
        "INSERT INTO superior_onboarding_states (user_id, started_at, profile_at, channel_at, plan_at, first_task_at) "
        "SELECT i, t, t, t, t, t + interval '24 h' + (i - 1) * interval '1 s' "
        "FROM generate_series(1, 2) AS i, (VALUES (timestamptz '2025-03-30 00:00+01')) AS v (t)"
    )
    assert migrated.execute("SELECT completed, completed_within_24h FROM onboarding_completion").fetchone() == (2, 1)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Rome", "Pacific/Auckland"])
def test_the_figures_do_not_depend_on_the_session(filled: Connection, zone: str) -> None:
    """Another time zone, and so another day of daylight saving, shows the same figures."""
    filled.execute(f"SET timezone = '{zone}'")
    assert filled.execute("SELECT inactive_users, power_users FROM activity_figures").fetchone() == (7, 2)
    assert filled.execute("SELECT completed_within_24h FROM onboarding_completion").fetchone() == (2,)


def test_no_view_reads_the_clock(migrated: Connection) -> None:
    """A copy made later must show the same figures, so none of them may depend on the time of the query."""
    definitions = migrated.execute(
        "SELECT string_agg(pg_get_viewdef(oid), '') FROM pg_class "
        "WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
    ).fetchone()
    assert definitions is not None
    text = str(definitions[0]).lower()
    assert not [word for word in ("now()", "current_", "clock_timestamp", "localtime") if word in text]


def test_the_engagement_summary_counts_each_user_once(filled: Connection) -> None:
    """Events, messages and tasks of one user do not multiply each other."""
    filled.execute("INSERT INTO action_plans (user_id, title) VALUES (1, 'p'), (1, 'q')")
    filled.execute(
        "INSERT INTO plan_tasks (action_plan_id, position, title, created_at, completed_at) "
        "VALUES (1, 1, 'a', '2025-01-01', '2025-01-02'), (1, 2, 'b', now(), NULL), (2, 1, 'c', now(), NULL)"
    )
    filled.execute(
        "INSERT INTO message_deliveries (user_id, channel, template, recipient, body, status) VALUES "
        "(1, 'email', 't', 'r', 'b', 'delivered'), (1, 'sms', 't', 'r', 'b', 'delivered'), "
        "(1, 'sms', 't', 'r', 'b', 'failed')"
    )
    filled.execute(
        "INSERT INTO delivery_analytics (message_delivery_id, opens, first_opened_at) VALUES (1, 3, '2025-01-01')"
    )
    filled.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY user_engagement_summary")
    assert filled.execute(
        "SELECT events, events_30d, messages_delivered, messages_opened, tasks, tasks_done "
        "FROM user_engagement_summary WHERE user_id = 1"
    ).fetchone() == (9, 9, 2, 1, 3, 1)
    assert filled.execute("SELECT count(*), sum(events) FROM user_engagement_summary").fetchone() == (10, 20)
