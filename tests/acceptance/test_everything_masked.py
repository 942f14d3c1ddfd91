"""Chinook, Pagila and the generated production, every maskable column masked: all constraints build, nobody is left.

The policy is made from the catalog, so that no column is forgotten: keys by bijections, through all that refer to them;
times, numbers and texts by the mask that suits their type. By hand, and only where a CHECK ties columns together, the
masks that keep what it asks. Kept are the columns by which rows are put into partitions, and nothing else.

Generated columns are no exception: they are recomputed from masked ones.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from anonymizer import catalog, maskers
from anonymizer.catalog import Column
from anonymizer.identifiers import TableName
from understudy.demo.production import fill
from understudy.parity import compare
from understudy.postgres import Server
from understudy.postgres.dsn import url

Place = tuple[TableName, str]
Spec = str | dict[str, Any]

pytestmark = pytest.mark.xdist_group("real data")  # where each source is loaded already


def of(table: str, **columns: Spec) -> dict[Place, Spec]:
    """Masks by hand, for a table of the schema `public` or the one named."""
    schema, _, name = table.rpartition(".")
    return {(TableName(schema or "public", name), column): mask for column, mask in columns.items()}


def one_of(*values: str) -> Spec:
    """One of a closed list of words."""
    return {"mask": "faker", "provider": "random_element", "args": {"elements": list(values)}}


CHANNELS = one_of("email", "sms", "whatsapp")
WORD = {"mask": "faker", "provider": "random_element", "args": {"elements": ["signed_in", "page_viewed", "searched"]}}
LABELS = """
SELECT t.typname, e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid ORDER BY e.enumsortorder
"""
FEW = 8
"""Of so few values a permutation is the same set."""
KEPT: dict[str, set[Place]] = {
    "chinook": set(),
    # payments are put into months by it, and a masked day may belong into none of them
    "pagila": {(TableName("public", "payment"), "payment_date")},
    "production": set(),
}
BY_HAND: dict[str, dict[Place, Spec]] = {
    "chinook": {},
    "pagila": {
        **of("film", release_year={"mask": "noise", "amount": 10, "min": 1901, "max": 2155}),
        **of("film", fulltext={"mask": "tsvector", "from": ["title", "description"]}),
    },
    "production": {
        **of("users", email="email", tier=one_of("free", "pro", "team")),
        **of("feature_flags", rollout_percentage={"mask": "noise", "amount": 30, "min": 0, "max": 100}),
        **of("onboarding_message_deliveries", channel={"mask": "fpe", "among": ["email", "sms", "whatsapp"]}),
        **of("onboarding_message_deliveries", step={"mask": "fpe", "min": 1, "max": 4}),
        **of("message_deliveries", channel=CHANNELS),
        **of("analytics_events", event_name=WORD),
        **of("security_audit_logs", action=WORD),
        # an action plan is done if and only if it says when
        **of("action_plans", status={"mask": "generalize", "map": {"done": "done"}, "others": "active"}),
        **of("action_plans", budget={"mask": "noise", "percent": 20, "min": 0}),
    },
}


class Everything:
    """A policy for a whole database, made from its catalog."""

    def __init__(self, dsn: str, by_hand: Mapping[Place, Spec]) -> None:
        self._by_hand = by_hand
        with psycopg.connect(dsn) as connection:
            tables = catalog.tables(connection)
            keys = catalog.foreign_keys(connection)
            self._labels: dict[str, list[str]] = {}
            for name, label in connection.execute(LABELS):
                self._labels.setdefault(name, []).append(label)
        roots = {table.name: table.root for table in tables}
        self._same: dict[Place, Place] = {}
        for key in keys:
            for ours, theirs in zip(key.columns, key.referenced_columns, strict=True):
                self._join((roots[key.table], ours), (roots[key.referenced], theirs))
        self.kept: set[Place] = set()
        columns = [(table.root, column) for table in tables for column in table.columns if not column.generated]
        self._unique = {self._representative((root, column.name)) for root, column in columns if column.unique}
        self.kept = {self._representative((root, c.name)) for root, c in columns if c.partition_key}
        self.policy: dict[TableName, dict[str, Spec]] = {}
        for table in tables:
            if table.name == table.root:
                own = [column for column in table.columns if not column.generated]
                self.policy[table.name] = {column.name: self._mask(table.name, column, own) for column in own}

    def _representative(self, place: Place) -> Place:
        while place in self._same:
            place = self._same[place]
        return place

    def _join(self, ours: Place, theirs: Place) -> None:
        ours, theirs = self._representative(ours), self._representative(theirs)
        if ours != theirs:
            self._same[ours] = theirs

    def _mask(self, table: TableName, column: Column, columns: list[Column]) -> Spec:
        place = self._representative((table, column.name))
        if place in self.kept:
            return "keep"
        if (table, column.name) in self._by_hand:
            return self._by_hand[table, column.name]
        mask = self._unique_mask(column) if place in self._unique else self._plain_mask(table, column, columns)
        # a column that no key refers to shares its values with nobody
        whole = {"mask": mask} if isinstance(mask, str) else mask
        # what has parts has no join domain of its own
        return whole if maskers.find(whole["mask"]).parted else {"domain": f"{place[0]}.{place[1]}", **whole}

    @staticmethod
    def _unique_mask(column: Column) -> Spec:
        return {"uuid": "uuid", "inet": {"mask": "ip", "prefix": True}}.get(column.kind, "fpe")

    def _plain_mask(self, table: TableName, column: Column, columns: list[Column]) -> Spec:
        if column.kind == "number":
            return "fpe" if column.base.startswith("int") else {"mask": "noise", "percent": 20}
        if column.kind == "time":
            # one subject and one domain in a table: what comes after what stays so
            return {"mask": "date_shift", "subject": columns[0].name, "domain": str(table)}
        if column.kind == "enum":
            return one_of(*self._labels[column.base])
        by_kind: dict[str, Spec] = {
            "boolean": one_of("true", "false"),
            "uuid": "uuid",
            "inet": "ip",
            "json": {"mask": "json", "others": "text"},
            "tsvector": "tsvector",
            "bytea": "bytea",
            "text": "text",
        }
        return by_kind[column.kind]

    @property
    def toml(self) -> str:
        """The policy's text."""
        lines = ["version = 1"]
        for name, masks in self.policy.items():
            lines.append(f"[tables.{_toml(str(name))}]")
            lines += [f"{_toml(column)} = {_toml(mask)}" for column, mask in masks.items()]
        return "\n".join(lines)


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml(name)} = {_toml(item)}" for name, item in value.items()) + "}"
    return json.dumps(value)


