"""Flags in a real database, embedded and in a container: read, written, refused, and no update lost."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy.flags import Flag, FlagStore, Reason, census, check, evaluate, service, verify_hidden
from understudy.flags.errors import (
    FlagExistsError,
    FlagTablesMissingError,
    FlagValueError,
    MalformedFlagError,
    NoSuchFlagError,
    NoSuchUserError,
)
from understudy.flags.store import Overrides
from understudy.postgres import Server, connect

Connection = psycopg.Connection[tuple[object, ...]]

USERS = 500


@pytest.fixture(scope="module")
def shared(any_server: Server, flags_template: str) -> Iterator[Connection]:
    """One database for all examples of hypothesis."""
    with any_server.scratch(template=flags_template) as dsn, connect(dsn) as connection:
        yield connection


def who_sees(connection: Connection, name: str) -> set[int]:
    """The users who see a flag, each asked of the database anew."""
    store = FlagStore(connection)
    flag = store.get(name)
    with connection.transaction():
        return {int(subject.user_id) for subject in store.subjects(flag) if evaluate(flag, subject).enabled}


names = st.from_regex(r"[a-z][a-z0-9]{0,20}(_[a-z0-9]{1,10}){0,3}", fullmatch=True)
percentages = st.integers(0, 100)
on_one_database = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


# --- rollout, on a real database ---


@on_one_database
@given(name=names, one=percentages, other=percentages)
def test_a_rollout_is_exact_at_its_ends_and_only_ever_adds(shared: Connection, name: str, one: int, other: int) -> None:
    """Nobody at 0 %, everybody at 100 %, and whoever is in at one percentage is in at every higher one."""
    shared.execute("DELETE FROM feature_flags")
    service.create(shared, name, enabled=True)
    steps = sorted({0, one, other, 100})
    seen = []
    for percentage in steps:
        service.roll_out(shared, name, percentage)
        seen.append(who_sees(shared, name))
    assert seen[0] == set()
    assert seen[-1] == set(range(1, USERS + 1))
    assert all(lower <= higher for lower, higher in itertools.pairwise(seen))


@on_one_database
@given(name=names, percentage=percentages, tier=st.sampled_from([(), ("pro",)]), user=st.integers(1, USERS))
def test_one_user_asked_alone_and_all_in_bulk_agree(
    shared: Connection, name: str, percentage: int, tier: tuple[str, ...], user: int
) -> None:
    """`check` and `verify_hidden` answer from the same rows by the same rules."""
    shared.execute("DELETE FROM feature_flags")
    service.create(shared, name, enabled=True, percentage=percentage, tiers=tier)
    assert check(shared, str(user), name).enabled == (user in who_sees(shared, name))
    [exposure] = verify_hidden(shared, [name])
    assert (exposure.census.users, exposure.census.seen) == (USERS, len(who_sees(shared, name)))
    assert exposure.hidden == (not who_sees(shared, name))


def test_postgresql_itself_computes_the_same_buckets(connection: Connection) -> None:
    """The bucket is SHA-256 and arithmetic, so that SQL finds the very users whom `evaluate` lets in."""
    service.create(connection, "pinned", enabled=True, percentage=10)
    found = connection.execute(
        """SELECT id FROM users
            WHERE ('x' || left(encode(sha256(convert_to('pinned:' || id, 'UTF8')), 'hex'), 15))::bit(60)::bigint
                  % 100000 < 10 * 1000"""
    ).fetchall()
    assert who_sees(connection, "pinned") == {user for (user,) in found}
    assert 0 < len(found) < USERS


# --- reading ---


def test_what_was_created_is_read_back(connection: Connection) -> None:
    """Every field arrives; users stand in the row as numbers, whatever was typed."""
    made = service.create(
        connection, "f", description="d", enabled=True, percentage=7, tiers=["pro", "free"], user_ids=["10", "9"]
    )
    assert FlagStore(connection).get("f") == made == FlagStore(connection).rows()[0]
    assert (made.description, made.enabled, made.rollout_percentage) == ("d", True, 7)
    assert (made.allowed_tiers, made.allowed_user_ids) == ({"pro", "free"}, {"9", "10"})
    row = connection.execute("SELECT allowed_tiers::text, allowed_user_ids::text FROM feature_flags").fetchone()
    assert row == ('["free", "pro"]', "[9, 10]")


def test_a_new_flag_is_seen_by_nobody(connection: Connection) -> None:
    """The defaults are off, 0 %, no tier and no user."""
    made = service.create(connection, "f")
    assert (made.enabled, made.rollout_percentage, made.allowed_tiers, made.allowed_user_ids) == (
        False,
        0,
        set(),
        set(),
    )
    assert verify_hidden(connection, ["f"])[0].hidden


def test_a_user_listed_as_text_is_the_same_user(connection: Connection) -> None:
    """allowed_user_ids may hold 7 or "7": other programs write both."""
    connection.execute("INSERT INTO feature_flags (name, enabled, allowed_user_ids) VALUES ('f', true, '[7, \"8\"]')")
    assert who_sees(connection, "f") == {7, 8}
    assert check(connection, "8", "f").reason is Reason.ALLOWED_USER


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("allowed_tiers", "'{\"pro\": true}'", "not a JSON array"),
        ("allowed_tiers", "'\"pro\"'", "not a JSON array"),
        ("allowed_tiers", "'[\"pro\", 1]'", "not a text"),
        ("allowed_user_ids", "'null'", None),
        ("allowed_user_ids", "'[true]'", "neither a number nor a text"),
        ("allowed_user_ids", "'[1.5]'", "neither a number nor a text"),
        ("allowed_user_ids", "'[{\"id\": 1}]'", "neither a number nor a text"),
        ("rollout_percentage", "101", "101, which is not from 0 to 100"),
        ("rollout_percentage", "-1", "-1, which is not from 0 to 100"),
        ("rollout_percentage", "NULL", None),
        ("enabled", "NULL", None),
    ],
)
def test_a_malformed_row_is_an_error_and_never_an_answer(
    connection: Connection, column: str, value: str, what: str | None
) -> None:
    """Where constraints are missing, a row may hold anything: what means nothing is refused by column, NULL hides."""
    service.create(connection, "good")
    for constraint in (
        "rollout_percentage_is_a_percentage",
        "allowed_tiers_is_an_array",
        "allowed_user_ids_is_an_array",
    ):
        connection.execute(f"ALTER TABLE feature_flags DROP CONSTRAINT feature_flags_{constraint}")
    connection.execute(f"ALTER TABLE feature_flags ALTER COLUMN {column} DROP NOT NULL")
    connection.execute(f"INSERT INTO feature_flags (name, enabled) VALUES ('bad', {column != 'enabled'})")
    connection.execute(f"UPDATE feature_flags SET {column} = {value} WHERE name = 'bad'")
    if what is None:
        assert verify_hidden(connection, ["bad"])[0].hidden
        return
    with pytest.raises(MalformedFlagError, match="'bad' is malformed") as caught:
        check(connection, "1", "bad")
    assert column in str(caught.value.detail)
    assert what in str(caught.value.detail)
    with pytest.raises(MalformedFlagError):
        verify_hidden(connection, ["good", "bad"])
    bad, good = FlagStore(connection).rows()
    assert isinstance(bad, MalformedFlagError)
    assert isinstance(good, Flag)


def test_a_database_without_the_tables_says_so(any_database: str) -> None:
    """Not migrated is an error with the way out, not PostgreSQL's."""
    with connect(any_database) as connection, pytest.raises(FlagTablesMissingError) as caught:
        FlagStore(connection).rows()
    assert "understudy migrate up" in str(caught.value.hint)


