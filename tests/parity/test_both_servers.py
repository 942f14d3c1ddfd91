"""Parity holds on every kind of server: embedded, and in a container."""

from __future__ import annotations

from collections.abc import Callable

from understudy import parity
from understudy.postgres import connect


def test_two_databases_of_one_folder_of_migrations_are_the_same(make_any_migrated_database: Callable[[], str]) -> None:
    """Whatever the server, what the migrations made twice is the same."""
    assert parity.compare(make_any_migrated_database(), make_any_migrated_database()).answer is parity.Answer.SAME


def test_a_difference_is_seen(make_any_migrated_database: Callable[[], str]) -> None:
    """Whatever the server, a column more, a constraint less and another index are seen, each."""
    left, right = make_any_migrated_database(), make_any_migrated_database()
    with connect(right) as connection:
        connection.execute("ALTER TABLE users ADD note text")
        connection.execute("ALTER TABLE users DROP CONSTRAINT users_email_has_an_at")
        connection.execute("CREATE INDEX another ON users (city)")
    verdict = parity.compare(left, right)
    assert verdict.answer is parity.Answer.DIFFER
    assert {(d.kind, d.path) for d in verdict.differences} == {
        ("column", "public.users.note"),
        ("constraint", "public.users.users_email_has_an_at"),
        ("index", "public.another"),
    }
