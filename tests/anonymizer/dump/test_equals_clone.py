"""What comes out of the filter, loaded, is what a clone by the same policy and key holds; and every form of dump is."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anonymizer import catalog, policy
from anonymizer.endpoint import source as source_end
from understudy.postgres import connect

DATA = Path(__file__).parents[2] / "data"


def contents(dsn: str, copied: Callable[..., bytes]) -> dict[str, list[bytes]]:
    """The rows of every table and materialized view, and where every sequence stands."""
    found = {}
    with source_end(dsn, "it").connect() as connection:
        names = [t.name for t in catalog.tables(connection) if not t.partitioned and not t.foreign]
        names += catalog.materialized_views(connection)
        for name in names:
            found[str(name)] = sorted(copied(dsn, f"SELECT * FROM ONLY {name.sql}").split(b"\n"))
        found["sequences"] = [repr(state).encode() for state in catalog.sequences(connection)]
    return found


def assert_alike(ours: dict[str, list[bytes]], theirs: dict[str, list[bytes]]) -> None:
    """Asserts that two databases have the same rows; a difference is one table's."""
    assert ours.keys() == theirs.keys()
    for table, rows in ours.items():
        for one, other in zip(rows, theirs[table], strict=True):
            assert one.split(b"\t") == other.split(b"\t"), table


def script(name: str) -> bytes:
    """A database of tests/data, without the lines that make and connect to a database of its own."""
    lines = gzip.decompress((DATA / f"{name}.sql.gz").read_bytes()).split(b"\n")
    return b"\n".join(line for line in lines if not line.startswith((b"DROP DATABASE", b"CREATE DATABASE", b"\\c")))


@pytest.mark.parametrize("form", [(), ("--inserts",)])
def test_a_hard_database_comes_out_as_its_clone_from_a_pipe(
    form: tuple[str, ...], hard: Any, make_database: Any, dumps: Any, mask: Any, copy_of: Any
) -> None:
    """Arrays, JSON, quoted names, partitions, inheritance, generated columns, domains; files are in `test_options`.

    From a pipe the masks of a policy cannot know of the foreign keys behind the rows; here they need not.
    """
    masked, made = mask(dumps.dump(hard.source, *form), hard.policy, hard.key, pipe=True)
    target = make_database()
    assert not dumps.load(target, masked, "--single-transaction")
    assert_alike(contents(target, copy_of), contents(hard.target, copy_of))
    assert b"hunter2" not in masked
    assert b"Giovanni" not in masked.replace(b"\\\\x", b"")
    assert b"47696f76616e6e69" not in masked
    assert {"the subscription listens", "a user mapping", "1 large objects"} <= set(made.left_out)


@pytest.mark.parametrize("name", ["chinook", "pagila"])
def test_known_databases_come_out_as_their_clones(
    name: str, pair: Any, make_database: Any, dumps: Any, mask: Any, copy_of: Any
) -> None:
    """Chinook and Pagila by their own policies."""
    assert not dumps.load(pair.source, script(name))
    rules = policy.load(DATA / f"{name}.policy.toml")
    pair.clone(rules)
    masked, made = mask(dumps.dump(pair.source), rules, pair.key)
    target = make_database()
    assert not dumps.load(target, masked, "--single-transaction")
    assert_alike(contents(target, copy_of), contents(pair.target, copy_of))
    assert made.rows == sum(len(rows) - 1 for name, rows in contents(pair.target, copy_of).items() if "." in name)


def test_a_dump_in_another_time_zone_is_masked_alike(
    hard: Any, make_database: Any, dumps: Any, mask: Any, copy_of: Any
) -> None:
    """pg_dump writes moments in its session's zone; a mask sees them in UTC, as a clone's does, BC and all."""
    dump = dumps.dump(hard.source, PGTZ="Asia/Kathmandu")
    assert b"+05:45" in dump
    masked, _ = mask(dump, hard.policy, hard.key)
    target = make_database()
    assert not dumps.load(target, masked, "--single-transaction")
    assert_alike(contents(target, copy_of), contents(hard.target, copy_of))


