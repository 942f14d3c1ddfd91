"""Schemas that nobody thought of, with rows: the rows that come are those that a person finds, and none is changed.

Tables plain and partitioned, keys single, composite and unique, references forwards, backwards and to themselves, NULL
and half NULL. A few by default; UNDERSTUDY_EXAMPLES=300 makes it a long night.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anonymizer import catalog, endpoint
from anonymizer import plan as planning
from anonymizer.policy import Policy
from anonymizer.subset.choice import Source, choose

EXAMPLES = int(os.environ.get("UNDERSTUDY_EXAMPLES", "0"))
KINDS = {"id": ("id",), "both": ("id", "tag"), "email": ("email",)}
TYPES = {"id": ("bigint",), "both": ("int", "smallint"), "email": ("varchar(90)",)}

settled = settings(deadline=None, derandomize=not EXAMPLES, suppress_health_check=list(HealthCheck), database=None)


@dataclass(frozen=True)
class Reference:
    """A reference to be: to which table, by which key of it, and which row each row refers to (None for none).

    `half` says that what refers to none is half NULL, which a key of two columns may be.
    """

    parent: int
    kind: str
    half: bool
    rows: tuple[int | None, ...]


@dataclass(frozen=True)
class Table:
    """A table to be: how it is laid out, how many rows it has, to what they refer."""

    layout: str
    size: int
    references: tuple[Reference, ...]


@dataclass(frozen=True)
class World:
    """Tables, and of some of them the rows that are chosen."""

    tables: tuple[Table, ...]
    chosen: dict[int, set[int]]

    def truth(self) -> tuple[Any, ...]:
        """The same for the oracle."""
        rows = {f"t{n}": {(f"t{n}", id_) for id_ in range(table.size)} for n, table in enumerate(self.tables)}
        each = [(n, one) for n, table in enumerate(self.tables) for one in table.references]
        links = {(f"t{n}", f"t{one.parent}") for n, one in each}
        refer = {
            ((f"t{n}", child), (f"t{one.parent}", parent))
            for n, one in each
            for child, parent in enumerate(one.rows)
            if parent is not None
        }
        return rows, links, refer, {f"t{n}": {(f"t{n}", id_) for id_ in ids} for n, ids in self.chosen.items()}

    def statements(self) -> Iterator[str]:
        """What makes it."""
        for n, table in enumerate(self.tables):
            columns = "".join(
                f", r{at}_{part} {kind}"
                for at, one in enumerate(table.references)
                for part, kind in enumerate(TYPES[one.kind])
            )
            by = {"hash": " PARTITION BY HASH (id)", "range": " PARTITION BY RANGE (id)"}.get(table.layout, "")
            yield f"CREATE TABLE t{n} (id int, tag int, email text{columns}, PRIMARY KEY (id), UNIQUE (id, tag)){by}"
            if table.layout == "hash":
                yield from (
                    f"CREATE TABLE t{n}_{k} PARTITION OF t{n} FOR VALUES WITH (MODULUS 2, REMAINDER {k})"
                    for k in (0, 1)
                )
            elif table.layout == "range":
                yield f"CREATE TABLE t{n}_low PARTITION OF t{n} FOR VALUES FROM (0) TO (2) PARTITION BY LIST (id)"
                yield f"CREATE TABLE t{n}_lower PARTITION OF t{n}_low DEFAULT"
                yield f"CREATE TABLE t{n}_rest PARTITION OF t{n} DEFAULT"
            else:
                yield f"ALTER TABLE t{n} ADD UNIQUE (email)"
            for id_ in range(table.size):
                values = [v for one in table.references for v in self._values(one, one.rows[id_])]
                row = ", ".join([f"{id_}, {id_ % 3}, '{n}-{id_}@corp.test'", *values])
                yield f"INSERT INTO t{n} VALUES ({row})"
        for n, table in enumerate(self.tables):
            for at, one in enumerate(table.references):
                ours = ", ".join(f"r{at}_{part}" for part in range(len(KINDS[one.kind])))
                yield (
                    f"ALTER TABLE t{n} ADD CONSTRAINT t{n}_{at} FOREIGN KEY ({ours}) "
                    f"REFERENCES t{one.parent} ({', '.join(KINDS[one.kind])}){' MATCH FULL' if not one.half else ''}"
                )

    def _values(self, one: Reference, row: int | None) -> list[str]:
        if row is None:
            return ["NULL"] * (len(KINDS[one.kind]) - 1) + ["1" if one.half and one.kind == "both" else "NULL"]
        return {"id": [f"{row}"], "both": [f"{row}", f"{row % 3}"], "email": [f"'{one.parent}-{row}@corp.test'"]}[
            one.kind
        ]

    def policy(self, pair: Any) -> Policy:
        """E-mails are masked, wherever they are; rows are chosen by their ids."""
        masks = {
            f"public.t{n}": {"email": "email"}
            | {f"r{at}_0": "email" for at, one in enumerate(table.references) if one.kind == "email"}
            for n, table in enumerate(self.tables)
        }
        rules = {f"public.t{n}": f"where id = ANY ('{ids or {}}')" for n, ids in self.chosen.items()}
        found: Policy = pair.policy(masks, subset=rules)
        return found


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Up to five tables with up to six rows and three references each."""
    count = draw(st.integers(2, 5))
    layouts = draw(st.lists(st.sampled_from(["plain", "plain", "hash", "range"]), min_size=count, max_size=count))
    sizes = draw(st.lists(st.integers(1, 6), min_size=count, max_size=count))
    tables = []
    for layout, size in zip(layouts, sizes, strict=True):
        references = []
        for _ in range(draw(st.integers(0, 3))):
            parent = draw(st.integers(0, count - 1))
            kind = draw(st.sampled_from(["id", "both"] + ["email"] * (layouts[parent] == "plain")))
            ends = st.one_of(st.none(), st.integers(0, sizes[parent] - 1))
            rows = draw(st.lists(ends, min_size=size, max_size=size))
            references.append(Reference(parent, kind, draw(st.booleans()), tuple(rows)))
        tables.append(Table(layout, size, tuple(references)))
    named = draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=2))
    return World(tuple(tables), {n: draw(st.sets(st.integers(0, sizes[n] - 1))) for n in named})


