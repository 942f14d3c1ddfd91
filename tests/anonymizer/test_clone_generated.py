"""Schemas that nobody thought of: hypothesis makes tables, keys, cycles, partitions, JSON and arrays, with rows.

For each: no original value of a masked column is left, no constraint is broken, no kept byte has changed. A few by
default; UNDERSTUDY_EXAMPLES=300 makes it a long night.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("UNDERSTUDY_EXAMPLES", "6"))

identifiers = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=12)
characters = st.characters(exclude_characters="\0", exclude_categories=("Cs",))
nasty = st.sampled_from(["", "\\", "\\.", "\\N", "\n", "\t\r", '"', "{}", "null", "NULL", ",", "'", "%s"])
words = st.text("abcdefghijklmnopqrstuvwxyzABCDEFG0123456789", min_size=20, max_size=40)
"""Long enough that a survivor is no coincidence."""

KEPT = {
    "text": st.one_of(nasty, st.text(characters, max_size=20)),
    "int": st.integers(-(2**31), 2**31 - 1),
    "numeric": st.decimals(allow_nan=True, allow_infinity=True).map(str),
    "float8": st.floats().map(repr),
    "bytea": st.binary(max_size=20),
    "bool": st.booleans(),
    "text[]": st.lists(st.one_of(st.none(), nasty), max_size=4),
    "timestamptz": st.sampled_from(["infinity", "-infinity", "0044-03-15 BC", "2024-02-29 12:34:56.789+05:30"]),
    "jsonb": st.sampled_from(['{"a": [1, null, "x"]}', "[]", "null", '"\\\\"']),
    "int4range": st.sampled_from(["empty", "[1,5)", "(,)"]),
}
leaves = st.one_of(words, st.none(), st.booleans(), st.integers(10**11, 10**12))
documents = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)
MASKED: dict[tuple[str, str], Any] = {
    ("text", "text"): words,
    ("text", "email"): words.map(lambda word: f"{word}@corp.test"),
    ("varchar(60)", "email"): words.map(lambda word: f"{word}@corp.test"),
    ("text", "name"): words,
    ("text[]", "text"): st.lists(st.one_of(st.none(), words), max_size=3),
    ("jsonb", "json"): documents,
    ("json", "json"): documents,
}


@dataclass(frozen=True)
class Table:
    """A table to be: its columns as (name, type, mask, strategy), how it is laid out, which other it refers to."""

    name: str
    columns: tuple[tuple[str, str, str, Any], ...]
    layout: str
    refers_to: int
    rows: tuple[tuple[Any, ...], ...]


@st.composite
def tables(draw: st.DrawFn, number: int, count: int) -> Table:
    """One of `count` tables, with up to four columns beside its key."""
    kept = st.sampled_from(sorted(KEPT)).map(lambda kind: (kind, "keep", KEPT[kind]))
    masked = st.sampled_from(sorted(MASKED)).map(lambda both: (*both, MASKED[both]))
    names = draw(st.lists(identifiers, min_size=1, max_size=4, unique=True))
    columns = tuple((f"{name}{number}"[:14], *draw(st.one_of(kept, masked))) for name in names)
    columns = tuple({name: (name, *rest) for name, *rest in columns}.values())
    rows = draw(st.lists(st.tuples(*(st.one_of(st.none(), strategy) for *_, strategy in columns)), max_size=6))
    return Table(
        f"{number}{draw(identifiers)}",
        columns,
        draw(st.sampled_from(["plain", "unlogged", "hash", "list"])),
        draw(st.integers(0, count - 1)),
        tuple(rows),
    )


schemas = st.integers(1, 4).flatmap(lambda count: st.tuples(*(tables(number, count) for number in range(count))))


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def build(connection: psycopg.Connection[Any], found: tuple[Table, ...]) -> dict[str, dict[str, Any]]:
    """Make the tables, their rows and their references; return the masks. Keys are e-mails, and masked alike."""
    policy: dict[str, dict[str, Any]] = {}
    for number, table in enumerate(found):
        columns = "".join(f", {quoted(name)} {kind}" for name, kind, *_ in table.columns)
        by = {"hash": " PARTITION BY HASH (id)", "list": " PARTITION BY LIST (part)"}.get(table.layout, "")
        unlogged = "UNLOGGED " if table.layout == "unlogged" else ""
        name = f"public.{quoted(table.name)}"
        # the second key refers to some table's first: forwards, backwards, to itself
        connection.execute(
            f"CREATE {unlogged}TABLE {name} (id int, part int, key text, other text{columns}){by}".encode()
        )
        for part in (0, 1) if by else ():
            bound = f"WITH (MODULUS 2, REMAINDER {part})" if table.layout == "hash" else f"IN ({part})"
            connection.execute(f"CREATE TABLE part_{number}_{part} PARTITION OF {name} FOR VALUES {bound}".encode())
        casts = "".join(f", %s::{kind}" for _, kind, *_ in table.columns)
        for n, row in enumerate(table.rows):
            values = [
                psycopg.types.json.Jsonb(v) if mask == "json" else v
                for v, (*_, mask, _) in zip(row, table.columns, strict=True)
            ]
            other = len(found[table.refers_to].rows)
            refers = f"{n % other}-{table.refers_to}-original@corp.test" if other and n % 3 else None
            key = f"{n}-{number}-original@corp.test"
            into = name.replace("%", "%%")
            connection.execute(
                f"INSERT INTO {into} VALUES (%s, %s, %s, %s{casts})".encode(), [n, n % 2, key, refers, *values]
            )
        masks = {
            column: {"mask": "json", "others": "text"} if mask == "json" else mask
            for column, _, mask, _ in table.columns
        }
        policy[name] = {"id": "keep", "part": "keep", "key": "email", "other": "email", **masks}
    refer(connection, found)
    return policy


def refer(connection: psycopg.Connection[Any], found: tuple[Table, ...]) -> None:
    """Keys where the layout allows them, and the references between them."""
    whole = [not table.layout.startswith(("hash", "list")) for table in found]
    for table, unpartitioned in zip(found, whole, strict=True):
        columns = "key" if unpartitioned else "id, part, key"
        connection.execute(f"ALTER TABLE public.{quoted(table.name)} ADD UNIQUE ({columns})".encode())
    for table in found:
        # a permanent table may not refer to one that a crash empties
        durable = found[table.refers_to].layout != "unlogged" or table.layout == "unlogged"
        if whole[table.refers_to] and durable:
            connection.execute(
                f"ALTER TABLE public.{quoted(table.name)} ADD FOREIGN KEY (other) "
                f"REFERENCES public.{quoted(found[table.refers_to].name)} (key) DEFERRABLE".encode()
            )


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="UNDERSTUDY_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
@given(found=schemas)
def test_whatever_the_schema_nothing_leaks_nothing_breaks_and_nothing_kept_changes(
    open_pair: Callable[..., AbstractContextManager[Any]], found: tuple[Table, ...]
) -> None:
    """The clone's own verification passes (rows, constraints, survivors), and these look for themselves."""
    with open_pair() as pair:
        with psycopg.connect(pair.source, autocommit=True) as connection:
            policy = build(connection, found)
        result = pair.clone(policy)
        assert result.verification.passed
        for table in found:
            name = f"public.{quoted(table.name)}"
            kept = ", ".join(
                ["id", "part", *(quoted(column) for column, _, mask, _ in table.columns if mask == "keep")]
            )
            query = f"(SELECT {kept}, tableoid::regclass FROM {name}) x"
            assert pair.copied(query) == pair.copied(query, target=True)
            everything = pair.copied(name, target=True, order="id").decode()
            assert "original" not in everything
            for row in table.rows:
                for value, (_, _, mask, _) in zip(row, table.columns, strict=True):
                    if mask != "keep":
                        assert not any(word in everything for word in texts(value))
        assert not pair.differences()


def texts(value: Any) -> list[str]:
    """The texts in a value that a mask must change: elements, leaves; keys of objects are structure."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts(item)]
    return []
