"""`understudy clone`: what it prints, as text and as JSON, and how it ends."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from anonymizer import attestation
from understudy.postgres import Server, connect
from understudy.postgres.dsn import url, with_database

pytestmark = pytest.mark.xdist_group("cli-clone")

KEY = "a key of the tests, 32 bytes or more: canary"
POLICY = """
version = 1
[tables."public.users"]
id = "keep"
email = "email"
[tables."public.log"]
"*" = "drop-rows"
"""


@pytest.fixture
def target(postgres_server: Server, database: str) -> Iterator[str]:
    """The address of a database that does not exist yet, beside the source."""
    name = f"clone_{secrets.token_hex(6)}"
    yield url(with_database(database, name))
    postgres_server.drop_database(name)


@pytest.fixture
def clone(
    cli: Callable[..., Any], database: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Runs `understudy clone` from a source with two users; options given replace those of the same name."""
    with connect(database) as connection:
        connection.execute("CREATE TABLE users (id int PRIMARY KEY, email text)")
        connection.execute("INSERT INTO users VALUES (1, 'a@corp.test'), (2, NULL)")
        connection.execute("CREATE TABLE log (line text)")
        connection.execute("INSERT INTO log VALUES ('a@corp.test')")
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    (tmp_path / "understudy.toml").write_text(
        f'version = 1\n[environments.prod]\ndsn = "{url(database)}"\nproduction = true\n'
    )
    monkeypatch.setenv("UNDERSTUDY_CONFIG", str(tmp_path / "understudy.toml"))
    monkeypatch.setenv("UNDERSTUDY_KEY", KEY)
    options = {
        "--source": "prod",
        "--target": target,
        "--policy": str(policy),
        "--jobs": "1",
        "--attestation": str(tmp_path / "attestation.json"),
    }

    def call(*flags: str, **changed: str) -> Any:
        given = {**options, **{f"--{name.replace('_', '-')}": value for name, value in changed.items()}}
        return cli("clone", *(word for pair in given.items() for word in pair), *flags)

    return call


def test_a_clone_as_json(clone: Callable[..., Any], tmp_path: Path, target: str) -> None:
    """One document on standard output, as docs/json.md says; the attestation is where it says."""
    ran = clone("--json")
    assert ran.code == 0, ran.err
    document = ran.json
    assert document["source"] == "prod"
    assert document["rows"] == 2
    assert document["survivors"] == 0
    assert document["constraints"] == 1
    assert document["left_out"] == []
    assert document["subset"] is None
    assert [(t["table"], t["rows"], t["dropped"], t["columns"]) for t in document["tables"]] == [
        ("public.log", 0, True, {"line": "drop-rows"}),
        ("public.users", 2, False, {"id": "keep", "email": "email"}),
    ]
    assert set(document["seconds"]) == {"plan", "schema", "load", "indexes", "finish", "verify", "swap"}
    attestation.check(attestation.read(Path(document["attestation"])))
    assert document["attestation"] == str(tmp_path / "attestation.json")
    with connect(target) as connection:
        assert connection.execute("SELECT count(*) FROM users WHERE email LIKE '%@example.%'").fetchone() == (1,)
    assert KEY not in ran.out + ran.err


def test_a_subset(clone: Callable[..., Any], cli: Callable[..., Any], target: str, tmp_path: Path) -> None:
    """Its report as text and JSON; verify by the same rule finds it whole; a rule without sense is exit 2."""
    document = clone("--json", subset="public.users: 1").json
    assert document["subset"] == [
        {
            "table": "public.users",
            "source_rows": 2,
            "rows": 1,
            "rule": "1 rows",
            "reasons": [{"kind": "chosen", "table": None, "constraint": None, "rows": 1}],
        }
    ]
    where = clone(subset="public.users: where email = 'a@corp.test'")
    assert where.code == 0
    assert "1 chosen (where)" in where.out
    assert "a@corp.test" not in where.out + (tmp_path / "attestation.json").read_text()
    verify = (
        "verify",
        "--source",
        "prod",
        "--target",
        target,
        "--policy",
        str(tmp_path / "policy.toml"),
        "--jobs",
        "1",
    )
    assert cli(*verify, "--subset", "public.users: where email = 'a@corp.test'").code == 0
    assert cli(*verify).code == 3
    for nonsense in ("users: 5%", "public.users: lots", "public.users: where a; b", "public.users: where nothing = 1"):
        assert clone(subset=nonsense).code == 2
    refused = clone(subset="public.nobody: 5%")
    assert refused.code == 4
    assert "the subset names it, and the source has no such table" in refused.err


