"""A kept column arrives byte for byte, whatever its type: in the binary pipe, and as text beside a masked column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest

pytestmark = pytest.mark.xdist_group("types")

BINARY = r"""
smallint: -32768
int: 2147483647
bigint: -9223372036854775808
real: NaN | -Infinity | 1e-45 | 0.1
float8: Infinity | 5e-324 | 0.1 | -0
numeric: NaN | Infinity | -Infinity | 1e-1000 | 1e1000 | 123456789012345678901234567890.1200
numeric(5,-2): 1234500
boolean: t
money: -92233720368547758.08
text: | \N | \. | a\b | tab	nl
varchar: x
char(5): x
"char": a
name: somename
bytea: \x00ff5c6e0a09 | \x
timestamp: infinity | 4713-01-01 00:00:00 BC | 294276-12-31 23:59:59.999999
timestamptz: -infinity | 2024-02-29 12:00:00.000001+05:30 | 0044-03-15 00:00:00 BC
date: infinity | 4713-01-01 BC | 5874897-12-31
time: 24:00:00
timetz: 24:00:00-15:59
interval: -178000000 years | 1 mon -1 days 00:00:00.000001
uuid: a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11
inet: ::1/128 | 10.1.2.3/8
cidr: 10.0.0.0/8
macaddr: 08:00:2b:01:02:03
macaddr8: 08:00:2b:01:02:03:04:05
bit(3): 101
varbit: 1 | 01
json: {"b":1,  "a":1, "a":2} | "\ud800"
jsonb: {"n": 123456789012345678901234567890.10, "e": 1E-400}
jsonpath: $."a"[*] ? (@ > 1)
tsvector: 'a':1A,2B 'b''c':3
tsquery: 'a' & !'b':*A
point: (NaN,Infinity)
line: {1,2,3}
lseg: [(0,0),(1,1)]
box: (1,1),(0,0)
path: [(0,0),(1,1)] | ((0,0),(1,1))
polygon: ((0,0),(1,1),(1,0))
circle: <(0,0),1e300>
int4range: empty | [1,)
int8range: (,)
numrange: [1.0,2.50)
tsrange: [-infinity,infinity]
tstzrange: [,"2024-01-01 00:00:00+00")
daterange: [2024-01-01,infinity)
int4multirange: {[1,3),[5,7)} | {}
nummultirange: {[1.0,2.0)}
tstzmultirange: {(,)}
oid: 4294967295
oidvector: 1 2 3
int2vector: 1 2
tid: (4294967295,65535)
xid: 4294967295
xid8: 18446744073709551615
cid: 7
pg_lsn: FFFFFFFF/FFFFFFFF
txid_snapshot: 10:20:10,14,15
refcursor: x
int4[]: {} | [0:1][-1:0]={{1,NULL},{3,4}} | [5:5]={1}
text[]: {"",NULL,"NULL","a\\b\"c",","," x "}
timestamptz[]: {infinity,"2024-01-01 00:00:00+00"}
box[]: {(1,1),(0,0);(2,2),(0,0)}
tsvector[]: {'a':1,NULL}
"""
"""Types whose binary form means the same everywhere."""

TEXT = r"""
pg_snapshot: 10:20:10,14,15
regclass: kinds
regtype: public.mood
regproc: now
regprocedure: f(integer)
regoper: pg_catalog.||/
regoperator: +(integer,integer)
regconfig: english
regdictionary: simple
regrole: pg_monitor
regnamespace: public
regcollation: "C"
aclitem: pg_monitor=arwdDxtm/pg_monitor
regclass[]: {kinds,pg_class}
information_schema.sql_identifier[]: {a,b}
mood: it's "so"
mood[]: {"it's \"so\"",NULL}
comp: (1,"a,""b",) | (,,)
comp[]: {"(1,a,)",NULL}
dom: {"(1,a,)"}
posint: 5
posint[]: {1,2}
spread: [1,2)
"""
"""Types that are text on their way: numbers of objects, which differ in every database, and the product's own."""

OWN = """
CREATE TYPE mood AS ENUM ('it''s "so"');
CREATE TYPE comp AS (a int, b text, c mood);
CREATE DOMAIN dom AS comp[] CHECK (cardinality(value) < 5);
CREATE DOMAIN posint AS int CHECK (value > 0);
CREATE TYPE spread AS RANGE (subtype = float8);
CREATE TABLE kinds (x int);
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
"""


