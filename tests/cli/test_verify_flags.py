"""Each flag of `understudy verify` at the command line: what it finds, what it ends with, what it never shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from understudy.cli import understudy
from understudy.cli.output import run
from understudy.postgres import Server, connect
from understudy.postgres.dsn import url

KEY = "a key of this test alone, of more than 32 bytes"
OTHER = "another key of this test, of more than 32 bytes"
POLICY = """
version = 1
[tables."public.users"]
id = "keep"
email = "email"
town = "keep"
"""


@dataclass(frozen=True)
class Place:
    """A source, its clone, another database, and the files that belong to them."""

    source: str
    target: str
    other: str
    folder: Path

    def arguments(self, *flags: str, target: str = "", policy: str = "policy.toml") -> list[str]:
        """What is typed behind `understudy verify`."""
        ends = ["--source", url(self.source), "--target", url(target or self.target), "--jobs", "1"]
        return [*ends, "--policy", str(self.folder / policy), *flags]


@pytest.fixture(scope="module")
def place(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A source with a true clone that has an attestation; and the clone's own copy with a row less."""
    folder = tmp_path_factory.mktemp("verify")
    for name, text in (("policy.toml", POLICY), ("other.toml", POLICY + "# another\n"), ("key", KEY), ("wrong", OTHER)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    names = [f"verify_flags_{end}" for end in ("source", "target", "other")]
    try:
        source, target, other = (postgres_server.create_database(name) for name in names)
        with connect(source) as connection:
            connection.execute("CREATE TABLE users (id int PRIMARY KEY, email text, town text)")
            rows = ", ".join(f"({n}, 'person{n}@corp.test', 'Noli')" for n in range(1, 6))
            connection.execute(f"INSERT INTO users VALUES {rows}".encode())
        found = Place(source, target, other, folder)
        files = ["--key-file", str(folder / "key"), "--attestation", str(folder / "record.json")]
        for end in (other, target):
            assert run(understudy, ["clone", *found.arguments(*files, target=end)]) == 0
        with connect(other) as connection:
            connection.execute("DELETE FROM users WHERE id = 5")
        yield found
    finally:
        for name in names:
            postgres_server.drop_database(name)


@pytest.fixture
def verify(cli: Callable[..., Any], place: Place, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs `understudy verify`, `@name` in a flag being a file of the place; no value and no secret may be shown."""
    monkeypatch.delenv("UNDERSTUDY_KEY", raising=False)

    def call(*flags: str, **given: str) -> Any:
        ran = cli("verify", *place.arguments(*(flag.replace("@", f"{place.folder}/") for flag in flags), **given))
        for secret in (KEY, OTHER, "corp.test", "Noli"):
            assert secret not in ran.out + ran.err
        return ran

    return call


def test_a_record_that_fits(verify: Callable[..., Any], place: Place) -> None:
    """Exit 0: signed by the key at hand, of this policy, this schema and these rows; and every text is made anew."""
    ran = verify("--attestation", "@record.json", "--key-file", "@key", "--json")
    assert ran.code == 0, ran.out + ran.err
    document = ran.json
    assert (document["passed"], document["problems"]) == (True, [])
    assert {(check["column"], check["promise"], check["verdict"]) for check in document["promises"]} >= {
        ("email", "nulls", "held"),
        ("email", "distinct", "held"),
        ("town", "kept", "held"),
    }
    assert document["rows"] == [
        {
            "table": "public.users",
            "column": "email",
            "rows": 5,
            "same": 0,
            "values": 5,
            "stayed": 0,
            "expected": None,
        }
    ]
    crowds = {tuple(crowd["columns"]): (crowd["k"], crowd["unique_share"]) for crowd in document["disclosure"]}
    assert crowds == {("id",): (1, 1.0), ("email",): (1, 1.0), ("town",): (5, 0.0)}
    record = (place.folder / "record.json").read_text()
    assert '"promise": "distinct"' in record
    assert '"smallest"' in record


@pytest.mark.parametrize(
    ("flags", "given", "said"),
    [
        (("--attestation", "@tampered.json"), {}, "it was changed after it was signed"),
        (("--attestation", "@record.json", "--key-file", "@wrong"), {}, "signed with another key"),
        (("--attestation", "@record.json"), {"policy": "other.toml"}, "the attestation is of another policy"),
        (("--attestation", "@record.json"), {"target": "other"}, "public.users: 4 rows, and the attestation says 5"),
        (("--key-file", "@wrong"), {}, "users.email: 5 rows do not hold what the mask makes under the key"),
        (("--canaries", "@canaries"), {}, "canary 2 stands in it"),
    ],
)
def test_an_honest_no(
    verify: Callable[..., Any], place: Place, flags: tuple[str, ...], given: dict[str, str], said: str
) -> None:
    """Exit 3: a record that was changed, of somebody else, of something else; another database; a canary."""
    record = (place.folder / "record.json").read_text()
    (place.folder / "tampered.json").write_text(record.replace('"rows": 5', '"rows": 6'))
    (place.folder / "canaries").write_text("not there\n\nnoli\n")
    ran = verify(*flags, **{**given, **({"target": place.other} if "target" in given else {})})
    assert ran.code == 3, ran.out + ran.err
    assert said in ran.out + ran.err


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (("--attestation", "@nosuch/record.json"), 2),
        (("--canaries", "@nosuch"), 2),
        (("--canaries", "@blank"), 2),
        (("--canaries", "@binary"), 2),
        (("--key-file", "@nosuch"), 4),
        (("--key-file", "@blank"), 4),
        (("--jobs", "-1"), 2),
        (("--jobs", "many"), 2),
        (("--subset", "public.users"), 2),
        (("--subset", "public.users: 50%"), 4),
        (("--subset", "public.nobody: 100%"), 4),
        (("--attestation", "@blank"), 3),
        (("--policy", "@nosuch.toml"), 2),
        (("--policy", "@empty.toml"), 4),
        (("--nosuch",), 2),
    ],
)
def test_what_cannot_be_asked(verify: Callable[..., Any], place: Place, flags: tuple[str, ...], code: int) -> None:
    """Exit 2 for what means nothing, 4 for what lacks something, 3 for a record that is none; no folder is made."""
    (place.folder / "blank").write_text("--\n")
    (place.folder / "blank").chmod(0o600)
    (place.folder / "binary").write_bytes(b"\xff\xfe\x00")
    (place.folder / "empty.toml").write_text("version = 1\n")
    ran = verify(*flags)
    assert ran.code == code, ran.out + ran.err
    assert ran.out == ""
    assert not (place.folder / "nosuch").exists()


def test_nothing_answers(cli: Callable[..., Any], place: Place) -> None:
    """Exit 1, without the password."""
    away = "postgresql://nobody:hushhush@127.0.0.1:1/away"
    for source, target in ((away, url(place.target)), (url(place.source), away)):
        policy = str(place.folder / "policy.toml")
        ran = cli("verify", "--source", source, "--target", target, "--policy", policy, "--jobs", "1")
        assert ran.code == 1, ran.out + ran.err
        assert "hushhush" not in ran.out + ran.err
