"""`understudy verify`: what it prints, and what it ends with exit code 3 for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy.postgres import connect
from understudy.postgres.dsn import url

POLICY = """
version = 1
[tables."public.users"]
id = "keep"
email = "email"
note = "text"
[tables."public.log"]
"*" = "drop-rows"
"""
SCHEMA = (
    "CREATE TABLE users (id int PRIMARY KEY, email text CHECK (email <> ''), note text); CREATE TABLE log (line text)"
)


@pytest.fixture
def verify(cli: Callable[..., Any], make_database: Callable[[], str], tmp_path: Path) -> Callable[..., Any]:
    """Runs `understudy verify` on a source and what somebody made of it by the statements given."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    source, target = make_database(), make_database()
    with connect(source) as connection:
        connection.execute(SCHEMA.encode())
        connection.execute("INSERT INTO users VALUES (1, 'a@corp.test', 'a secret of hers, and long'), (2, NULL, '')")
        connection.execute("INSERT INTO log VALUES ('x')")

    def call(*statements: str, flags: tuple[str, ...] = ()) -> Any:
        with connect(target) as connection:
            connection.execute(SCHEMA.encode())
            for statement in statements:
                connection.execute(statement.encode())
        return cli(
            "verify", "--source", url(source), "--target", url(target), "--policy", str(policy), "--jobs", "1", *flags
        )

    return call


GOOD = "INSERT INTO users VALUES (1, 'x.y.0123456789abcdef@example.com', 'x kfpwyq ow pwxo, thd ksbq'), (2, NULL, '')"


def test_a_clone_without_survivors(verify: Callable[..., Any]) -> None:
    """Exit 0, and JSON with every masked column; needs no key."""
    ran = verify(GOOD, flags=("--json",))
    assert ran.code == 0, ran.out + ran.err
    document = ran.json
    assert document["passed"] is True
    assert document["problems"] == []
    assert document["survivors"] == 0
    assert [t["table"] for t in document["tables"]] == ["public.log", "public.users"]
    assert document["tables"][1]["columns"] == [
        {"column": "email", "mask": "email", "values": 1, "survivors": 0, "coincidences": 0},
        {"column": "note", "mask": "text", "values": 1, "survivors": 0, "coincidences": 0},
    ]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (GOOD.replace("x.y.0123456789abcdef@example.com", "a@corp.test"), "public.users.email: 1 of 1 original values"),
        (GOOD.replace("x kfpwyq ow pwxo, thd ksbq", "a secret of hers, and long"), "public.users.note: 1 of 1"),
        (GOOD.replace("(2, NULL, '')", "(2, 'a@corp.test', '')"), "public.users.email: 1 of 1 original values survive"),
        (GOOD + ", (3, NULL, NULL)", "public.users: 3 rows, and 2 were expected"),
        (GOOD + "; INSERT INTO log VALUES ('y')", "public.log: 1 rows, and 0 were expected"),
        (GOOD + "; ALTER TABLE users DROP CONSTRAINT users_email_check", "the constraint users_email_check is missing"),
        (
            GOOD + "; ALTER TABLE users DROP CONSTRAINT users_email_check; "
            "ALTER TABLE users ADD CONSTRAINT users_email_check CHECK (email <> '') NOT VALID",
            "the constraint users_email_check is not validated",
        ),
    ],
)
def test_what_speaks_against_a_clone(verify: Callable[..., Any], statement: str, said: str) -> None:
    """A survivor, in its own row or in another's; a row more; a constraint less or not proven. No value is shown."""
    ran = verify(statement)
    assert ran.code == 3
    assert said in ran.out
    assert "corp.test" not in ran.out + ran.err
    assert "secret of hers" not in ran.out + ran.err


def test_a_table_that_the_clone_lacks(verify: Callable[..., Any]) -> None:
    """Is an error that names the table, not a clone without survivors."""
    ran = verify("DROP TABLE users")
    assert ran.code in (1, 3)
    assert "users" in ran.out + ran.err
