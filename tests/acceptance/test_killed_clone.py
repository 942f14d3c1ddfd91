"""A clone that is killed: the target is the old staging or the new one, never anything else, and nothing stays."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from understudy.postgres import Server
from understudy.postgres.dsn import url

KILLS = 24
ROWS = 40_000

SCHEMA = f"""
CREATE TABLE people (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, name text NOT NULL, note text);
CREATE TABLE orders (id bigint PRIMARY KEY, person bigint NOT NULL REFERENCES people, total numeric NOT NULL);
INSERT INTO people SELECT n, 'person' || n || '@company.test', 'Name ' || n, repeat('a note of ' || n || ' ', 8)
FROM generate_series(1, {ROWS}) n;
INSERT INTO orders SELECT n, n, n FROM generate_series(1, {ROWS}) n;
CREATE INDEX ON orders (person);
CREATE MATERIALIZED VIEW totals AS SELECT sum(total) FROM orders;
"""
POLICY = """
version = 1
[tables."public.people"]
id = "keep"
email = "email"
name = "name"
note = "text"
[tables."public.orders"]
"*" = "keep"
"""
# Loading comes to a stop at one row while a session of this name is connected, wherever.
SLOW = """
CREATE FUNCTION while_held(id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  WHILE id = 1 AND EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE application_name = 'holds the load') LOOP
    PERFORM pg_catalog.pg_stat_clear_snapshot(), pg_catalog.pg_sleep(0.05);
  END LOOP;
  RETURN true;
END $$;
ALTER TABLE orders ADD CHECK (while_held(id));
"""
OLD = "old"
NEW = "new"


@dataclass(frozen=True)
class Scene:
    """A source, a target that holds an old staging, and the command that clones one into the other."""

    server: Server
    source: str
    target: str
    arguments: tuple[str, ...]

    def restore_old(self) -> None:
        """Make the target the old staging again."""
        self.server.drop_database(self.target)
        self.server.create_database(self.target, template=f"{self.target}_template")

    def found(self) -> str:
        """What the target is: OLD or NEW, whole; anything else fails the test."""
        with psycopg.connect(self.server.dsn(self.target)) as connection:
            if connection.execute("SELECT to_regclass('old_staging')::text").fetchone() == ("old_staging",):
                row = connection.execute("SELECT count(*), sum(n) FROM old_staging").fetchone()
                assert row == (1000, 500500)
                return OLD
            counts = connection.execute(
                "SELECT (SELECT count(*) FROM people), (SELECT count(*) FROM orders), (SELECT sum FROM totals), "
                "(SELECT count(*) FROM people WHERE email LIKE '%@company.test' OR name LIKE 'Name %'), "
                "(SELECT count(*) FROM pg_constraint WHERE contype IN ('p', 'u', 'f') "
                " AND connamespace = 'public'::regnamespace AND convalidated), "
                "(SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
                " WHERE c.relnamespace = 'public'::regnamespace AND i.indisvalid)"
            ).fetchone()
            assert counts == (ROWS, ROWS, ROWS * (ROWS + 1) // 2, 0, 4, 4)
            return NEW

    def leftovers(self) -> list[str]:
        """Databases that a clone made and nobody will find again under the target's name."""
        return [name for name in self.server.databases() if name.startswith("understudy_")]


@pytest.fixture
def scene(make_database: Callable[[], str], postgres_server: Server, tmp_path: Path) -> Iterator[Scene]:
    source = make_database()
    with psycopg.connect(source, autocommit=True) as connection:
        connection.execute(SCHEMA)
    name = psycopg.conninfo.conninfo_to_dict(source)["dbname"]
    target = f"staging_of_{name}"
    template = postgres_server.create_database(f"{target}_template")
    with psycopg.connect(template, autocommit=True) as connection:
        connection.execute("CREATE TABLE old_staging AS SELECT n FROM generate_series(1, 1000) n")
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    arguments = ("clone", "--source", url(source), "--target", url(postgres_server.dsn(target)))
    made = Scene(postgres_server, source, target, (*arguments, "--policy", str(policy)))
    made.restore_old()
    yield made
    for database in (target, f"{target}_template", *made.leftovers()):
        postgres_server.drop_database(database)


@pytest.mark.slow
def test_a_clone_killed_at_random_moments_leaves_the_old_staging_or_the_new_one(
    scene: Scene, started: Callable[..., subprocess.Popen[bytes]]
) -> None:
    """SIGKILL at 24 moments, spread over a clone's whole length and crowded about its end, where the swap is."""
    began = time.monotonic()
    whole = started(*scene.arguments)
    assert whole.wait(timeout=300) == 0
    length = time.monotonic() - began
    assert scene.found() == NEW

    generator = random.Random(20261121)
    outcomes = []
    for number in range(KILLS):
        scene.restore_old()
        low = 0.0 if number % 2 else 0.7
        moment = generator.uniform(low, 1.05) * length if number else 0.0  # one at least is killed before its end
        program = started(*scene.arguments, start_new_session=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(timeout=moment)
        if number % 3:
            program.kill()
        else:  # its workers and programs with it
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
        program.wait()
        outcomes.append(scene.found())
    assert OLD in outcomes

    # What the dead left is found by the next clone, which is not hindered by it.
    scene.restore_old()
    assert started(*scene.arguments).wait(timeout=300) == 0
    assert scene.found() == NEW
    assert scene.leftovers() == []


@pytest.mark.slow
def test_a_session_that_the_server_ends_ends_the_clone_with_an_error_and_the_old_staging(
    scene: Scene, started: Callable[..., subprocess.Popen[bytes]]
) -> None:
    """A session that the server ends in the middle of loading: exit 1, the target as it was, nothing left behind."""
    with psycopg.connect(scene.source, autocommit=True) as connection:
        connection.execute(SLOW)
    ended = 0
    held = psycopg.connect(scene.server.dsn("postgres"), application_name="holds the load")
    with held, psycopg.connect(scene.server.dsn("postgres"), autocommit=True) as connection:
        program = started(*scene.arguments)
        while program.poll() is None and not ended:
            row = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname LIKE 'understudy_new_%' AND state = 'active' AND query LIKE 'COPY%orders%FROM STDIN%'"
            ).fetchone()
            ended = row[0] if row else 0
    assert program.wait(timeout=300) == 1
    assert ended
    assert scene.found() == OLD
    assert scene.leftovers() == []


def test_sessions_of_the_target_do_not_hinder_the_swap(
    scene: Scene, started: Callable[..., subprocess.Popen[bytes]]
) -> None:
    """Whoever is connected to the old staging is put out at the swap, and finds the new one on coming back."""
    with psycopg.connect(scene.server.dsn(scene.target)) as connection:
        connection.execute("SELECT count(*) FROM old_staging")
        assert started(*scene.arguments).wait(timeout=300) == 0
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert scene.found() == NEW


def test_two_clones_of_one_target_at_once_are_refused(
    scene: Scene, started: Callable[..., subprocess.Popen[bytes]]
) -> None:
    """The second ends with 4 and touches nothing of the first, which goes on to its end."""
    first, second = started(*scene.arguments), started(*scene.arguments)
    codes = sorted([first.wait(timeout=300), second.wait(timeout=300)])
    # on a slow machine one may end before the other begins
    assert codes in ([0, 4], [0, 0])
    assert scene.found() == NEW
    assert scene.leftovers() == []
