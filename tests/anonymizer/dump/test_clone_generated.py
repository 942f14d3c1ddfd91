"""Schemas that nobody thought of: hypothesis makes a hundred of them, with rows, and every one is cloned.

For each: no original value of a masked column is left, no constraint is broken, no kept byte has changed, the schema is
the same; and a dump of it that goes through the filter becomes what the clone is. Cloning is by the dozen, a schema of
the database for each, for a clone's own seconds are not what is tested. `UNDERSTUDY_EXAMPLES=1000` makes it a night, by
other seeds each time. A failure shows the statements of its schema.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

SCHEMAS = int(os.environ.get("UNDERSTUDY_EXAMPLES", "108"))
TOGETHER = 18
"""How many schemas one database has."""

Mask = str | dict[str, Any]

characters = st.characters(exclude_characters="\0", exclude_categories=("Cs",))
names = st.one_of(
    st.text(characters, min_size=1, max_size=8),
    st.sampled_from(["select", 'a"b', "x.y", "ALL", "tab\tle", "ne\nw", "%s", "a b", "\\", "ß€", ";--", "$1", "*"]),
)
nasty = st.sampled_from(["", "\\", "\\.", "\\N", "\n", "\t\r", '"', "{}", "null", "NULL", ",", "'", "%s", "\x7f", "\v"])
words = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGH0123456789", min_size=14, max_size=26).map(lambda w: f"Qw{w}Zq")
"""Long enough that a survivor is no coincidence."""


def some(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


def array(literals: Sequence[str | None]) -> str:
    quoted = (v if v is None else '"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in literals)
    return "{" + ",".join("NULL" if v is None else v for v in quoted) + "}"


KEPT: dict[str, st.SearchStrategy[str]] = {
    "smallint": st.integers(-(2**15), 2**15 - 1).map(str),
    "integer": st.integers(-(2**31), 2**31 - 1).map(str),
    "bigint": st.integers(-(2**63), 2**63 - 1).map(str),
    "numeric": st.decimals(allow_nan=True).map(lambda d: "NaN" if d.is_nan() else str(d)),
    "numeric(1000,500)": some("1" * 400 + "." + "9" * 400, "-0.0000000001"),
    "real": st.floats(width=32).map(repr),
    "double precision": st.floats().map(repr),
    "money": st.integers(-(10**9), 10**9).map(lambda n: str(n / 100)),
    "text": st.one_of(nasty, st.text(characters, max_size=20)),
    "varchar(20)": st.one_of(nasty, st.text(characters, max_size=20)),
    "char(5)": st.one_of(some("", "a", " b", "\\", "ß€"), st.text(characters, max_size=5)),
    '"char"': some("a", "\\", ""),
    "name": st.text("ab€\"'\\", max_size=15),
    "bytea": st.binary(max_size=20).map(lambda b: "\\x" + b.hex()),
    "timestamp": some("infinity", "0044-03-15 01:02:03 BC", "2024-02-29 12:34:56.789", "294276-12-31 23:59:59.999999"),
    "timestamptz": some("infinity", "-infinity", "0044-03-15 BC", "2024-02-29 12:34:56.789+05:30", "4714-11-24 BC"),
    "timestamp(0)": some("2024-02-29 12:34:56.789", "1969-12-31 23:59:59.9"),
    "date": some("infinity", "-infinity", "4714-11-24 BC", "5874897-12-31", "2024-02-29"),
    "time": some("24:00:00", "00:00:00", "23:59:59.999999"),
    "timetz": some("24:00:00-15:59", "00:00:00+15:59:59", "12:00:00.5+00"),
    "interval": some("1 mon -1 day +00:00:01", "-178000000 years", "00:00:00.000001"),
    "interval day to second": some("3 04:05:06.7", "-1 day"),
    "boolean": some("t", "f"),
    "point": some("(1,2)", "(NaN,Infinity)", "(-0,1e-300)"),
    "line": some("{1,2,3}"),
    "lseg": some("[(0,0),(1,1)]"),
    "box": some("(1,1),(0,0)"),
    "path": some("((0,0),(1,1))", "[(0,0)]"),
    "polygon": some("((0,0),(1,1),(2,0))"),
    "circle": some("<(0,0),2.5>"),
    "cidr": some("10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0"),
    "inet": some("10.1.2.3/8", "::1", "255.255.255.255", "::ffff:1.2.3.4"),
    "macaddr": some("08:00:2b:01:02:03"),
    "macaddr8": some("08:00:2b:01:02:03:04:05"),
    "bit(5)": some("00000", "10101"),
    "bit varying": some("", "1", "0" * 70),
    "tsvector": some("'a':1A 'b c':2", "", "'\\\\':1 '''':2"),
    "tsquery": some("'a' & !'b'", "'x' <-> 'y':*"),
    "uuid": st.uuids().map(str),
    "json": some('{"a": [1,  null, "x"],"a":2}', "[]", "null", '"\\\\"', " 1e400 "),
    "jsonb": some('{"a": [1, null, "x"]}', "[]", "null", '"\\\\"', "1e400"),
    "jsonpath": some('$."a"[*]?(@ > 1)'),
    "int4range": some("empty", "[1,5)", "(,)"),
    "tstzrange": some("[2024-01-01 00:00+01,infinity]", "empty"),
    "numrange": some("[0.10,1.0]"),
    "int8multirange": some("{}", "{[1,2),[5,7)}"),
    "pg_lsn": some("16/B374D848"),
    "pg_snapshot": some("10:20:10,14,15"),
    "oid": some("0", "4294967295"),
    "regtype": some("integer", "pg_catalog.text", "-"),
    "regclass": some("pg_class", "-"),
    "text[]": st.lists(st.one_of(st.none(), nasty), max_size=4).map(array),
    "integer[]": some("{}", "{{1,2},{3,NULL}}", "[0:1]={7,8}"),
    "numeric(6,2)[]": some("{1.5,NULL,NaN}"),
    "boolean[]": some("{t,f,NULL}"),
    "jsonb[]": some('{"{\\"a\\": 1}",NULL}'),
    "timestamptz[]": some('{"2024-01-01 00:00:00+00",infinity}'),
    "bytea[]": some('{"\\\\x00","\\\\x"}'),
}
"""Every built-in type that a column of a user's table has, as it is kept; but xml, which not every server can read."""


