"""Somebody's name in a text of another table becomes that person's same fake one."""

from __future__ import annotations

import io
from typing import Any

import pytest

from anonymizer import plan, policy, subjects
from anonymizer import preview as previewing
from anonymizer.dump.errors import LookupOfADump
from anonymizer.dump.filter import anonymize
from anonymizer.endpoint import source as source_end
from anonymizer.errors import PolicyError
from anonymizer.identifiers import TableName
from anonymizer.subjects import Step, Subject

PEOPLE = (
    'CREATE TABLE users (tenant int, id int, "full ""name" varchar(40), email text UNIQUE, PRIMARY KEY (tenant, id))',
    "INSERT INTO users SELECT n % 2, n, 'Given' || n || ' Familia' || n, 'u' || n || '@corp.test' "
    "FROM generate_series(1, 3000) n",
    # of a partitioned table whose columns stand in another order, to a key of two columns in another order
    """CREATE TABLE messages (id int, body text, "by" int, house int, reader text, created int,
        FOREIGN KEY ("by", house) REFERENCES users (id, tenant)) PARTITION BY RANGE (id)""",
    'CREATE TABLE early (created int, house int, body text, id int, reader text, "by" int)',
    "ALTER TABLE messages ATTACH PARTITION early FOR VALUES FROM (0) TO (2000)",
    "CREATE TABLE late PARTITION OF messages DEFAULT",
    """INSERT INTO messages SELECT n, format('Dear all, %s here (u%s@corp.test)', upper('Given' || n), n)
        || CASE WHEN n < 3000 THEN format('; familia%s reads this', n + 1) ELSE '' END,
        n, n % 2, CASE WHEN n < 3000 THEN 'u' || n + 1 || '@corp.test' END, n FROM generate_series(1, 3000) n""",
    "INSERT INTO messages VALUES (5000, 'nobody wrote Given1')",
)
MASKS: dict[str, Any] = {
    "public.users": {'full "name': "name", "email": "email"},
    "public.messages": {
        "reader": "email",
        "body": {
            "mask": "entity",
            "subject": [
                '(house, by) -> public.users("full ""name", email)',
                "reader -> public.readers(name)",
            ],
        },
    },
    "public.readers": {"email": "email", "name": "name"},
}
READERS = (
    "CREATE TABLE readers (email text PRIMARY KEY, name text)",
    """INSERT INTO readers SELECT email, "full ""name" FROM users""",
)


def _said(pair: Any) -> None:
    """Asserts of each message of the clone that it says what its people are called there."""
    rows = pair.sql(
        """SELECT m.body, u."full ""name", u.email, r.name FROM messages m
        LEFT JOIN users u ON (u.tenant, u.id) = (m.house, m."by") LEFT JOIN readers r ON r.email = m.reader""",
        target=True,
    )
    for body, name, email, reader in rows:
        if name is None:
            assert body == "nobody wrote Given1"
            continue
        first, *_ = name.split()
        assert body.startswith(f"Dear all, {first} here ({email})")
        if reader is not None:
            assert body.endswith(f"; {reader.split()[1]} reads this")


@pytest.mark.parametrize("rules", [{}, {"subset": {"public.users": "10%"}}], ids=["whole", "subset"])
def test_who_a_row_refers_to_is_called_the_same_in_its_text(pair: Any, rules: dict[str, Any], monkeypatch: Any) -> None:
    """By composite foreign key and undeclared reference, of partitions, in chunks, in a subset and in a preview."""
    monkeypatch.setattr("anonymizer.clone.CHUNK_PAGES", 2)
    pair.sql(*PEOPLE, *READERS)
    made = pair.policy(MASKS, **rules)
    result = pair.clone(made, jobs=2)
    assert result.verification.passed
    _said(pair)
    counted = pair.sql("SELECT count(*) FROM messages", target=True)[0][0]
    assert counted == 3001 if not rules else 0 < counted < 1000
    if not rules:
        shown = previewing.preview(source_end(pair.source, "source"), made, pair.key, 20)
        (after,) = [c.after for t in shown if t.table.name == "messages" for c in t.columns if c.name == "body"]
        bodies = {body for (body,) in pair.sql("SELECT body FROM messages", target=True)}
        assert set(after) <= bodies


