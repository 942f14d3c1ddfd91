"""A few people of Chinook, Pagila and the practice production, with all that is theirs: the program as it is used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from understudy.demo.production import fill
from understudy.postgres import Server
from understudy.postgres.dsn import url

DATA = Path(__file__).parents[1] / "data"
POLICY = Path(__file__).parents[2] / "anonymizer" / "policy.toml"

pytestmark = pytest.mark.xdist_group("real data")

REFERENCES = """
SELECT k.conrelid::regclass::text, k.confrelid::regclass::text,
       ARRAY(SELECT quote_ident(attname) FROM unnest(k.conkey) WITH ORDINALITY u (n, at)
             JOIN pg_attribute ON attrelid = conrelid AND attnum = n ORDER BY at),
       ARRAY(SELECT quote_ident(attname) FROM unnest(k.confkey) WITH ORDINALITY u (n, at)
             JOIN pg_attribute ON attrelid = confrelid AND attnum = n ORDER BY at)
FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY 1, 2, 3
"""


def dangling(connection: psycopg.Connection[Any]) -> list[str]:
    """References that are not satisfied, asked of the rows and not of the constraints."""
    found = []
    for child, parent, columns, keys in connection.execute(REFERENCES).fetchall():
        pairs = " AND ".join(f"c.{ours} = p.{theirs}" for ours, theirs in zip(columns, keys, strict=True))
        given = " AND ".join(f"c.{ours} IS NOT NULL" for ours in columns)
        query = f"SELECT count(*) FROM {child} c WHERE {given} AND NOT EXISTS (SELECT FROM {parent} p WHERE {pairs})"
        if connection.execute(query.encode()).fetchone() != (0,):
            found.append(f"{child} -> {parent}")
    return found


def count(dsn: str, table: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize(
    ("name", "people", "theirs", "beside"),
    [
        ("chinook", "customer", ("invoice", "invoice_line"), "playlist_track"),
        ("pagila", "customer", ("rental", "payment"), "film_actor"),
    ],
)
def test_a_tenth_of_the_customers(
    real_database: Callable[[str], str],
    postgres_server: Server,
    understudy: Callable[..., Any],
    name: str,
    people: str,
    theirs: tuple[str, ...],
    beside: str,
) -> None:
    """All references hold, theirs is there and little else, and the report's numbers are those of the clone."""
    source = real_database(name)
    target = f"{name}_tenth_{psycopg.conninfo.conninfo_to_dict(source)['dbname']}"
    ends = ("--source", url(source), "--target", url(postgres_server.dsn(target)))
    rules = ("--policy", str(DATA / f"{name}.policy.toml"), "--subset", f"public.{people}: 10%")
    try:
        done = understudy("clone", *ends, *rules, "--json")
        assert done.returncode == 0, done.stderr
        tables = {table["table"]: table for table in json.loads(done.stdout)["subset"]}
        clone = postgres_server.dsn(target)
        for table in (people, *theirs, beside):
            report = tables[f"public.{table}"]
            assert 0 < report["rows"] == count(clone, table) < report["source_rows"] == count(source, table)
            assert report["rows"] == sum(reason["rows"] for reason in report["reasons"])
        assert tables[f"public.{people}"]["rows"] < count(source, people) / 4
        with psycopg.connect(clone) as connection:
            assert not dangling(connection)
    finally:
        postgres_server.drop_database(target)


def test_five_percent_of_the_practice_productions_users(
    postgres_server: Server, migrated_template: str, understudy: Callable[..., Any]
) -> None:
    """By the repository's own policy; verify finds the clone whole with the key, and refuses to judge it without."""
    with postgres_server.scratch(template=migrated_template, prefix="subset") as source:
        fill(source, rows=12_000)
        target = f"staging_{psycopg.conninfo.conninfo_to_dict(source)['dbname']}"
        options = ("--source", url(source), "--target", url(postgres_server.dsn(target)), "--policy", str(POLICY))
        options = (*options, "--subset", "public.users: 5%", "--subset", "public.feature_flags: 100%")
        try:
            done = understudy("clone", *options)
            assert done.returncode == 0, done.stderr
            assert "chosen (5%)" in done.stdout
            assert "belong to public.users" in done.stdout
            clone = postgres_server.dsn(target)
            assert 0 < count(clone, "users") < count(source, "users") / 8
            assert 0 < count(clone, "message_deliveries") < count(source, "message_deliveries") / 5
            assert count(clone, "feature_flags") == count(source, "feature_flags")
            assert understudy("verify", *options).returncode == 0
            assert understudy("verify", *options, key=None).returncode == 4
        finally:
            postgres_server.drop_database(target)
