"""Chinook and Pagila, cloned by policies that mask every personal column: nobody is left, all else is as it was."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from anonymizer import policy as policies
from anonymizer.catalog import Table, tables
from anonymizer.policy import Policy
from understudy.parity import compare
from understudy.postgres import Server
from understudy.postgres.dsn import url
from understudy.postgres.programs import run

DATA = Path(__file__).parents[1] / "data"
STRICT = {"email", "phone", "address"}
"""Masks of values that cannot stand anywhere by chance."""
NAMES = {"first_name", "last_name", "name", "company"}
"""Masks of values that may be words of kept columns too: a film is called Daisy, and so is a customer."""

pytestmark = pytest.mark.xdist_group("real data")  # one worker, so that each source is loaded and cloned once

SHORT = 4
"""A name of fewer letters may come out of the mask `text` by chance; verify looks for those in their own columns."""


@dataclass(frozen=True)
class Pair:
    """A source, its clone, and the rules between them."""

    source: str
    clone: str
    policy: Policy
    policy_file: Path


@pytest.fixture(scope="module", params=["chinook", "pagila"])
def pair(
    request: pytest.FixtureRequest,
    real_database: Callable[[str], str],
    postgres_server: Server,
    understudy: Callable[..., Any],
) -> Iterator[Pair]:
    source = real_database(request.param)
    file = DATA / f"{request.param}.policy.toml"
    name = f"{request.param}_staging_{psycopg.conninfo.conninfo_to_dict(source)['dbname']}"
    done = understudy(
        "clone", "--source", url(source), "--target", url(postgres_server.dsn(name)), "--policy", str(file)
    )
    assert done.returncode == 0, done.stderr
    yield Pair(source, postgres_server.dsn(name), policies.load(file), file)
    postgres_server.drop_database(name)


def columns(pair: Pair, wanted: Callable[[str], bool]) -> Iterator[tuple[Table, str, str]]:
    """Every copied column of the source whose mask is wanted, with the mask's name."""
    with psycopg.connect(pair.source) as connection:
        for table in tables(connection):
            for column in table.columns if not table.partitioned else ():
                mask = pair.policy.tables[table.root].mask_of(column.name)
                if not column.generated and mask is not None and wanted(mask.name):
                    yield table, column.name, mask.name


def values(dsn: str, table: Table, column: str) -> set[str]:
    query = sql.SQL("SELECT DISTINCT {}::text FROM {}").format(
        sql.Identifier(column), sql.Identifier(table.name.schema, table.name.name)
    )
    with psycopg.connect(dsn) as connection:
        return {str(value) for (value,) in connection.execute(query) if value}


class Words:
    """A text to search for values as words of their own, whatever the case."""

    def __init__(self, text: str) -> None:
        self._text = text.lower()
        self._counts = Counter(re.findall(r"[^\W_]+", self._text))

    def count(self, value: str) -> int:
        """How often the text has the value."""
        value = value.lower()
        if re.fullmatch(r"[^\W_]+", value):
            return self._counts[value]
        return self._text.count(value)


def copied(dsn: str, table: Table, names: list[str]) -> list[bytes]:
    statement = sql.SQL("COPY (SELECT {} FROM ONLY {}) TO STDOUT").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(table.name.schema, table.name.name)
    )
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        return sorted(b"".join(map(bytes, copy)).split(b"\n"))