leaves = st.one_of(words, st.none(), st.booleans(), st.integers(10**11, 10**12))
documents = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abc", max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
).map(json.dumps)
lists = st.lists(st.one_of(st.none(), words), max_size=3).map(array)
emails = words.map(lambda word: f"{word}@corp.test")
DOCUMENT: Mask = {"mask": "json", "others": "text"}
SHIFT: Mask = {"mask": "date_shift", "subject": "n"}
TRUTH: Mask = {"mask": "fpe", "among": [True, False]}
LABELS = ["open", "it's \\ shut", "ß"]
MASKED: list[tuple[str, Mask, st.SearchStrategy[str]]] = [
    ("text", "text", words),
    ("text", "email", emails),
    ("varchar(60)", "email", emails),
    ("char(60)", "email", emails),
    ("char(40)", "first_name", words),
    ("varchar(7)", "last_name", st.text("abc", max_size=7)),
    ("text", "name", words),
    ("text", "fpe", st.one_of(words, st.text(characters, max_size=9))),
    ("text", "token", words),
    ("text", {"mask": "constant", "value": "it's \\"}, words),
    ("text", "null", words),
    ("text", "redact", emails),
    ("text", "url", words.map(lambda word: f"https://{word}.test/{word}")),
    ("text", DOCUMENT, st.one_of(words, documents)),
    ("{word}", "text", words),
    ("{word}[]", "text", lists),
    ("text[]", "text", lists),
    ("varchar(40)[]", "email", lists),
    ("jsonb", DOCUMENT, documents),
    ("json", DOCUMENT, documents),
    ("jsonb[]", DOCUMENT, st.lists(documents, max_size=2).map(array)),
    ("text", {"mask": "xml", "others": "text"}, words.map(lambda word: f"<a b='{word}'>{word}<!-- {word} --></a>")),
    ("tsvector", "tsvector", words.map(lambda word: f"'{word}':1A,3 'it''s':2")),
    ("bytea", "bytea", words.map(lambda word: "\\x" + word.encode().hex())),
    ("{pair}", {"mask": "composite", "fields": {"a": "text"}, "others": "keep"}, words.map(lambda word: f"({word},7)")),
    ("smallint", "fpe", KEPT["smallint"]),
    ("integer", "fpe", KEPT["integer"]),
    ("bigint", "fpe", KEPT["bigint"]),
    ("integer", "rank", KEPT["integer"]),
    ("smallint", {"mask": "bucket", "size": 10}, KEPT["smallint"]),
    ("numeric(12,2)", {"mask": "noise", "percent": 10}, some("1.50", "-99.99", "NaN")),
    ("double precision", {"mask": "noise", "amount": 3}, KEPT["double precision"]),
    ("date", SHIFT, KEPT["date"]),
    ("date", "birth_date", KEPT["date"]),
    ("timestamp", SHIFT, KEPT["timestamp"]),
    ("timestamptz", "fpe", KEPT["timestamptz"]),
    ("timestamp(0)", "fpe", KEPT["timestamp(0)"]),
    ("date", "fpe", KEPT["date"]),
    ("timetz", "fpe", KEPT["timetz"]),
    ("timestamptz", {"mask": "date_trunc", "unit": "month"}, KEPT["timestamptz"]),
    ("interval", "null", KEPT["interval"]),
    ("boolean", TRUTH, KEPT["boolean"]),
    ("boolean", {"mask": "constant", "value": True}, KEPT["boolean"]),
    ("{label}", {"mask": "fpe", "among": LABELS}, some(*LABELS)),
    ("{label}[]", {"mask": "fpe", "among": LABELS}, st.lists(some(*LABELS), max_size=3).map(array)),
    ("inet", "ip", KEPT["inet"]),
    ("cidr", {"mask": "ip", "prefix": True}, KEPT["cidr"]),
    ("macaddr8", "mac", KEPT["macaddr8"]),
    ("uuid", "uuid", KEPT["uuid"]),
    ("point", "geo", some("(1,2)", "(45.07,7.68)")),
    ("int4range", "null", KEPT["int4range"]),
]
KEYS: list[tuple[str, Mask, Callable[[int, int], str]]] = [
    ("bigint", "keep", lambda _, n: str(n * 7 - 20)),
    ("smallint", "fpe", lambda _, n: str(9_000 * n - 20_000)),
    ("integer", "fpe", lambda _, n: str((2**30 - 1) * n - 2**31)),
    ("bigint", "fpe", lambda _, n: str(10**18 * n)),
    ("numeric(10,2)", "fpe", lambda _, n: f"{n * 3 - 5}.{n}0"),
    ("text", "email", lambda t, n: f"Qwkey{t}of{n}abcdefghZq@corp.test"),
    ("text", "fpe", lambda t, n: f"Qwkey{t}of{n}abcdefghZq ü"),
    ("varchar(50)", {"mask": "name", "unique": True}, lambda t, n: f"Qwkey{t}of{n}abcdefghZq"),
    ("char(50)", "user_name", lambda t, n: f"Qwkey{t}of{n}abcdefghZq"),
    ("{word}", "token", lambda t, n: f"Qwkey{t}of{n}abcdefghZq"),
    ("uuid", "uuid", lambda t, n: f"00000000-0000-4000-8000-{t:06}{n:06}"),
    ("date", "fpe", lambda _, n: f"2024-02-{20 + n}"),
    ("timestamptz", "fpe", lambda _, n: f"2024-02-29 12:00:0{n}.5+00"),
    ("inet", {"mask": "ip", "prefix": True}, lambda t, n: f"10.{t}.0.{n}"),
    ("macaddr", "mac", lambda t, n: f"08:00:2b:00:{t:02x}:{n:02x}"),
    ("text", "keep", lambda t, n: f"k{t} {n}"),
]
"""What a key may be, its mask, and the nth key of a table: all different."""

