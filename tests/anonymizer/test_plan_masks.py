"""What a plan says of masks that do not suit their columns, on a real schema."""

from __future__ import annotations

import psycopg
import pytest

from anonymizer import catalog, odds, plan, policy

SCHEMA = """
CREATE TABLE t (
    id int, name text, code varchar(10), tag varchar(40), ip inet, at interval, f float8,
    UNIQUE (name, code), UNIQUE (ip)
);
CREATE UNIQUE INDEX ON t (upper(tag));
INSERT INTO t (id) SELECT 1 FROM generate_series(1, 5000);
ANALYZE t;
"""


def findings(location: str, **masks: str) -> list[str]:
    columns = dict.fromkeys(["id", "name", "code", "tag", "ip", "at", "f"], '"keep"') | masks
    text = 'version = 1\n[tables."public.t"]\n' + "".join(f"{name} = {mask}\n" for name, mask in columns.items())
    with psycopg.connect(location) as connection:
        connection.execute(SCHEMA.encode())
        tables = catalog.tables(connection)
        found = plan.findings(policy.parse(text), tables, [])
    return [f"{item.column} {item.kind}: {item.message}" for item in found]


def test_a_mask_that_repeats_is_refused_with_its_odds(database: str) -> None:
    """Also in an index of several columns or over an expression; 5,000 rows in 2**28 addresses: 1 in 22 meet."""
    found = findings(database, name='"name"', code='"email"', tag='"first_name"', ip='"ip"')
    assert [line.split(":")[0] for line in found] == ["name unique", "code unique", "tag unique", "ip unique"]
    assert "16 outputs for 5,000 rows, so some value comes twice with odds of 1 in 1" in found[1]
    assert "268,435,456 outputs for 5,000 rows, so some value comes twice with odds of 1 in 22" in found[3]


def test_what_never_repeats_is_taken(database: str) -> None:
    """Bijections, tags, and digests of 96 bits."""
    masks = {
        "name": '{ mask = "name", unique = true }',
        "code": '"fpe"',
        "tag": '"email"',
        "ip": '{ mask = "ip", prefix = true }',
    }
    assert findings(database, **masks) == []


def test_a_tag_needs_room_and_a_text(database: str) -> None:
    """In varchar(10) nine hexadecimal digits are too few; an address takes no tag."""
    found = findings(database, code='{ mask = "name", unique = true }', ip='{ mask = "ip", unique = true }')
    assert "68,719,476,736 outputs" in found[0]
    assert found[1].startswith("ip unsuitable: unique = true adds a text")


def test_a_type_that_a_mask_cannot_work_on(database: str) -> None:
    """The kind alone does not tell: an interval is a time that cannot be shifted, a float has no digits of its own."""
    found = findings(database, at='{ mask = "date_shift", subject = "id" }', f='"fpe"')
    assert found == [
        "at unsuitable: the mask date_shift cannot shift the type interval",
        "f unsuitable: the mask fpe cannot permute numbers of the type float8",
    ]


def test_masks_that_look_aside(database: str) -> None:
    """What they look at must be copied, and they must not wait for each other."""
    found = findings(database, name='{ mask = "entity", columns = ["gone"] }')
    assert "name unsuitable: the mask entity looks at gone, and no such column is copied" in found


def test_masks_that_wait_for_each_other(database: str) -> None:
    """Neither could be first."""
    found = findings(
        database, name='{ mask = "entity", columns = ["tag"] }', tag='{ mask = "entity", columns = ["name"] }'
    )
    assert any("these masks wait for each other" in line for line in found)


@pytest.mark.parametrize(
    ("rows", "outputs", "words"),
    [
        (23, 365, "50.7297%"),
        (1, 10, "nil"),
        (11, 10, "1 in 1"),
        (10_000_000, 2**64, "1 in 368,935"),
        (2, 10**6, "1 in 1,000,000"),
    ],
)
def test_the_odds_are_exact(rows: int, outputs: int, words: str) -> None:
    """The birthday problem, from its best known case to a clone's size."""
    assert odds.odds(rows, outputs) == words
