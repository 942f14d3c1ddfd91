"""Closed everywhere: whatever does not fit refuses the clone, and nothing is touched."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from anonymizer import endpoint, policy
from anonymizer.aside import Aside, TargetBusy, TargetNotOurs
from anonymizer.attestation import AttestationUnwritable
from anonymizer.clone import SameDatabase
from anonymizer.endpoint import SourceUnreachable
from anonymizer.plan import PolicyIncomplete
from anonymizer.servererrors import ServerFailed
from understudy.postgres import Server
from understudy.postgres.wheel import bin_path

pytestmark = pytest.mark.xdist_group("refused")

SCHEMA = """
CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE, age int, city text, tags text[]);
CREATE TABLE orders (id int PRIMARY KEY, of text REFERENCES users (email), note text);
CREATE TABLE events (day date, who text) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE log (line text);
INSERT INTO users VALUES (1, 'a@corp.test', 30, 'Roma', '{x}');
"""
POLICY = """
version = 1
[tables."public.users"]
id = "keep"
email = "email"
age = "keep"
city = "city"
tags = "text"
[tables."public.orders"]
id = "keep"
of = "email"
note = "text"
[tables."public.events"]
day = "keep"
who = "email"
[tables."public.log"]
"*" = "drop-rows"
"""


@pytest.fixture(scope="module")
def cloned(open_pair: Callable[..., AbstractContextManager[Any]]) -> Iterator[Any]:
    """A source that has been cloned once by the policy above."""
    with open_pair() as pair:
        pair.sql(SCHEMA)
        pair.clone(policy.parse(POLICY))
        yield pair


@pytest.fixture
def untouched(cloned: Any) -> Iterator[Any]:
    """The same; after the test the target must be the very database that it was, and nothing may stand beside it."""
    before = cloned.oid(), cloned.copied("users", target=True)
    yield cloned
    assert (cloned.oid(), cloned.copied("users", target=True)) == before
    assert not cloned.leftovers()


@pytest.mark.parametrize(
    ("drift", "back", "said"),
    [
        ("ALTER TABLE users ADD phone text", "ALTER TABLE users DROP phone", ["public.users.phone", 'phone = "phone"']),
        ("CREATE TABLE fresh (a int)", "DROP TABLE fresh", ["public.fresh: the table is not named", "a ="]),
        ("ALTER TABLE events ADD x text", "ALTER TABLE events DROP x", ["public.events.x: the column is not named"]),
        (
            "ALTER TABLE users RENAME city TO town",
            "ALTER TABLE users RENAME town TO city",
            ["public.users.town: the column is not named", "public.users.city: the policy names it"],
        ),
        (
            "ALTER TABLE users ALTER city TYPE int USING 1",
            "ALTER TABLE users ALTER city TYPE text USING 'Roma'",
            ["public.users.city: the mask city does not suit the type integer"],
        ),
        ("ALTER TABLE log RENAME TO old_log", "ALTER TABLE old_log RENAME TO log", ["public.log", "public.old_log"]),
        (
            "CREATE UNIQUE INDEX u ON orders (note, id)",
            "DROP INDEX u",
            ["public.orders.note: the column is unique, and the mask text repeats itself"],
        ),
        (
            "ALTER TABLE orders ADD FOREIGN KEY (note) REFERENCES users (email)",
            "ALTER TABLE orders DROP CONSTRAINT orders_note_fkey",
            ["public.orders.note: its mask is text, that of public.users.email, to which it refers, is email"],
        ),
        ("CREATE TABLE leaf PARTITION OF events DEFAULT", "DROP TABLE leaf", []),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_drifted_is_listed(untouched: Any, drift: str, back: str, said: list[str]) -> None:
    """A column more, another name, another type, a table more or less: exit 4. A partition more is no drift."""
    untouched.sql(drift)
    try:
        if said:
            with pytest.raises(PolicyIncomplete) as raised:
                untouched.clone(policy.parse(POLICY))
            assert raised.value.exit_code == 4
            for words in said:
                assert words in str(raised.value)
        else:
            from anonymizer.draft import check

            assert not check(endpoint.source(untouched.source, "s"), policy.parse(POLICY))
    finally:
        untouched.sql(back)


@pytest.mark.parametrize(
    ("line", "to", "said"),
    [
        ('email = "email"', 'email = "?"', 'the policy says "?"'),
        ('email = "email"', 'email = "name"', "repeats itself"),
        ('id = "keep"\nemail', 'id = "null"\nemail', "NOT NULL"),
        ('city = "city"', 'town = "city"\n"*" = "keep"', "public.users.town"),
        ('day = "keep"', 'day = { mask = "constant", value = "2024-01-02" }', "put into partitions by it"),
        ('[tables."public.events"]', '[tables."public.events_1"]', "it is a partition"),
        ('[tables."public.log"]', '[tables."public.gone"]', "no such table"),
        ('age = "keep"', 'age = "email"', "does not suit the type integer"),
        ('of = "email"', 'of = { mask = "email", domain = "other" }', "to which it refers"),
        (
            'id = "keep"\nemail = "email"\nage = "keep"\ncity = "city"\ntags = "text"',
            '"*" = "drop-rows"',
            "whose rows are dropped",
        ),
    ],
)
def test_a_policy_that_cannot_work_is_refused_before_anything_is_read(
    untouched: Any, line: str, to: str, said: str
) -> None:
    """Undecided, repeating in a unique column, NULL into NOT NULL, of a partition, with one end of a reference."""
    assert line in POLICY
    with pytest.raises(PolicyIncomplete) as raised:
        untouched.clone(policy.parse(POLICY.replace(line, to, 1)))
    assert said in str(raised.value)


def test_many_findings_are_counted(untouched: Any) -> None:
    """The error lists the first of them, and says how many more there are."""
    untouched.sql(*(f"CREATE TABLE many_{n:02d} (a int)" for n in range(25)))
    try:
        with pytest.raises(PolicyIncomplete, match="and 5 more"):
            untouched.clone(policy.parse(POLICY))
    finally:
        untouched.sql(*(f"DROP TABLE many_{n:02d}" for n in range(25)))


def test_the_target_is_not_the_source_however_it_is_spelled(untouched: Any) -> None:
    """Another path to the same socket, another database for the introduction: it is one database."""
    given = conninfo_to_dict(untouched.source)
    if str(given.get("host", "")).startswith("/"):
        given["host"] = os.path.join(str(given["host"]), "..", Path(str(given["host"])).name)  # noqa: PTH118 - kept as spelled
    with pytest.raises(SameDatabase) as raised:
        untouched.clone(policy.parse(POLICY), target=make_conninfo(**given))
    assert raised.value.exit_code == 4


def test_the_database_that_others_are_made_from_is_no_target(untouched: Any) -> None:
    """It cannot be renamed, which would show only at the end."""
    target = untouched.server.dsn("postgres")
    with pytest.raises(TargetNotOurs, match="cannot be replaced"):
        untouched.clone(policy.parse(POLICY), target=target, maintenance="postgres")


def test_a_target_that_is_being_cloned_is_busy(untouched: Any) -> None:
    """One clone at a time; the other one's database is left alone."""
    server = endpoint.target(untouched.target, "target").with_database("postgres")
    with Aside(server, untouched.name) as other:
        other.create({"encoding": "UTF8", "collate": "C", "ctype": "C"})
        with pytest.raises(TargetBusy) as raised:
            untouched.clone(policy.parse(POLICY))
        assert raised.value.exit_code == 4
        assert untouched.leftovers() == [other.name]


