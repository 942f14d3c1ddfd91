"""`understudy policy check` and `record`: what the schema gained, lost or retyped, also inside of documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy.postgres import connect
from understudy.postgres.dsn import url

Check = Callable[..., list[tuple[str, str | None]]]


@pytest.fixture
def source(database: str) -> str:
    """A database that a policy was drafted for."""
    with connect(database) as connection:
        for statement in (
            "CREATE TYPE place AS (street text, number int)",
            "CREATE DOMAIN code AS varchar(8)",
            "CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE, home place, code code, tags text[], born date)",
            "CREATE TABLE logs (id int, doc jsonb, docs jsonb[], plain text)",
            "INSERT INTO users VALUES (1, 'a@corp.test', '(\"Via Roma\",3)', 'x', '{a@corp.test}', '2000-01-01')",
            'INSERT INTO logs SELECT n, \'{"mail": "canary@corp.test", "n": 7}\', '
            "ARRAY['{\"ip\": \"10.0.0.1\"}'::jsonb], 'x' FROM generate_series(1, 3000) n",
        ):
            connection.execute(statement.encode())
    return url(database)


@pytest.fixture
def check(cli: Callable[..., Any], source: str, tmp_path: Path) -> Check:
    """Runs statements, then `policy check` by the policy that was drafted before; the kinds and columns it finds."""
    path = tmp_path / "policy.toml"
    assert cli("policy", "init", "--source", source, "--policy", str(path)).code == 0
    path.write_text(path.read_text().replace('"?"', '"keep"'))

    def found(*statements: str) -> list[tuple[str, str | None]]:
        with connect(source) as connection:
            for statement in statements:
                connection.execute(statement.encode())
        ran = cli("policy", "check", "--source", source, "--policy", str(path), "--json")
        findings = [(finding["kind"], finding["column"]) for finding in ran.json["findings"]]
        assert ran.code == (3 if findings else 0)
        assert "canary" not in ran.out + ran.err
        return findings

    return found


def test_a_decided_draft_has_no_drift(check: Check) -> None:
    """Nothing has changed, nothing is found."""
    assert check() == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("ALTER TABLE users ADD phone text", ("unnamed", "phone")),
        ("CREATE TABLE more (id int)", ("unnamed", None)),
        ("ALTER TABLE users DROP born", ("gone", "born")),
        ("DROP TABLE logs", ("gone", None)),
        ("ALTER TABLE users RENAME born TO birthday", ("gone", "born")),
        ("ALTER TABLE users ALTER id TYPE bigint", ("retyped", "id")),
        ("ALTER TABLE users ALTER email TYPE varchar(90)", ("retyped", "email")),
        ("ALTER TABLE users ALTER born TYPE text USING 'x'", ("retyped", "born")),
        ("ALTER TYPE place ADD ATTRIBUTE door text CASCADE", ("retyped", "home")),
        ("ALTER TABLE users ALTER tags TYPE varchar(90)[]", ("retyped", "tags")),
        ("ALTER TABLE logs ALTER plain TYPE jsonb USING '{}'", ("retyped", "plain")),
        ('INSERT INTO logs VALUES (0, \'{"new": {"canary@corp.test": "x"}}\')', ("json-path", "doc")),
        ("INSERT INTO logs VALUES (0, NULL, ARRAY['{\"more\": 1}'::jsonb])", ("json-path", "docs")),
        ("COMMENT ON TABLE logs IS 'canary@corp.test'", ("literal", None)),
    ],
)
def test_drift_is_found(check: Check, statement: str, found: tuple[str, str | None]) -> None:
    """Gained, lost, renamed or retyped, by length, by a composite type's field; a new path stands in the last row."""
    assert found in check(statement)


def test_what_was_looked_at_is_recorded(cli: Callable[..., Any], source: str, tmp_path: Path, check: Check) -> None:
    """`policy record` writes the types of today and nothing else; then the policy fits again."""
    path = tmp_path / "policy.toml"
    assert check("ALTER TABLE users ALTER id TYPE bigint") == [("retyped", "id")]
    before = path.read_text()
    ran = cli("policy", "record", "--source", source, "--policy", str(path), "--json")
    assert ran.json == {"policy": str(path), "tables": 2, "changed": True}
    assert path.read_text() == before.replace('id = "integer", email', 'id = "bigint", email')
    assert check() == []
    assert cli("policy", "record", "--source", source, "--policy", str(path)).out == "nothing has changed\n"


def test_a_policy_written_by_hand_gets_a_section_of_types(cli: Callable[..., Any], source: str, tmp_path: Path) -> None:
    """Without one it fits, and is told that a change of type would go unnoticed."""
    path = tmp_path / "hand.toml"
    text = 'version = 1\n[tables."public.users"]\n"*" = "keep"\n[tables."public.logs"]\n"*" = "drop-rows"\n'
    path.write_text(text)
    ran = cli("policy", "check", "--source", source, "--policy", str(path), "--json")
    assert (ran.code, ran.json["unrecorded"]) == (0, 6)
    assert "policy record" in ran.err
    assert cli("policy", "record", "--source", source, "--policy", str(path)).code == 0
    assert path.read_text().startswith(text)
    ran = cli("policy", "check", "--source", source, "--policy", str(path), "--json")
    assert (ran.code, ran.json["unrecorded"]) == (0, 0)


def test_a_mask_of_documents_without_paths_treats_all_alike(
    cli: Callable[..., Any], source: str, tmp_path: Path
) -> None:
    """It has nothing that a new path could be missing from."""
    path = tmp_path / "hand.toml"
    json = '{ mask = "json", others = "text" }'
    path.write_text(
        'version = 1\n[tables."public.users"]\n"*" = "keep"\n'
        f'[tables."public.logs"]\nid = "keep"\ndoc = {json}\ndocs = {json}\nplain = "keep"\n'
    )
    assert cli("policy", "check", "--source", source, "--policy", str(path)).code == 0