ALIKE = {
    "smallint": ["smallint", "integer", "bigint"],
    "integer": ["integer", "bigint"],
    "text": ["text", "varchar"],
    "char(50)": ["char(50)", "char(60)"],
}
"""What else may refer to a key of some type."""
LAYOUTS = ["plain", "plain", "unlogged", "hash", "list", "range", "deep", "child", "bare", "nothing"]
"""`deep`: partitions of three kinds below each other; `child` inherits; `bare` has no key; `nothing` has no column."""


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


@dataclass
class Column:
    """A column to be: its type, its mask, and its values row by row."""

    name: str
    type: str
    mask: Mask
    values: list[str | None]
    extra: str = ""


@dataclass
class Table:
    """A table to be. `keys` are what others may refer to; `count` is how many rows it has."""

    sql: str
    layout: str
    count: int
    columns: list[Column]
    keys: list[list[Column]] = field(default_factory=list)
    tail: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether it has no relatives."""
        return self.layout in ("plain", "unlogged")

    @property
    def partitioned(self) -> bool:
        """Whether its rows are in partitions."""
        return self.layout in ("hash", "list", "range", "deep")


@dataclass
class Generated:
    """One schema: the statements that make it, and the masks of its tables."""

    statements: list[str]
    masks: dict[str, dict[str, Mask]]
    kept: dict[str, list[str]]

    @property
    def secrets(self) -> set[str]:
        """The words that no column of the clone may hold."""
        return {word for text in self.statements for word in re.findall(r"Qw[a-zA-Z0-9]+Zq", text)}


class Builder:
    """Draws one schema; its number keeps its name apart."""

    def __init__(self, draw: st.DrawFn, number: int, major: int) -> None:
        self.draw, self.major = draw, major
        self.parents: dict[str, list[Column]] = {}
        self.schema = quoted(f"{number}{draw(names)}")
        self.types = {kind: f"{self.schema}.{quoted(kind + draw(names))}" for kind in ("word", "label", "pair")}
        self.before = [
            f"CREATE SCHEMA {self.schema}",
            f"CREATE DOMAIN {self.types['word']} AS text CHECK (VALUE <> '')",
            f"CREATE TYPE {self.types['label']} AS ENUM ({', '.join(map(literal, LABELS))})",
            f"CREATE TYPE {self.types['pair']} AS (a text, b int)",
        ]
        self.after: list[str] = []

    def _type(self, text: str) -> str:
        return text.format(**self.types) if "{" in text else text

    def build(self) -> Generated:
        """Tables, then references between them, then rows, then all that stands around."""
        tables = [self._table(at) for at in range(self.draw(st.integers(1, 4)))]
        for at, table in enumerate(tables):
            if table.layout not in ("nothing", "bare"):
                for _ in range(self.draw(st.integers(0, 2))):
                    self._refer(at, table, self.draw(st.sampled_from(tables)))
        statements, masks, kept = list(self.before), {}, {}
        for at, table in enumerate(tables):
            statements += self._create(at, table)
        for name, columns in self.parents.items():
            masks[name] = {column.name: column.mask for column in columns} or {"*": "keep"}
        for table in tables:
            statements += self._rows(table)
            own = {column.name: column.mask for column in table.columns}
            masks[table.sql] = own or {"*": "keep"}
            kept[table.sql] = [quoted(name) for name, mask in own.items() if mask == "keep"]
        for table in tables:
            statements += table.tail
        return Generated(statements + self.after, masks, kept)

    def _table(self, at: int) -> Table:
        layout = self.draw(st.sampled_from(LAYOUTS))
        count = self.draw(st.integers(0, 5))
        table = Table(f"{self.schema}.{quoted(f'{at}{self.draw(names)}')}", layout, count, [])
        if layout == "nothing":
            return table
        table.columns = [
            Column("n", "int", "keep", [str(n) for n in range(count)]),
            Column("part", "int", "keep", [str(n % 3) for n in range(count)]),
        ]
        if layout != "bare":
            # a key of a partitioned table has the column in it by which its rows are put into partitions
            part = table.columns[: 1 if layout == "hash" else 2][-1:] if table.partitioned else []
            for number in range(1 if table.partitioned else self.draw(st.integers(1, 2))):
                key = [self._key(at, number, place, count) for place in range(self.draw(st.integers(1, 2)))]
                table.columns += key
                table.keys.append([*part, *key])
        for number in range(self.draw(st.integers(1, 5))):
            table.columns.append(self._column(f"{number}{self.draw(names)}", count))
        return table

    def _key(self, at: int, number: int, place: int, count: int) -> Column:
        type_, mask, value = self.draw(st.sampled_from(KEYS))
        name = f"k{number}{place}{self.draw(names)}"
        return Column(name, self._type(type_), mask, [value(at * 10 + number * 2 + place, n) for n in range(count)])

    def _column(self, name: str, count: int) -> Column:
        if self.draw(st.booleans()):
            type_ = self.draw(st.sampled_from(sorted(KEPT)))
            mask: Mask = "keep"
            strategy = KEPT[type_]
        else:
            type_, mask, strategy = self.draw(st.sampled_from(MASKED))
        values = [self.draw(st.one_of(st.none(), strategy, strategy)) for _ in range(count)]
        return Column(name, self._type(type_), mask, values)

    def _refer(self, at: int, table: Table, other: Table) -> None:
        """A foreign key: composite, to itself, in a circle, to a unique column, deferrable, from and to partitions."""
        if not other.keys or (other.layout == "unlogged" and table.layout != "unlogged") or other.layout == "child":
            return
        key = self.draw(st.sampled_from(other.keys))
        number = len(table.columns)
        mine = []
        for place, column in enumerate(key):
            values = [column.values[n % other.count] if other.count and n % 4 else None for n in range(table.count)]
            type_ = self.draw(st.sampled_from(ALIKE.get(column.type, [column.type])))
            mine.append(Column(f"f{number}{place}{self.draw(names)}", type_, column.mask, values))
        table.columns += mine
        if table.layout == "child":
            return  # what a child inherits is no constraint
        how = self.draw(
            st.sampled_from(["", "DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED", "ON DELETE CASCADE", "MATCH FULL"])
        )
        ours, theirs = (", ".join(quoted(column.name) for column in columns) for columns in (mine, key))
        table.tail.append(f"ALTER TABLE {table.sql} ADD FOREIGN KEY ({ours}) REFERENCES {other.sql} ({theirs}) {how}")

    def _create(self, at: int, table: Table) -> list[str]:
        definitions = [f"{quoted(c.name)} {c.type}{c.extra}" for c in table.columns]
        by = {"hash": "HASH (n)", "list": "LIST (part)", "range": "RANGE (part)", "deep": "RANGE (part)"}.get(
            table.layout
        )
        made = []
        inherits = ""
        if table.layout == "child":
            parent = f"{self.schema}.{quoted(f'parent {at}')}"
            mine = self.draw(st.integers(0, len(definitions)))
            made.append(f"CREATE TABLE {parent} ({', '.join(definitions[:mine])})")
            inherits = f" INHERITS ({parent})"
            self.parents[parent] = table.columns[:mine]
            definitions = definitions[mine:]
        elif self.draw(st.booleans()) and table.columns:
            definitions.insert(self.draw(st.integers(0, len(definitions))), "gone text")
            table.tail.insert(0, f"ALTER TABLE {table.sql} DROP COLUMN gone")
        unlogged = "UNLOGGED " if table.layout == "unlogged" else ""
        made.append(
            f"CREATE {unlogged}TABLE {table.sql} ({', '.join(definitions)}){inherits}"
            + (f" PARTITION BY {by}" if by else "")
        )
        return made + self._parts(at, table) + self._unique(table) + self._extras(at, table)

    def _parts(self, at: int, table: Table) -> list[str]:
        one, two, three, four = (f"{self.schema}.{quoted(f'part {at} {n}')}" for n in range(4))
        of = f"PARTITION OF {table.sql}"
        return {
            "hash": [
                f"CREATE TABLE {p} {of} FOR VALUES WITH (MODULUS 2, REMAINDER {n})" for n, p in enumerate((one, two))
            ],
            "list": [f"CREATE TABLE {one} {of} FOR VALUES IN (1)", f"CREATE TABLE {two} {of} DEFAULT"],
            "range": [
                f"CREATE TABLE {one} {of} FOR VALUES FROM (MINVALUE) TO (1)",
                f"CREATE TABLE {two} {of} FOR VALUES FROM (1) TO (MAXVALUE)",
            ],
            "deep": [
                f"CREATE TABLE {one} {of} FOR VALUES FROM (0) TO (1) PARTITION BY LIST (part)",
                f"CREATE TABLE {two} PARTITION OF {one} FOR VALUES IN (0)",
                f"CREATE TABLE {three} {of} DEFAULT PARTITION BY HASH (part)",
                f"CREATE TABLE {four} PARTITION OF {three} FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
            ],
        }.get(table.layout, [])

    def _unique(self, table: Table) -> list[str]:
        """Behind the columns, before the rows: as few as that, one way is as good as another."""
        made = []
        for number, key in enumerate(table.keys):
            columns = ", ".join(quoted(column.name) for column in key)
            how = "PRIMARY KEY" if number == 0 and self.draw(st.booleans()) else "UNIQUE"
            made.append(f"ALTER TABLE {table.sql} ADD {how} ({columns})")
        return made

    def _extras(self, at: int, table: Table) -> list[str]:
        """What stands around a table: each is drawn by itself."""
        if table.layout == "nothing":
            return []
        draw = lambda: self.draw(st.integers(0, 3)) == 0  # noqa: E731
        made = []
        text = next((c.name for c in table.columns if c.type == "text"), None)
        if table.whole and draw():
            kind, mask = self.draw(st.sampled_from([("ALWAYS", "fpe"), ("BY DEFAULT", "keep"), ("BY DEFAULT", "fpe")]))
            made.append(f"ALTER TABLE {table.sql} ADD own bigint GENERATED {kind} AS IDENTITY UNIQUE")
            table.columns.append(Column("own", "identity", mask, []))
        if text and draw():
            virtual = " VIRTUAL" if self.major >= 18 and not table.keys and self.draw(st.booleans()) else " STORED"
            made.append(f"ALTER TABLE {table.sql} ADD made text GENERATED ALWAYS AS (upper({quoted(text)})){virtual}")
        if draw():
            table.tail += [
                f"ALTER TABLE {table.sql} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
                f"CREATE POLICY nobody ON {table.sql} USING (false)",
            ]
        if draw():
            table.tail += [
                f"CREATE OR REPLACE FUNCTION {self.schema}.fires() RETURNS trigger LANGUAGE plpgsql "
                "AS $$ BEGIN RAISE EXCEPTION 'a trigger fired'; END $$",
                f"CREATE TRIGGER never BEFORE INSERT OR UPDATE ON {table.sql} "
                f"FOR EACH ROW EXECUTE FUNCTION {self.schema}.fires()",
            ]
        if draw():
            made.append(f"ALTER TABLE {table.sql} ADD CHECK (n >= 0 AND part IS NOT NULL)")
            made.append(f"COMMENT ON TABLE {table.sql} IS {literal(self.draw(names))}")
        if table.whole and draw():
            made.append(f"ALTER TABLE {table.sql} ADD span int4range, ADD EXCLUDE USING gist (span WITH &&)")
            table.columns.append(Column("span", "int4range", "keep", [f"[{n},{n + 1})" for n in range(table.count)]))
        if draw():
            self.after.append(
                f"CREATE MATERIALIZED VIEW {self.schema}.{quoted(f'seen {at}')} AS SELECT * FROM {table.sql}"
            )
        return made

    def _rows(self, table: Table) -> list[str]:
        given = [column for column in table.columns if column.type != "identity"]
        if not given:
            return [f"INSERT INTO {table.sql} DEFAULT VALUES"] * table.count
        if not table.count:
            return []
        columns = ", ".join(quoted(column.name) for column in given)
        rows = (
            "(" + ", ".join(f"{literal(column.values[n])}::{column.type}" for column in given) + ")"
            for n in range(table.count)
        )
        return [f"INSERT INTO {table.sql} ({columns}) VALUES {', '.join(rows)}"]


def generated(count: int, batch: int, major: int) -> list[Generated]:
    """So many schemas by hypothesis: always the same ones, but in the night."""
    found: list[Generated] = []
    numbers = itertools.count()

    @st.composite
    def schemas(draw: st.DrawFn) -> Generated:
        return Builder(draw, next(numbers), major).build()

    @seed(batch + (0 if "UNDERSTUDY_EXAMPLES" not in os.environ else time.time_ns()))
    @settings(max_examples=count, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(schemas())
    def collect(schema: Generated) -> None:
        found.append(schema)

    collect()
    return found


class DrawnAlike(dict[tuple[str, str], str]):
    """Columns draw from the same values here, so one column's originals may stand in every other."""

    def get(self, key: object, default: object = None) -> str:  # type: ignore[override]
        """Accepted, wherever it is."""
        return "drawn alike"


@pytest.mark.parametrize("batch", range(-(-SCHEMAS // TOGETHER)))
def test_whatever_the_schema_nothing_leaks_nothing_breaks_and_nothing_kept_changes(
    batch: int, open_pair: Callable[..., AbstractContextManager[Any]], whole: Any, dumps: Any
) -> None:
    """The clone's own verification passes (rows, constraints, survivors), and these look for themselves."""

    def run(schemas: Sequence[Generated]) -> None:
        with open_pair() as pair:
            for schema in schemas:
                pair.sql("; ".join(schema.statements))
            policy = pair.policy({table: masks for schema in schemas for table, masks in schema.masks.items()})
            policy = replace(policy, elsewhere=DrawnAlike())
            whole.clone(pair, policy, schemas)
            whole.dump(pair, policy, batch)

    schemas = generated(TOGETHER, batch, dumps.major)
    try:
        run(schemas)
    except Exception:
        # which of them it was is asked one by one
        for schema in schemas:
            try:
                run([schema])
            except Exception as error:
                error.add_note("\n".join([*schema.statements, repr(schema.masks)]))
                raise
        raise