@pytest.fixture
def role(postgres_server: Server) -> Iterator[str]:
    """A role that may log in, and nothing else."""
    name = f"role_{secrets.token_hex(4)}"
    with postgres_server.administer() as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'pw'".encode())
    yield name
    with postgres_server.administer() as connection:
        connection.execute(f"DROP ROLE {name}".encode())


def test_a_role_that_may_not_make_databases_is_told_at_once(untouched: Any, role: str) -> None:
    """Before a schema is dumped; with the statement that would allow it."""
    target = make_conninfo(untouched.target, user=role, password="pw")
    with pytest.raises(TargetNotOurs) as raised:
        untouched.clone(policy.parse(POLICY), target=target)
    assert raised.value.exit_code == 4
    assert "CREATEDB" in str(raised.value)


def test_a_role_that_does_not_own_the_target_is_told_at_once(untouched: Any, role: str) -> None:
    """Renaming is the owner's right."""
    untouched.sql(f"ALTER ROLE {role} CREATEDB")
    with pytest.raises(TargetNotOurs, match="cannot be replaced") as raised:
        untouched.clone(policy.parse(POLICY), target=make_conninfo(untouched.target, user=role, password="pw"))
    assert "OWNER TO" in str(raised.value)


def test_a_role_that_may_not_read_everything_clones_nothing(untouched: Any, role: str) -> None:
    """A table that it may not read is an error, not a clone without it."""
    with pytest.raises(ServerFailed, match="reported an error") as raised:
        untouched.clone(policy.parse(POLICY), source=make_conninfo(untouched.source, user=role, password="pw"))
    assert "permission denied" in str(raised.value)


def test_a_source_that_does_not_answer(untouched: Any) -> None:
    """Is named as it may be named, and its password is not."""
    source = "postgresql://postgres:canary-pw@127.0.0.1:1/x"
    with pytest.raises(SourceUnreachable, match="cannot be reached") as raised:
        untouched.clone(policy.parse(POLICY), source=source)
    assert "the source" in str(raised.value)
    assert "canary" not in str(raised.value)


def test_a_pg_dump_that_is_older_than_the_server(untouched: Any) -> None:
    """PostgreSQL's own refusal is passed on."""
    if untouched.server.major() <= 16:
        pytest.skip("the wheel has no pg_dump older than this server")
    old = replace(untouched.programs, pg_dump=bin_path(16) / "pg_dump")
    with pytest.raises(ServerFailed, match="reported an error") as raised:
        untouched.clone(policy.parse(POLICY), programs=old)
    assert "server version mismatch" in str(raised.value)


def test_an_attestation_that_could_not_be_written(untouched: Any, tmp_path: Path) -> None:
    """Is found out before, not after."""
    (tmp_path / "file").write_text("")
    with pytest.raises(AttestationUnwritable):
        untouched.clone(policy.parse(POLICY), attestation=tmp_path / "file" / "a.json")
