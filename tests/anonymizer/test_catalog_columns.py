"""What the catalog says of a column, as far as masks depend on it."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from anonymizer import catalog
from anonymizer.catalog import Column

SCHEMA = """
CREATE TYPE place AS (street text, "zip code" varchar(5));
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN money_amount AS numeric(12, 2);
CREATE TABLE t (
    a int, b int, c text, d text, e text, home place, m mood, n money_amount, neg numeric(3, -2), free numeric,
    raw bytea, x xml, ts tsvector, at point, mac macaddr, ats timestamptz[], moods mood[], small smallint,
    UNIQUE (a, b)
);
CREATE UNIQUE INDEX ON t (lower(c));
CREATE INDEX ON t (d);
CREATE UNIQUE INDEX ON t (a) INCLUDE (e);
"""


def columns(location: str) -> dict[str, Column]:
    with psycopg.connect(location) as connection:
        connection.execute(SCHEMA.encode())
        (table,) = catalog.tables(connection)
        return {column.name: column for column in table.columns}


def test_a_column_says_what_a_mask_must_know(make_database: Callable[[], str]) -> None:
    """Kinds, base types, precision and fields, through domains and arrays; and every way of being unique."""
    found = columns(make_database())
    kinds = {name: (column.kind, column.base) for name, column in found.items()}
    assert kinds["home"] == ("composite", "place")
    assert kinds["m"] == ("enum", "mood")
    assert kinds["n"] == ("number", "numeric")
    assert kinds["raw"] == ("bytea", "bytea")
    assert kinds["x"] == ("xml", "xml")
    assert kinds["ts"] == ("tsvector", "tsvector")
    assert kinds["at"] == ("point", "point")
    assert kinds["mac"] == ("macaddr", "macaddr")
    assert kinds["ats"] == ("time", "timestamptz")
    assert kinds["moods"] == ("enum", "mood")
    assert found["home"].fields == ("street", "zip code")
    assert (found["n"].precision, found["n"].scale) == (12, 2)
    assert (found["neg"].precision, found["neg"].scale) == (3, -2)
    assert (found["free"].precision, found["free"].scale) == (None, None)
    assert {name for name, column in found.items() if column.unique} == {"a", "b", "c"}