def test_backslashes_that_escape_are_read_so(
    pair: Any, make_database: Any, dumps: Any, mask: Any, copy_of: Any
) -> None:
    """Where the database says standard_conforming_strings = off the INSERTs double their backslashes."""
    name = pair.sql("SELECT quote_ident(current_database())")[0][0]
    pair.sql(
        "CREATE TABLE t (id int, name text, kept text)",
        r"INSERT INTO t VALUES (1, 'a\b''c', 'k\''k'), (2, '\', '\'), (3, E'x\ny', E'\t\\')",
        f"ALTER DATABASE {name} SET standard_conforming_strings = off",
    )
    rules = pair.policy({"public.t": {"name": "text"}})
    pair.clone(rules)
    dump = dumps.dump(pair.source, "--inserts")
    assert b"standard_conforming_strings = off" in dump
    masked, _ = mask(dump, rules, pair.key)
    target = make_database()
    assert not dumps.load(target, masked, "--single-transaction")
    assert_alike(contents(target, copy_of), contents(pair.target, copy_of))


def test_rows_without_their_schema_need_it_beside_them(hard: Any, dumps: Any, mask: Any) -> None:
    """A dump of the data alone is refused, and masked as the whole one when the schema is given."""
    data = dumps.dump(hard.source, "--data-only")
    whole, _ = mask(dumps.dump(hard.source), hard.policy, hard.key)
    with pytest.raises(Exception, match="nothing before them makes this table"):
        mask(data, hard.policy, hard.key)
    schema = dumps.dump(hard.source, "--schema-only")
    masked, made = mask(data, hard.policy, hard.key, schema=io.BytesIO(schema), pipe=True)
    assert made.rows
    rows = {line for line in masked.split(b"\n") if b"\t" in line}
    assert len(rows) > 50
    assert rows <= set(whole.split(b"\n"))


def test_statistics_hold_values_and_are_dropped(hard: Any, dumps: Any, mask: Any, make_database: Any) -> None:
    """pg_dump 18 can write most common values and histograms: none of them passes."""
    if dumps.major < 18:
        pytest.skip("pg_dump writes statistics since 18")
    with connect(hard.source) as connection:
        connection.execute("ANALYZE")
    dump = dumps.dump(hard.source, "--statistics")
    assert dump.count(b"person3@corp.it") > 3
    masked, made = mask(dump, hard.policy, hard.key)
    assert b"_stats(" not in masked
    assert b"corp.it" not in masked
    assert any(left.startswith("statistics") for left in made.left_out)
    assert not dumps.load(make_database(), masked, "--single-transaction")


def test_masks_that_look_aside_see_the_same_row(
    pair: Any, make_database: Any, dumps: Any, mask: Any, copy_of: Any
) -> None:
    """Entities, shifts by subject, ranks, search vectors, dropped rows; of INSERTs only what masks look at is read."""
    pair.sql(
        "CREATE TABLE people (id int PRIMARY KEY, name text, email text, born date, seen timestamptz, rank int, "
        "kept text, note text, found tsvector, made text GENERATED ALWAYS AS (upper(name)) STORED)",
        "INSERT INTO people SELECT i, 'Mario Rossi' || i, 'm' || i || '@corp.it', date '1980-01-01' + i, "
        "timestamptz '2024-01-01' + i * interval '1 hour', i * 7 % 100, E'k\\t''\\\\' || i, "
        "'Mario Rossi' || i || ' wrote from m' || i || '@corp.it', to_tsvector('simple', 'Mario Rossi' || i) "
        "FROM generate_series(1, 300) i",
        "CREATE TABLE log (id int, who text)",
        "INSERT INTO log VALUES (1, 'Mario Rossi')",
    )
    masks = {
        "name": "name",
        "email": "email",
        "born": {"mask": "date_shift", "subject": "id"},
        "seen": {"mask": "date_shift", "subject": "id"},
        "rank": "rank",
        "note": {"mask": "entity", "columns": ["name", "email"]},
        "found": "tsvector",
    }
    rules = pair.policy({"public.people": masks, "public.log": "drop-rows"})
    pair.clone(rules)
    for form in ((), ("--inserts",), ("--column-inserts", "--rows-per-insert=50")):
        masked, _ = mask(dumps.dump(pair.source, *form), rules, pair.key, pipe=True)
        target = make_database()
        assert not dumps.load(target, masked)
        assert_alike(contents(target, copy_of), contents(pair.target, copy_of))
