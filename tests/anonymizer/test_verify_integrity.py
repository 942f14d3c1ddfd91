"""Verification looks at rows, not at what the catalog claims; at how well people hide; and at the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from anonymizer import endpoint, policy
from anonymizer.attestation import AttestationInvalid
from anonymizer.errors import PolicyError
from anonymizer.keys import Key
from anonymizer.verify import Verification, attested

SCHEMA = """
CREATE TABLE team (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE);
CREATE TABLE member (
    id serial PRIMARY KEY, team int NOT NULL REFERENCES team, born int, town text, email text
);
INSERT INTO team (code) VALUES ('a'), ('b');
INSERT INTO member (team, born, town, email) VALUES
    (1, 1980, 'x', 'one@corp.test'), (1, 1980, 'x', 'two@corp.test'), (2, 1990, 'y', NULL);
"""
POLICY = """
version = 1
[tables."public.team"]
"*" = "keep"
[tables."public.member"]
"*" = "keep"
email = "email"
"""


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the clone's attestation is."""
    return tmp_path_factory.mktemp("record") / "record.json"


@pytest.fixture(scope="module")
def pair(open_pair: Callable[..., AbstractContextManager[Any]], record: Path) -> Iterator[Any]:
    """A source, a true clone of it and its attestation."""
    with open_pair() as opened:
        opened.sql(SCHEMA)
        opened.clone(policy.parse(POLICY), attestation=record)
        yield opened


@pytest.fixture(scope="module")
def look(pair: Any, looking: Callable[..., Any]) -> Iterator[Callable[..., Verification]]:
    """Verifies the clone after statements have changed it, and changes it back."""
    unseen = "SET session_replication_role = replica; SET allow_system_table_mods = on; "
    with looking(pair) as looker:

        def call(change: str = "", back: str = "", rules: str = POLICY) -> Verification:
            if change:
                pair.sql(unseen + change, target=True)
            try:
                found: Verification = looker(rules)
                return found
            finally:
                if back:
                    pair.sql(unseen + back, target=True)

        yield call


UNREADY = "UPDATE pg_index SET indisready = {} WHERE indexrelid = 'team_code_key'::regclass; "


@pytest.mark.parametrize(
    ("change", "back", "said"),
    [
        (
            "UPDATE member SET team = 7 WHERE id = 3",
            "UPDATE member SET team = 2 WHERE id = 3",
            "public.member: 1 rows refer to nothing in public.team (foreign key member_team_fkey)",
        ),
        (
            UNREADY.format("false") + "UPDATE team SET code = 'a' WHERE id = 2; " + UNREADY.format("true"),
            "UPDATE team SET code = 'b' WHERE id = 2",
            "public.team: 1 keys of the unique index team_code_key come more than once",
        ),
        (
            "SELECT setval('member_id_seq', 2)",
            "SELECT setval('member_id_seq', 3)",
            "the sequence public.member_id_seq is behind public.member.id",
        ),
        (
            "SELECT setval('team_id_seq', 1, false)",
            "SELECT setval('team_id_seq', 2)",
            "the sequence public.team_id_seq is behind public.team.id",
        ),
    ],
)
def test_what_no_catalog_tells(look: Callable[..., Verification], change: str, back: str, said: str) -> None:
    """A reference to nothing, a key that comes twice, a sequence that would repeat itself."""
    assert said in look(change, back).problems


def test_a_true_clone_holds_together(look: Callable[..., Verification]) -> None:
    """Nothing speaks against it."""
    assert look().problems == ()


def test_how_well_people_hide(look: Callable[..., Verification]) -> None:
    """Sizes of the groups by each set and each of its columns; a verdict only where the policy gives k."""
    rules = POLICY + '[quasi_identifiers]\n"public.member" = [["born", "town"]]\n'
    found = look(rules=rules)
    assert found.passed
    assert [(crowd.columns, crowd.declared) for crowd in found.disclosure] == [
        *(((column,), False) for column in ("born", "email", "id", "team", "town")),
        (("born", "town"), True),
    ]
    crowd = found.disclosure[-1]
    assert (crowd.rows, crowd.groups, crowd.k, crowd.unique, crowd.smallest) == (3, 2, 1, 1, (1, 2))
    assert crowd.unique_share == pytest.approx(1 / 3)
    strict = look(rules="k = 2\n" + rules)
    assert strict.problems == ("public.member: by born, town the smallest group has 1 rows, and k is 2",)


@pytest.mark.parametrize(
    "text",
    [
        "k = 0",
        "k = true",
        "quasi_identifiers = 1",
        '[quasi_identifiers]\n"public.t" = ["a"]',
        '[[elsewhere]]\nin = "x"',
    ],
)
def test_a_section_that_means_nothing_is_refused(text: str) -> None:
    """With how it is written."""
    with pytest.raises(PolicyError):
        policy.parse(f"version = 1\n{text}\n")


def test_an_attestation_fits_its_clone_and_no_other(look: Callable[..., Verification], pair: Any, record: Path) -> None:
    """Policy, schema, tables and rows; and the key that signed it."""
    clone, rules = endpoint.source(pair.target, "t"), policy.parse(POLICY)
    document = attested.read(record, pair.key)
    assert attested.misfits(document, look(), clone, rules) == []
    more = look("INSERT INTO team (code) VALUES ('c')", "DELETE FROM team WHERE code = 'c'")
    assert attested.misfits(document, more, clone, rules) == ["public.team: 3 rows, and the attestation says 2"]
    other = policy.parse(POLICY + "# another\n")
    assert attested.misfits(document, look(), clone, other) == ["the attestation is of another policy"]
    pair.sql("ALTER TABLE team ADD note text", target=True)
    assert attested.misfits(document, look(), clone, rules) == ["the attestation is of another schema"]
    pair.sql("ALTER TABLE team DROP note", target=True)
    with pytest.raises(AttestationInvalid):
        attested.read(record, Key(b"another key, of thirty-two bytes and more"))


def test_an_attestation_that_was_changed(pair: Any, record: Path, tmp_path: Path) -> None:
    """Holds no more, whoever asks."""
    assert pair.oid() is not None
    changed = tmp_path / "changed.json"
    changed.write_text(record.read_text().replace('"rows": 3', '"rows": 4'))
    with pytest.raises(AttestationInvalid):
        attested.read(changed, None)