def test_what_cannot_be_looked_up_is_said(pair: Any) -> None:
    """Nothing of it is found out while rows are read."""
    pair.sql(
        "CREATE TABLE users (id int PRIMARY KEY, name text, tags text[], born date, "
        "loud text GENERATED ALWAYS AS (upper(name)) STORED)",
        "CREATE TABLE gone (id int PRIMARY KEY, name text)",
        "CREATE TABLE two (a int, b int, name text, PRIMARY KEY (a, b)) PARTITION BY RANGE (a)",
        "CREATE TABLE part PARTITION OF two DEFAULT",
        "CREATE TABLE notes (user_id int REFERENCES users, wrong text, body text)",
    )
    wrong = {
        "user_id -> public.nowhere(name)": "there is no table public.nowhere",
        "user_id -> public.gone(name)": "no rows of public.gone are copied",
        "user_id -> public.part(name)": "public.part is a partition of public.two: name that",
        "user_id -> public.two(name)": "no foreign key says to which row of public.two it refers, and its primary key",
        "wrong -> public.users(name)": "no foreign key says to which row of public.users it refers",
        "writer -> public.users(name)": "public.notes has no column writer",
        "user_id -> public.users(nick)": "public.users.nick does not exist",
        "user_id -> public.users(tags)": "public.users.tags is an array",
        "user_id -> public.users(loud)": "public.users.loud is generated",
        "user_id -> public.users(born)": "public.users.born looks at other columns itself",
    }
    for subject, why in wrong.items():
        masks = {
            "public.users": {"born": {"mask": "date_shift", "subject": "id"}},
            "public.gone": "drop-rows",
            "public.notes": {"body": {"mask": "entity", "subject": subject}},
        }
        with pytest.raises(plan.PolicyIncomplete) as refused:
            pair.clone(masks)
        assert why in str(refused.value.detail), subject


def test_a_dump_is_refused(pair: Any) -> None:
    """Its rows stand in an order of their own, so nobody can be asked for another table's."""
    rules = policy.parse(
        'version = 1\n[tables."public.notes"]\nbody = { mask = "entity", subject = "who -> public.users(name)" }'
    )
    with pytest.raises(LookupOfADump, match="dump"):
        anonymize(io.BytesIO(b""), io.BytesIO(), rules, pair.key)


@pytest.mark.parametrize(
    ("text", "by", "table", "fields"),
    [
        ("user_id -> public.users(name)", ("user_id",), ("public", "users"), ("name",)),
        ("User_Id->s.T ( A , b )", ("user_id",), ("s", "t"), ("a", "b")),
        ('(a, "B, c") -> "x.y"."z(""w"("->", n)', ("a", "B, c"), ("x.y", 'z("w'), ("->", "n")),
    ],
)
def test_how_a_subject_is_written(text: str, by: Any, table: Any, fields: Any) -> None:
    """As SQL writes names; what is said of it reads the same."""
    found = subjects.parse(text)
    assert found == Subject((Step(by, TableName(*table)),), fields)
    assert subjects.parse(str(found)) == found


@pytest.mark.parametrize(
    "text",
    ["", "user_id", "a -> users(name)", "a -> public.users", "a -> public.users()", "a, b -> s.t(n)", 7, [7], []],
)
def test_what_is_no_subject(text: object) -> None:
    """It is an error of the policy's file, before any database is asked."""
    with pytest.raises(PolicyError):
        policy.parse(
            f'version = 1\n[tables."public.notes"]\nbody = {{ mask = "entity", subject = {text!r} }}'.replace("'", '"')
        )
