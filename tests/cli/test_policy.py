"""`understudy policy`: a first draft, and what no longer fits."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anonymizer import policy
from anonymizer.identifiers import TableName
from understudy.migrate.journal import definition
from understudy.postgres import connect
from understudy.postgres.dsn import url

NEWLINE = "CREATE TYPE \"a\nb = 'keep'\" AS ENUM ('x')"


@pytest.fixture
def source(database: str) -> str:
    """The address of a database with something of each kind, and names that are none for TOML."""
    with connect(database) as connection:
        for statement in (
            NEWLINE,
            "CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE, phone text, born date, salary int, what text, "
            "profile jsonb, deep jsonb, up text GENERATED ALWAYS AS (upper(email)) STORED)",
            "INSERT INTO users VALUES (1, 'a@corp.test', '+39 06 1234567', '2000-01-01', 1, 'canary-value', "
            '\'{"mail": "canary@corp.test", "a b": {"c\'\'d": ["canary@corp.test"]}}\', '
            "(repeat('[', 3000) || repeat(']', 3000))::jsonb)",
            'CREATE TABLE "We.ird ""t""" ("c = \n1" "a\nb = \'keep\'", "é" text)',
            "CREATE TABLE nothing ()",
            "CREATE TABLE p (id int) PARTITION BY HASH (id)",
            "CREATE TABLE p0 PARTITION OF p FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        ):
            connection.execute(statement.encode())
    return url(database)


def test_a_draft_is_a_policy_of_every_column_and_of_no_value(
    cli: Callable[..., Any], source: str, tmp_path: Path
) -> None:
    """Guessed from names and values, with confidence and reason; undecided where nothing tells; partitions left to
    their table, generated columns to themselves.
    """
    path = tmp_path / "deep" / "policy.toml"
    ran = cli("policy", "init", "--source", source, "--policy", str(path), "--locale", "it_IT", "--json")
    assert ran.code == 0, ran.err
    text = path.read_text()
    assert ran.json == {
        "policy": str(path),
        "tables": 4,
        "columns": 11,
        "undecided": ran.json["undecided"],
        "text": text,
    }
    assert ran.json["undecided"] > 0
    assert "canary" not in text
    rules = policy.parse(text)
    assert rules.locale == "it_IT"
    document = tomllib.loads(text)["tables"]
    assert document["public.users"]["email"] == "email"
    assert document["public.users"]["id"] == "keep"
    assert document["public.users"]["what"] == "?"
    assert document["public.users"]["salary"] != "keep"
    assert document["public.users"]["profile"]["mask"] == "json"
    assert "email" in document["public.users"]["profile"]["paths"].values()
    assert "up" not in document["public.users"]
    assert set(document['public."We.ird ""t"""']) == {"c = \n1", "é"}
    assert "%" in text


def test_a_draft_fits_but_for_what_is_undecided(cli: Callable[..., Any], source: str, tmp_path: Path) -> None:
    """`policy check` finds nothing else in it: exit 3 for the question marks, 0 once they are decided."""
    path = tmp_path / "policy.toml"
    assert cli("policy", "init", "--source", source, "--policy", str(path)).code == 0
    ran = cli("policy", "check", "--source", source, "--policy", str(path), "--json")
    assert ran.code == 3
    assert {finding["kind"] for finding in ran.json["findings"]} == {"unknown"}
    path.write_text(path.read_text().replace('"?"', '"keep"'))
    ran = cli("policy", "check", "--source", source, "--policy", str(path), "--json")
    assert ran.code == 0
    assert ran.json["fits"] is True
    assert ran.json["findings"] == []
    assert cli("policy", "check", "--source", source, "--policy", str(path)).out == "the policy fits\n"


def test_the_journal_of_migrations_is_decided(cli: Callable[..., Any], database: str) -> None:
    """It is ours: every column of it has a mask with a reason; a column that it does not have is anybody's."""
    with connect(database) as connection:
        connection.execute(definition().encode())
        connection.execute("ALTER TABLE understudy.migrations ADD more text")
    document = tomllib.loads(cli("policy", "init", "--source", url(database)).out)["tables"]
    journal = {**document["understudy.migrations"], **document["understudy.migration_statements"]}
    assert journal.pop("more") == "?"
    assert journal.pop("applied_by") == {"mask": "constant", "value": "production"}
    assert set(journal.values()) == {"keep"}
    shipped = policy.load(Path(policy.__file__).with_name("policy.toml"))
    for name in ("migrations", "migration_statements"):
        columns = shipped.tables[TableName("understudy", name)].columns
        assert {column: mask.name for column, mask in columns.items() if mask.name == "keep"} == {
            column: mask for column, mask in document[f"understudy.{name}"].items() if mask == "keep"
        }


def test_a_draft_on_standard_output(cli: Callable[..., Any], source: str) -> None:
    """Without --policy; without samples it goes by names and types."""
    ran = cli("policy", "init", "--source", source, "--sample", "0")
    assert ran.code == 0
    assert tomllib.loads(ran.out)["tables"]["public.users"]["phone"] == "phone"


def test_a_file_that_is_there_is_not_replaced_unasked(cli: Callable[..., Any], source: str, tmp_path: Path) -> None:
    """Exit 4; --force replaces it."""
    path = tmp_path / "policy.toml"
    path.write_text("reviewed")
    ran = cli("policy", "init", "--source", source, "--policy", str(path))
    assert ran.code == 4
    assert "--force" in ran.err
    assert path.read_text() == "reviewed"
    assert cli("policy", "init", "--source", source, "--policy", str(path), "--force").code == 0
    assert path.read_text() != "reviewed"


def test_a_locale_that_nobody_knows(cli: Callable[..., Any], source: str) -> None:
    """Is refused before anything is written: exit 2."""
    ran = cli("policy", "init", "--source", source, "--locale", 'xx" # ')
    assert ran.code == 2
    assert "no locale" in ran.err


def test_check_lists_what_drifted(cli: Callable[..., Any], database: str, tmp_path: Path) -> None:
    """Exit 3; a line for each, with a line for the policy that would settle it."""
    path = tmp_path / "policy.toml"
    path.write_text('version = 1\n[tables."public.t"]\na = "keep"\ngone = "keep"\n')
    with connect(database) as connection:
        connection.execute("CREATE TABLE t (a int, phone text)")
    ran = cli("policy", "check", "--source", url(database), "--policy", str(path))
    assert ran.code == 3
    assert ran.out.splitlines() == [
        "public.t.phone: the column is not named (text)",
        '    phone = "phone"',
        "public.t.gone: the policy names it, and the table has no such column",
        "2 findings",
    ]


def test_check_of_a_policy_that_is_not_there(cli: Callable[..., Any], database: str, tmp_path: Path) -> None:
    """Exit 2 with its name."""
    ran = cli("policy", "check", "--source", url(database), "--policy", str(tmp_path / "missing.toml"))
    assert ran.code == 2
    assert "missing.toml" in ran.err.replace("\n", "")
