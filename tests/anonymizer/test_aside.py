"""The database beside the target: made, swapped in at once, or gone."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest

from anonymizer import aside, endpoint
from anonymizer.aside import Aside, SwapFailed, TargetBusy

BORN = {"encoding": "UTF8", "collate": "C", "ctype": "C"}


@pytest.fixture
def pair(open_pair: Callable[..., AbstractContextManager[Any]]) -> Iterator[Any]:
    """A server, and the name of a target on it."""
    with open_pair() as opened:
        yield opened


def beside(pair: Any) -> Aside:
    return Aside(endpoint.target(pair.target, "t").with_database("postgres"), pair.name)


def test_what_is_not_swapped_in_is_gone(pair: Any) -> None:
    """Also when it ends with an error."""
    with contextlib.suppress(ZeroDivisionError), beside(pair) as new:
        new.create(BORN)
        assert pair.leftovers() == [new.name]
        raise ZeroDivisionError
    assert not pair.leftovers()
    assert pair.oid() is None


def test_a_swap_makes_it_the_target(pair: Any) -> None:
    """The first time and every time after; the old one is gone, and so is the lock."""
    for number in (1, 2):
        with beside(pair) as new:
            new.create(BORN)
            with new.endpoint.connect() as connection:
                connection.execute(f"CREATE TABLE public.t AS SELECT {number} AS n".encode())
            new.swap()
            assert new.left_behind is None
        assert pair.sql("SELECT n FROM t", target=True) == [(number,)]
        assert not pair.leftovers()


def test_what_a_killed_clone_left_is_found(pair: Any) -> None:
    """Both the half-built database and the old one that it had no time to drop."""
    with beside(pair) as new:
        names = new.name, new.name.replace("new", "old")
    for name in names:
        pair.server.create_database(name)
    with beside(pair):
        assert not pair.leftovers()


def test_two_clones_of_one_target_do_not_meet(pair: Any) -> None:
    """The second is refused; of another target it is not."""
    with beside(pair) as new:
        new.create(BORN)
        with pytest.raises(TargetBusy):
            beside(pair)
        with Aside(endpoint.target(pair.target, "t").with_database("postgres"), pair.name + "x"):
            pass
        assert pair.leftovers() == [new.name]


def test_sessions_that_come_back_are_fought_for_a_while(pair: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pooler that reconnects at once may win; then the target is what it was."""
    pair.server.create_database(pair.name)
    before, there, stop = pair.oid(), threading.Event(), threading.Event()
    monkeypatch.setattr(aside, "SWAP_SECONDS", 0)

    def reconnect() -> None:
        while not stop.is_set():
            with contextlib.suppress(psycopg.Error), psycopg.connect(pair.target) as connection:
                there.set()
                connection.execute("SELECT pg_sleep(10)")

    threads = [threading.Thread(target=reconnect) for _ in range(4)]
    for thread in threads:
        thread.start()
    lost: list[str] = []
    try:
        assert there.wait(20)
        with beside(pair) as new:
            new.create(BORN)
            try:
                new.swap()
            except SwapFailed as error:
                lost.append(str(error))
    finally:
        stop.set()
        pair.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{pair.name}'")
        for thread in threads:
            thread.join()
    assert not pair.leftovers()
    assert (pair.oid() == before) == bool(lost)
    assert all("Stop what connects to it" in said for said in lost)


def test_an_old_database_that_cannot_be_dropped_does_not_spoil_the_clone(pair: Any) -> None:
    """The new one is in place; that the old one is still there is said."""
    pair.server.create_database(pair.name)
    pair.sql(
        "CREATE PUBLICATION p",
        "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false, slot_name = NONE)",
        target=True,
    )
    with beside(pair) as new:
        new.create(BORN)
        old = new.name.replace("new", "old")
        new.swap()
        assert new.left_behind
        assert new.left_behind.startswith(f"the old database stays as {old}. ")
    assert pair.leftovers() == [old]
    with psycopg.connect(pair.server.dsn(old), autocommit=True) as connection:
        connection.execute("DROP SUBSCRIPTION s")
    pair.server.drop_database(old)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("search_path", '"$user", public, "a, ""b"""', '"$user", public, "a, ""b"""'),
        ("search_path", '""', '""'),
        ("work_mem", "5MB", "5MB"),
        ("app.greeting", 'it\'s, "so" \\', 'it\'s, "so" \\'),
        ("DateStyle", "ISO, MDY", "ISO, MDY"),
    ],
)
def test_a_setting_arrives_as_it_stood(pair: Any, name: str, value: str, shown: str) -> None:
    """Lists of names name by name, everything else as one text."""
    pair.server.create_database(pair.name)
    with psycopg.connect(pair.source, autocommit=True) as connection:
        connection.execute(aside.set_to(pair.name, name, value))
    settings = "SELECT setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase WHERE datname = "
    assert pair.sql(f"{settings}'{pair.name}'") == [([f"{name}={shown}"],)]


def test_a_setting_of_somebodys_own_may_be_a_secret_by_its_name() -> None:
    """PostgreSQL's own settings never are."""
    assert aside.is_secretive("app.settings.jwt_secret")
    assert aside.is_secretive("app.api_key")
    assert not aside.is_secretive("app.greeting")
    assert not aside.is_secretive("password_encryption")