@pytest.fixture(scope="module")
def place(open_pair: Callable[..., AbstractContextManager[Any]]) -> Iterator[Any]:
    """A source that every example makes anew."""
    with open_pair() as pair:
        yield pair


def made(place: Any, world: World) -> Policy:
    place.sql("DROP SCHEMA public CASCADE", "CREATE SCHEMA public", "; ".join(world.statements()))
    return world.policy(place)


def ids(place: Any, world: World, *, target: bool) -> set[tuple[str, int]]:
    found = place.sql(
        " UNION ALL ".join(f"SELECT 't{n}', id FROM t{n}" for n in range(len(world.tables))), target=target
    )
    return {(name, id_) for name, id_ in found}


@settings(settled, max_examples=EXAMPLES or 12)
@given(world=worlds())
def test_the_rows_that_come_are_those_that_a_person_finds(
    place: Any, oracle: Callable[..., set[tuple[str, Any]]], world: World
) -> None:
    """Chosen in the source, whatever its references are made of."""
    rules = made(place, world)
    end = endpoint.source(place.source, "the source")
    with end.connect(autocommit=False) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        snapshot = str(connection.execute("SELECT pg_export_snapshot()").fetchone()[0])
        tables = catalog.tables(connection)
        plans = planning.lay(rules, tables, catalog.foreign_keys(connection))
        source = Source(connection, end, str(place.programs.psql), snapshot)
        subset = choose(source, rules, place.key, tables, plans)
        found = set()
        for plan in plans:
            parts = subset.of(plan.name)
            queries = [f"TABLE {plan.name.sql}"] if parts is None else [p.select(plan.name, ["id"]) for p in parts]
            for query in queries:
                found |= {(plan.table.root.name, row[0]) for row in connection.execute(query.encode())}
    assert found == oracle(*world.truth())
    for table in subset.tables:
        assert table.rows == sum(name == table.table.name for name, _ in found) == sum(r.rows for r in table.reasons)


@settings(settled, max_examples=EXAMPLES or 2)
@given(world=worlds())
def test_a_clone_has_those_rows_as_the_full_clone_has_them(
    place: Any, oracle: Callable[..., set[tuple[str, Any]]], world: World
) -> None:
    """Every constraint is built and proven by the server; every row is the full clone's, masks and all."""
    rules = made(place, world)
    whole = "; ".join(f"SELECT t::text FROM t{n} t" for n in range(len(world.tables))).split("; ")
    place.clone(Policy(rules.tables, rules.locale, rules.digest))
    full = [set(place.sql(query, target=True)) for query in whole]
    assert place.clone(rules).verification.passed
    for query, rows in zip(whole, full, strict=True):
        assert set(place.sql(query, target=True)) <= rows
    assert ids(place, world, target=True) == oracle(*world.truth())