@pytest.fixture
def source(request: pytest.FixtureRequest, postgres_server: Server) -> Iterator[Callable[[str], str]]:
    """A database to be cloned, by its name."""
    with contextlib.ExitStack() as stack:

        def opened(name: str) -> str:
            if name != "production":
                return str(request.getfixturevalue("real_database")(name))
            template = request.getfixturevalue("migrated_template")
            dsn = stack.enter_context(postgres_server.scratch(template=template, prefix="production"))
            fill(dsn, rows=12_000)
            return dsn

        yield opened


def contents(dsn: str, table: TableName, column: str) -> list[Any]:
    """A column's values as text, sorted."""
    query = sql.SQL('SELECT {0}::text FROM {1} WHERE {0} IS NOT NULL ORDER BY {0}::text COLLATE "C"').format(
        sql.Identifier(column), sql.Identifier(table.schema, table.name)
    )
    with psycopg.connect(dsn) as connection:
        return [value for (value,) in connection.execute(query)]


@pytest.mark.parametrize("name", ["chinook", "pagila", "production"])
def test_every_maskable_column_masked_builds_and_passes_verify(
    name: str,
    source: Callable[[str], str],
    postgres_server: Server,
    understudy: Callable[..., Any],
    tmp_path: Path,
) -> None:
    """Keys through all that refer to them, times, numbers, labels, JSON: the clone stands, and `verify` agrees."""
    dsn = source(name)
    everything = Everything(dsn, BY_HAND[name])
    kept = {(table, c) for table, masks in everything.policy.items() for c, mask in masks.items() if mask == "keep"}
    assert kept == KEPT[name]
    file = tmp_path / "policy.toml"
    file.write_text(everything.toml, encoding="utf-8")

    target = f"{name}_masked_{psycopg.conninfo.conninfo_to_dict(dsn)['dbname']}"[-60:]
    clone = postgres_server.dsn(target)
    between = ("--source", url(dsn), "--target", url(clone), "--policy", str(file))
    try:
        done = understudy("clone", *between)
        assert done.returncode == 0, done.stderr
        verified = understudy("verify", *between)
        assert verified.returncode == 0, verified.stdout + verified.stderr

        assert compare(dsn, clone), "the schema is not the same"
        with psycopg.connect(clone) as connection:
            assert connection.execute("SELECT conname FROM pg_constraint WHERE NOT convalidated").fetchall() == []
            assert (
                connection.execute(
                    "SELECT relname FROM pg_index i JOIN pg_class c ON c.oid = indexrelid WHERE NOT indisvalid"
                ).fetchall()
                == []
            )
        for table, masks in everything.policy.items():
            for column in masks:
                before, after = contents(dsn, table, column), contents(clone, table, column)
                assert len(before) == len(after)
                if len(set(before)) > FEW:
                    assert (before == after) == ((table, column) in kept), f"{table}.{column}"
    finally:
        postgres_server.drop_database(target)
