"""Every option that changes what a plain pg_dump writes: the result is the clone's, or a refusal that says why."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from anonymizer import catalog
from anonymizer.dump.errors import DumpRefused
from anonymizer.endpoint import source as source_end

OPTIONS = {
    "plain": ("",),
    "inserts": ("--inserts",),
    "several": ("--column-inserts --rows-per-insert=7 --no-comments --no-security-labels --no-publications",),
    "conflicts": ("--inserts --on-conflict-do-nothing --rows-per-insert=3 --disable-dollar-quoting",),
    "clean": ("--disable-triggers --if-exists --clean --use-set-session-authorization --no-subscriptions",),
    "roots": ("--load-via-partition-root --enable-row-security --serializable-deferrable",),
    "roots inserted": ("--load-via-partition-root --column-inserts --no-tablespaces --extra-float-digits=3",),
    "quoted": ("--verbose --quote-all-identifiers --no-owner --no-privileges --lock-wait-timeout=60000",),
    "objects": ("--blobs --no-table-access-method --no-toast-compression --no-unlogged-table-data",),
    "no objects": ("--no-blobs --encoding=UTF8",),
    "sections": ("--section=pre-data", "--section=data", "--section=post-data"),
    "two sections": ("--section=pre-data --section=data", "--section=post-data"),
    "schema and data": ("--schema-only", "--data-only --disable-triggers"),
    "statistics": ("--statistics",),
    "no statistics": ("--no-statistics --restrict-key=abc",),
    "sequences": ("--schema-only --sequence-data --no-statistics", "--data-only --disable-triggers"),
    "no policies": ("--no-policies",),
}
"""One dump, or several that are loaded one behind the other."""
SINCE = {"no policies": 18, "statistics": 18, "sequences": 18, "no statistics": 18}
CLONED = ("people", "single", "base", "derived", "secret_log", "counted", "early_all", "late", "wide_none")


@pytest.fixture
def cloned(hard: Any, copy_of: Callable[[str, str], bytes]) -> Callable[[str], None]:
    """Compares a database with the clone: every row and every sequence."""

    def contents(dsn: str) -> dict[str, list[bytes]]:
        found = {}
        with source_end(dsn, "it").connect() as connection:
            names = [t.name for t in catalog.tables(connection) if not t.partitioned and not t.foreign]
            for name in [*names, *catalog.materialized_views(connection)]:
                found[name.name] = sorted(copy_of(dsn, f"SELECT * FROM ONLY {name.sql}").split(b"\n"))
            found["sequences"] = [repr(state).encode() for state in catalog.sequences(connection)]
        return found

    expected = contents(hard.target)
    assert set(CLONED) < set(expected)

    def compare(dsn: str) -> None:
        found = contents(dsn)
        # of a schema alone pg_dump fills no materialized view
        assert found == {name: rows for name, rows in expected.items() if name in found or name != "counted"}

    return compare


@pytest.mark.parametrize("name", OPTIONS)
def test_whatever_the_option_the_result_is_the_clone(
    name: str, hard: Any, dumps: Any, mask: Any, make_database: Any, cloned: Callable[[str], None]
) -> None:
    """Its rows, its sequences, and what it leaves out."""
    if dumps.major < SINCE.get(name, 0):
        pytest.skip(f"pg_dump knows this option since {SINCE[name]}")
    dump = b"".join(dumps.dump(hard.source, *options.split()) for options in OPTIONS[name])
    masked, _ = mask(dump, hard.policy, hard.key)
    target = make_database()
    assert not dumps.load(target, masked)
    assert b"hunter2" not in masked
    assert b"Giovanni" not in masked
    cloned(target)


def test_rows_in_an_order_that_nothing_tells_are_refused(hard: Any, dumps: Any, mask: Any) -> None:
    """pg_dump writes a partition's rows in the partition's order to its root, without names: every mask would miss."""
    dump = dumps.dump(hard.source, "--load-via-partition-root", "--inserts")
    assert re.search(rb"INSERT INTO \"Sales 24\".\"Or;ders\" VALUES \('bought by", dump)
    for pipe in (False, True):
        with pytest.raises(DumpRefused, match="in another order"):
            mask(dump, hard.policy, hard.key, pipe=pipe)


def test_a_dump_that_makes_its_database_is_loaded_into_it(
    hard: Any, dumps: Any, mask: Any, postgres_server: Any, cloned: Callable[[str], None]
) -> None:
    """pg_dump --create --clean --if-exists: DROP and CREATE DATABASE stand before the transaction."""
    source = hard.source.rpartition("dbname=")[2]
    dump = dumps.dump(hard.source, "--create", "--clean", "--if-exists")
    masked, _ = mask(dump, hard.policy, hard.key)
    target = f"{source}_made"
    try:
        assert not dumps.load(postgres_server.dsn("postgres"), masked.replace(source.encode(), target.encode()))
        cloned(postgres_server.dsn(target))
    finally:
        postgres_server.drop_database(target)


PARTS: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "tables": (("--table=public.single", "--table=public.base"), {"single", "base"}),
    "without tables": (
        ("--schema=public", *(f"--exclude-table={name}" for name in ("people", "counted", "shown", "far_away"))),
        {"single", "base", "derived"},
    ),
    "without a schema": (('--exclude-schema="Sales"*',), {"people", "single", "derived"}),
    "two schemas": (
        ("--schema=public", '--schema="Sales"*', "--exclude-table=far_away"),
        {"people", "early_all", "late"},
    ),
    "without rows": (("--exclude-table-data=people", "--exclude-table-data=late"), {"single", "base", "early_all"}),
    "children": (('--table-and-children="Sales 24"."Or;ders"',), {"early_all", "late"}),
    "without children": (('--exclude-table-and-children="Sales 24"."Or;ders"',), {"people", "single", "derived"}),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_of_the_tables_is_masked_as_the_whole(
    name: str, hard: Any, dumps: Any, mask: Any, make_database: Any, copy_of: Any
) -> None:
    """The policy names tables that are not in the dump; what is in it has the clone's rows."""
    options, tables = PARTS[name]
    if "children" in name and dumps.major < 16:
        pytest.skip("pg_dump knows this option since 16")
    masked, made = mask(
        dumps.dump(hard.source, "--section=pre-data", "--section=data", *options), hard.policy, hard.key
    )
    target = make_database()
    # pg_dump writes the schemas that are asked for, and none of tables that are
    assert not dumps.load(target, b'DROP SCHEMA public; CREATE SCHEMA public; CREATE SCHEMA "Sales 24";')
    script = re.sub(rb'(?m)^CREATE SCHEMA (?:public|"Sales 24");$', b"", masked)
    assert not dumps.load(target, script)
    for table in made.tables:
        if table.table.name in tables:
            query = f"SELECT * FROM ONLY {table.table.sql}"
            assert sorted(copy_of(target, query).split(b"\n")) == sorted(copy_of(hard.target, query).split(b"\n"))
    assert tables <= {table.table.name for table in made.tables}
