"""What is read of the source's catalog: tables, references, sequences, views."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from anonymizer import catalog
from anonymizer.identifiers import TableName


@pytest.fixture
def source(database: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection to an empty database."""
    with psycopg.connect(database) as connection:
        yield connection


def test_tables_are_those_with_rows_of_the_product(source: psycopg.Connection[tuple[object, ...]]) -> None:
    """Ordinary, partitioned with their partitions, foreign; no views, no temporary tables, no system's."""
    source.execute(
        "CREATE TABLE t (a int); CREATE VIEW v AS SELECT 1; CREATE TEMP TABLE x (a int); CREATE SEQUENCE s;"
        "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE q PARTITION OF p DEFAULT PARTITION BY LIST (a);"
        "CREATE TABLE r PARTITION OF q DEFAULT; CREATE TYPE c AS (a int); CREATE MATERIALIZED VIEW m AS SELECT 1;"
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER far FOREIGN DATA WRAPPER w;"
        "CREATE FOREIGN TABLE f (a int) SERVER far"
    )
    found = {table.name.name: table for table in catalog.tables(source)}
    assert set(found) == {"t", "p", "q", "r", "f"}
    assert {name for name, table in found.items() if table.partitioned} == {"p", "q"}
    assert {name for name, table in found.items() if table.foreign} == {"f"}
    assert {name: table.root.name for name, table in found.items() if table.root != table.name} == {"q": "p", "r": "p"}


def test_a_columns_length_and_null_are_those_below_its_domains(
    source: psycopg.Connection[tuple[object, ...]],
) -> None:
    """Domains over domains, arrays, domains in arrays."""
    source.execute(
        "CREATE DOMAIN short AS varchar(7) NOT NULL; CREATE DOMAIN shorter AS short;"
        "CREATE DOMAIN list AS varchar(9)[];"
        "CREATE TABLE t (a shorter, b varchar(5)[], c list, d shorter[], e char(3), f text NOT NULL, g varchar)"
    )
    (table,) = catalog.tables(source)
    found = {column.name: column for column in table.columns}
    assert {name: column.max_length for name, column in found.items()} == {
        "a": 7,
        "b": 5,
        "c": 9,
        "d": 7,
        "e": 3,
        "f": None,
        "g": None,
    }
    assert {name for name, column in found.items() if column.not_null} == {"a", "f"}
    assert {name for name, column in found.items() if column.is_array} == {"b", "c", "d"}
    assert all(column.kind == "text" for column in found.values())


@pytest.mark.parametrize(
    ("kind", "same"),
    [
        ("int", True),
        ("text", True),
        ("int[]", True),
        ("tsvector", True),
        ("regclass", False),
        ("regtype[]", False),
        ("aclitem", False),
        ("aclitem[]", False),
        ("mood", False),
        ("mood[]", False),
        ("information_schema.sql_identifier", False),
    ],
)
def test_only_types_that_mean_the_same_everywhere_go_in_binary_form(
    source: psycopg.Connection[tuple[object, ...]], kind: str, same: bool
) -> None:
    """Not numbers of objects, not types that have no such form, not types that each database numbers anew."""
    source.execute(f"CREATE TYPE mood AS ENUM ('x'); CREATE TABLE t (a {kind})".encode())
    (table,) = catalog.tables(source)
    assert table.columns[0].builtin is same


def test_partition_keys_are_known_also_in_expressions(source: psycopg.Connection[tuple[object, ...]]) -> None:
    """A generated column that depends on another is no such key."""
    source.execute(
        "CREATE TABLE p (a int, b text, c int, d int GENERATED ALWAYS AS (c + 1) STORED) "
        "PARTITION BY RANGE (a, lower(b))"
    )
    (table,) = catalog.tables(source)
    assert [column.name for column in table.columns if column.partition_key] == ["a", "b"]
    assert [column.name for column in table.columns if column.generated] == ["d"]


def test_references_pair_their_columns_in_order(source: psycopg.Connection[tuple[object, ...]]) -> None:
    """Composite ones too, whatever the order of the columns in their tables."""
    source.execute(
        "CREATE TABLE a (x int, y int, UNIQUE (y, x)); "
        "CREATE TABLE b (p int, q int, CONSTRAINT k FOREIGN KEY (q, p) REFERENCES a (x, y))"
    )
    (key,) = catalog.foreign_keys(source)
    assert (key.name, key.columns, key.referenced_columns) == ("k", ("q", "p"), ("x", "y"))


def test_materialized_views_come_after_those_they_read(source: psycopg.Connection[tuple[object, ...]]) -> None:
    """Also through a plain view; one without data is left alone."""
    source.execute(
        "CREATE MATERIALIZED VIEW z AS SELECT 1 AS a; CREATE VIEW y AS SELECT * FROM z;"
        "CREATE MATERIALIZED VIEW x AS SELECT * FROM y; CREATE MATERIALIZED VIEW a AS SELECT x.a FROM x, z;"
        "CREATE MATERIALIZED VIEW empty AS SELECT 1 WITH NO DATA"
    )
    assert [view.name for view in catalog.materialized_views(source)] == ["z", "x", "a"]


def test_sequences_and_where_they_stand(source: psycopg.Connection[tuple[object, ...]]) -> None:
    """By name, whatever the name is."""
    source.execute('CREATE SEQUENCE "S ""1" START 7; CREATE SEQUENCE used; SELECT nextval(\'used\')')
    assert [(s.name, s.last_value, s.is_called) for s in catalog.sequences(source)] == [
        (TableName("public", 'S "1'), 7, False),
        (TableName("public", "used"), 1, True),
    ]