def values(text: str) -> list[tuple[str, list[str]]]:
    """The types and the values of each."""
    found = []
    for line in text.strip("\n").split("\n"):
        kind, _, rest = line.partition(":")
        found.append((kind, [value.strip(" ") for value in rest.split(" | ")]))
    return found


def fill(connection: psycopg.Connection[Any], table: str, kinds: list[tuple[str, list[str]]]) -> None:
    """A table with a column for each type; row n has the nth value of each, and NULL where there is none."""
    columns = ", ".join(f"c{n} {kind}" for n, (kind, _) in enumerate(kinds))
    connection.execute(f"CREATE TABLE {table} (secret text, n int, {columns})".encode())
    for n in range(max(len(found) for _, found in kinds) + 1):
        row = [found[n] if n < len(found) else None for _, found in kinds]
        marks = ", ".join(f"%s::text::{kind}" for kind, _ in kinds)
        connection.execute(f"INSERT INTO {table} VALUES ('who@{table}.test', {n}, {marks})".encode(), row)


@pytest.fixture(scope="module")
def cloned(open_pair: Callable[..., AbstractContextManager[Any]]) -> Iterator[Any]:
    """A source whose every session reads and writes values in its own way, and its clone."""
    with open_pair() as pair:
        with psycopg.connect(pair.source, autocommit=True) as connection:
            connection.execute(OWN.encode())
            for table, kinds in (("binary_kept", BINARY), ("text_kept", TEXT), ("binary_beside", BINARY + TEXT[1:])):
                fill(connection, table, values(kinds))
            name = connection.info.dbname
            for setting in (
                "datestyle = 'German, DMY'",
                "intervalstyle = 'sql_standard'",
                "extra_float_digits = 0",
                "bytea_output = 'escape'",
                "timezone = 'Asia/Kathmandu'",
                "array_nulls = off",
                "statement_timeout = '1ms'",
                "default_transaction_isolation = 'serializable'",
                "search_path = 'nowhere'",
                "row_security = on",
                "standard_conforming_strings = off",
            ):
                connection.execute(f"ALTER DATABASE {name} SET {setting}".encode())
        pair.clone({"public.binary_beside": {"secret": "email"}})
        yield pair


KINDS = [
    *(("binary_kept", n, kind) for n, (kind, _) in enumerate(values(BINARY))),
    *(("text_kept", n, kind) for n, (kind, _) in enumerate(values(TEXT))),
    *(("binary_beside", n, kind) for n, (kind, _) in enumerate(values(BINARY + TEXT[1:]))),
]


def test_every_value_of_every_type_is_the_same(cloned: Any) -> None:
    """Infinities, NaN, years before Christ, bounds of arrays, NULL and the empty string, as COPY writes them."""
    both = [
        {
            table: cloned.copied(f"(SELECT n, {columns} FROM public.{table}) x", target=target)
            for table in ("binary_kept", "text_kept", "binary_beside")
            for columns in [", ".join(f"c{n}" for name, n, _ in KINDS if name == table)]
        }
        for target in (False, True)
    ]
    for table in both[0]:
        for row, (ours, theirs) in enumerate(zip(*(rows[table].split(b"\n") for rows in both), strict=True)):
            for n, pair in enumerate(zip(ours.split(b"\t"), theirs.split(b"\t"), strict=True)):
                kind = next((kind for name, at, kind in KINDS if name == table and at == n - 1), "the row's number")
                assert pair[0] == pair[1], (table, kind, row)


def test_a_number_of_an_object_is_that_objects_in_the_clone(cloned: Any) -> None:
    """A regclass names the clone's own table, whose number is another."""
    column = next(n for n, (kind, _) in enumerate(values(TEXT)) if kind == "regclass")
    query = f"SELECT c{column} = 'public.kinds'::regclass FROM public.text_kept WHERE n = 0"
    assert cloned.sql(query, target=True) == [(True,)]


def test_the_masked_column_beside_them_is_masked(cloned: Any) -> None:
    """The same value in every row is the same mask in every row."""
    ((secret,),) = cloned.sql("SELECT DISTINCT secret FROM public.binary_beside", target=True)
    assert "@example." in secret