# --- who sees it ---


def test_verify_hidden_says_which_rule_lets_how_many_in(connection: Connection) -> None:
    """Counts by reason add up to all who see it, at one instant, flag by flag in the order asked."""
    service.create(connection, "open", enabled=True, percentage=50, tiers=["pro"], user_ids=["1", "2", "5"])
    service.override(connection, "3", "open", True)
    service.override(connection, "5", "open", False)
    service.create(connection, "shut", percentage=100)
    opened, shut = verify_hidden(connection, ["open", "shut", "open"])
    assert (shut.hidden, shut.census.seen, shut.census.users, shut.open_to_new_users) == (True, 0, USERS, False)
    assert not opened.hidden
    assert opened.open_to_new_users
    reasons = dict(opened.census.seen_by_reason)
    assert (reasons[Reason.OVERRIDE], reasons[Reason.ALLOWED_USER], reasons[Reason.TIER]) == (1, 2, USERS // 5 - 1)
    assert sum(reasons.values()) == opened.census.seen == len(who_sees(connection, "open"))


def test_a_flag_that_only_the_next_user_may_see_is_told(connection: Connection) -> None:
    """A tier that nobody has yet hides the flag today only."""
    service.create(connection, "f", enabled=True, tiers=["enterprise"])
    [exposure] = verify_hidden(connection, ["f"])
    assert exposure.hidden
    assert exposure.open_to_new_users


def test_more_users_than_one_fetch_are_all_asked(connection: Connection) -> None:
    """Users come in portions, and none is left out."""
    connection.execute("INSERT INTO users (email) SELECT i || '@b.example' FROM generate_series(1, 25000) AS i")
    service.create(connection, "f", enabled=True, percentage=100)
    with connection.transaction():
        store = FlagStore(connection)
        assert census(store.get("f"), store.subjects(store.get("f"))).seen == USERS + 25_000


# --- writing ---


def test_switching_and_rolling_out_change_what_they_name(connection: Connection) -> None:
    """Tiers stay what they are unless given; updated_at moves on."""
    made = service.create(connection, "f", tiers=["pro"])
    assert service.switch(connection, "f", True).enabled
    assert service.roll_out(connection, "f", 30).allowed_tiers == {"pro"}
    changed = service.roll_out(connection, "f", 40, ["free"])
    assert (changed.rollout_percentage, changed.allowed_tiers, changed.enabled) == (40, {"free"}, True)
    assert service.roll_out(connection, "f", 40, []).allowed_tiers == set()
    assert not service.switch(connection, "f", False).enabled
    assert changed.updated_at
    assert made.updated_at
    assert changed.updated_at > made.updated_at


def test_a_user_is_let_in_taken_out_and_left_to_the_rules(connection: Connection) -> None:
    """Let in at 0 %, taken out at 100 %, and as everybody else once forgotten; twice is as good as once."""
    service.create(connection, "f", enabled=True)
    for _ in range(2):
        assert service.override(connection, "7", "f", True).enabled
    service.roll_out(connection, "f", 100)
    for _ in range(2):
        assert not service.override(connection, "7", "f", False).enabled
    assert FlagStore(connection).overrides(FlagStore(connection).get("f")) == Overrides(0, 1)
    for _ in range(2):
        assert service.override(connection, "7", "f", None).reason is Reason.BUCKET
    assert connection.execute("SELECT count(*) FROM user_feature_flags").fetchone() == (0,)


def test_letting_in_works_on_a_clock_that_was_set_back(connection: Connection) -> None:
    """An override disabled "tomorrow" is shown all the same after add-user, and hidden again after remove-user."""
    service.create(connection, "f", enabled=True)
    service.override(connection, "7", "f", False)
    connection.execute("UPDATE user_feature_flags SET disabled_at = now() + interval '1 day'")
    assert service.override(connection, "7", "f", True).enabled
    assert not service.override(connection, "7", "f", False).enabled
    stamps = connection.execute("SELECT disabled_at > enabled_at FROM user_feature_flags").fetchone()
    assert stamps == (True,)


def test_what_does_not_exist_cannot_be_changed(connection: Connection) -> None:
    """An unknown flag, an unknown user, a name taken: each is its own error, and nothing is written."""
    service.create(connection, "f")
    for attempt in (
        lambda: service.switch(connection, "g", True),
        lambda: service.roll_out(connection, "g", 10),
        lambda: service.override(connection, "1", "g", True),
        lambda: service.override(connection, "1", "g", None),
        lambda: check(connection, "1", "g"),
        lambda: verify_hidden(connection, ["f", "g"]),
    ):
        with pytest.raises(NoSuchFlagError, match="no flag 'g'"):
            attempt()
    for enabled in (True, False, None):
        with pytest.raises(NoSuchUserError, match="no user 501"):
            service.override(connection, "501", "f", enabled)
    with pytest.raises(NoSuchUserError):
        check(connection, "501", "f")
    with pytest.raises(FlagExistsError):
        service.create(connection, "f", enabled=True)
    assert connection.execute("SELECT count(*) FROM user_feature_flags").fetchone() == (0,)


def test_a_bad_value_changes_nothing(connection: Connection) -> None:
    """A good percentage with a bad tier sets neither."""
    service.create(connection, "f", percentage=5)
    with pytest.raises(FlagValueError):
        service.roll_out(connection, "f", 10, ["Pro!"])
    with pytest.raises(FlagValueError):
        service.roll_out(connection, "f", 101)
    assert FlagStore(connection).get("f").rollout_percentage == 5


def test_two_processes_at_once_lose_no_update(flagged: str, connection: Connection) -> None:
    """Each lets in and takes out its own users and the other's, and changes the flag's row: all of it is there."""
    service.create(connection, "f", enabled=True)
    code = """
import sys
from understudy.flags import service
from understudy.postgres import connect
first, dsn = int(sys.argv[1]), sys.argv[2]
with connect(dsn) as connection:
    print("ready", flush=True)
    sys.stdin.readline()
    for user in range(1, 101):
        service.override(connection, str(first * 100 + user), "f", True)
        service.override(connection, str(300 + user), "f", True)
        service.roll_out(connection, "f", user) if first else service.switch(connection, "f", True)
"""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(first), flagged],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for first in (0, 1)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=300)[1] for process in running] == ["", ""]
    flag = FlagStore(connection).get("f")
    assert (flag.enabled, flag.rollout_percentage) == (True, 100)
    assert FlagStore(connection).overrides(flag) == Overrides(300, 0)