def test_a_clone_for_a_person(clone: Callable[..., Any]) -> None:
    """A line a table, what it comes to, and where the attestation is; a second clone replaces the first."""
    assert clone().code == 0
    ran = clone()
    assert ran.code == 0
    assert "public.users" in ran.out
    assert "rows dropped" in ran.out
    assert "2 rows" in ran.out
    assert "0 original values survive" in ran.out
    assert "the attestation is" in ran.err


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_column_more_refuses(clone: Callable[..., Any], database: str, flags: tuple[str, ...]) -> None:
    """Exit 4 with the column and a line for the policy, as text and as JSON; there is no target afterwards."""
    with connect(database) as connection:
        connection.execute("ALTER TABLE users ADD phone text")
    ran = clone(*flags)
    assert ran.code == 4
    assert "public.users.phone: the column is not named (text)" in ran.err
    assert 'phone = "phone"' in ran.err
    if flags:
        error = ran.json["error"]
        assert error["message"] == "the policy does not fit the source"
        assert error["exit"] == 4


def test_without_a_key_or_with_a_short_one(
    clone: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Exit 4, nothing touched, nothing of the key shown; a file is another way to give one."""
    monkeypatch.delenv("UNDERSTUDY_KEY")
    assert clone().code == 4
    short = tmp_path / "short"
    short.write_text("canary")
    ran = clone(key_file=str(short))
    assert ran.code == 4
    assert "32 are needed" in ran.err
    assert "canary" not in ran.err
    assert not (tmp_path / "attestation.json").exists()


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("version = ", "the policy is not TOML"),
        (POLICY.replace('"email"\n', '"emial"\n'), "there is no mask 'emial'"),
        (POLICY.replace("version = 1", "version = 9"), "the policy has the version 9"),
        (POLICY + '[tables.\'"public".users\']\n"*" = "keep"\n', "the table public.users is named twice"),
    ],
)
def test_a_policy_that_means_nothing(clone: Callable[..., Any], tmp_path: Path, policy: str, said: str) -> None:
    """Exit 2 with the file, and where in it."""
    path = tmp_path / "other.toml"
    path.write_text(policy)
    ran = clone(policy=str(path))
    assert ran.code == 2
    assert said in ran.err
    assert str(path) in ran.err.replace("\n", "")


def test_production_is_never_the_target_by_name_or_by_address(clone: Callable[..., Any], database: str) -> None:
    """Not even for a clone of itself; the address alone gives it away."""
    for target in ("prod", url(database)):
        ran = clone(target=target)
        assert ran.code == 4
        assert "production is never written" in ran.err


def test_a_source_that_does_not_answer(clone: Callable[..., Any]) -> None:
    """Exit 1 with what was tried; the password is not repeated."""
    ran = clone(source="postgresql://u:canary-pw@127.0.0.1:1/x")
    assert ran.code == 1
    assert "127.0.0.1" in ran.err
    assert "canary" not in ran.err + ran.out


def test_an_option_that_is_missing(cli: Callable[..., Any]) -> None:
    """Usage: exit 2, as an error of the documented shape."""
    ran = cli("clone", "--json")
    assert ran.code == 2
    assert json.loads(ran.out)["error"]["exit"] == 2