def test_a_clone_of_real_data_keeps_all_and_tells_of_nobody(pair: Pair, postgres_server: Server) -> None:
    """Nobody is found in the clone's dump; kept columns are the same to the byte, the schema too; and it restores."""
    dump = run("pg_dump", dsn=pair.clone, server_major=postgres_server.major())
    searched = Words(dump)

    # Nobody: no e-mail, phone or address anywhere; no name beyond where kept columns have the word.
    kept: dict[Table, list[str]] = {}
    for table, column, _ in columns(pair, lambda mask: mask == "keep"):
        kept.setdefault(table, []).append(column)
    schema = run("pg_dump", "--schema-only", dsn=pair.source, server_major=postgres_server.major())
    kept_text = "\n".join(b"\n".join(copied(pair.source, table, names)).decode() for table, names in kept.items())
    public = Words(schema + kept_text)
    looked_for = 0
    for table, column, mask in columns(pair, lambda mask: mask in STRICT | NAMES):
        for value in values(pair.source, table, column):
            if len(value) < SHORT:
                continue
            allowed = public.count(value) if mask in NAMES else 0
            assert searched.count(value) <= allowed, f"a value of {table.name}.{column} stands in the clone's dump"
            looked_for += 1
    assert looked_for > 200

    # All else: byte for byte.
    for table, names in kept.items():
        assert copied(pair.source, table, names) == copied(pair.clone, table, names), table.name

    # The schema, the foreign keys, and that a dump of the clone restores.
    assert compare(pair.source, pair.clone), "the schema is not the same"
    with psycopg.connect(pair.clone) as connection:
        unproven = connection.execute("SELECT conname FROM pg_constraint WHERE NOT convalidated").fetchall()
        proven = connection.execute("SELECT count(*) FROM pg_constraint WHERE contype = 'f'").fetchone()
        assert unproven == []
        assert proven is not None
        assert proven[0] > 10
    with postgres_server.scratch(prefix="restored") as restored:
        run("psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", dsn=restored, input_text=dump)
        assert compare(pair.clone, restored), "the restored dump is not the same"


def test_verify_and_policy_check_agree_with_a_finished_clone(pair: Pair, understudy: Callable[..., Any]) -> None:
    """`verify` and `policy check` both end with 0 on what `clone` made."""
    verified = understudy(
        "verify", "--source", url(pair.source), "--target", url(pair.clone), "--policy", str(pair.policy_file)
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    checked = understudy("policy", "check", "--source", url(pair.source), "--policy", str(pair.policy_file))
    assert checked.returncode == 0, checked.stdout


def test_verify_finds_a_single_original_that_was_put_back(pair: Pair, understudy: Callable[..., Any]) -> None:
    """One e-mail of the source, written into the clone, is a leak: exit 3, and the report does not show it."""
    with psycopg.connect(pair.source) as connection:
        row = connection.execute("SELECT email FROM customer ORDER BY customer_id LIMIT 1").fetchone()
    assert row is not None
    with psycopg.connect(pair.clone) as connection:
        masked = connection.execute("SELECT email FROM customer WHERE customer_id = 7").fetchone()
        assert masked is not None
        connection.execute("UPDATE customer SET email = %s WHERE customer_id = 7", row)
    done = understudy(
        "verify", "--source", url(pair.source), "--target", url(pair.clone), "--policy", str(pair.policy_file)
    )
    with psycopg.connect(pair.clone) as connection:
        connection.execute("UPDATE customer SET email = %s WHERE customer_id = 7", masked)
    assert done.returncode == 3
    assert "1 of" in done.stdout
    assert row[0] not in done.stdout + done.stderr


def test_the_same_key_gives_the_same_clone_and_another_key_another(
    real_database: Callable[[str], str], postgres_server: Server, understudy: Callable[..., Any]
) -> None:
    """Two clones by one key are equal to the byte; by another key no masked e-mail is the same."""
    source = real_database("chinook")
    emails = []
    names = [f"again_{n}_{psycopg.conninfo.conninfo_to_dict(source)['dbname']}" for n in range(3)]
    try:
        for name, key in zip(names, ("k" * 32, "k" * 32, "another key, also long enough to be one"), strict=True):
            target = postgres_server.dsn(name)
            policy = str(DATA / "chinook.policy.toml")
            done = understudy("clone", "--source", url(source), "--target", url(target), "--policy", policy, key=key)
            assert done.returncode == 0, done.stderr
            with psycopg.connect(target) as connection:
                emails.append(connection.execute("SELECT email FROM customer ORDER BY customer_id").fetchall())
    finally:
        for name in names:
            postgres_server.drop_database(name)
    assert emails[0] == emails[1]
    assert not set(emails[0]) & set(emails[2])
