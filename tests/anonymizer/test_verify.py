"""Verification asks the finished clone, and excuses nothing that a mask could not have made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from anonymizer import endpoint, policy
from anonymizer.plan import PolicyIncomplete
from anonymizer.servererrors import ServerFailed
from anonymizer.verify import Verification, verify

SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, email text, tags text[], doc jsonb, name text);
CREATE TABLE p (id int, who text) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
"""
ROWS = """
INSERT INTO t VALUES
  (1, 'her@corp.test', '{"a secret of hers, and long",NULL}', '{"k": ["his secret, which is long"]}', 'Al'),
  (2, '', '{}', '{"n": 123456789012345678901, "t": true, "z": null}', NULL);
INSERT INTO p VALUES (1, 'one@corp.test'), (2, 'two@corp.test');
"""
POLICY = """
version = 1
[tables."public.t"]
id = "keep"
email = "email"
tags = "text"
doc = { mask = "json", others = "text" }
name = "text"
[tables."public.p"]
id = "keep"
who = "email"
"""


@pytest.fixture(scope="module")
def pair(open_pair: Callable[..., AbstractContextManager[Any]]) -> Iterator[Any]:
    """A source and a true clone of it."""
    with open_pair() as opened:
        opened.sql(SCHEMA + ROWS)
        opened.clone(policy.parse(POLICY))
        yield opened


@pytest.fixture(scope="module")
def look(pair: Any, looking: Callable[..., Any]) -> Iterator[Callable[..., Verification]]:
    """Verifies the clone after a statement has changed it, and changes it back."""
    with looking(pair) as looker:

        def call(change: str = "", back: str = "") -> Verification:
            if change:
                pair.sql(change, target=True)
            try:
                found: Verification = looker(POLICY)
                return found
            finally:
                if back:
                    pair.sql(back, target=True)

        yield call


def test_a_true_clone_passes(look: Callable[..., Verification]) -> None:
    """Every table and every partition, every masked column; the constraints are counted."""
    found = look()
    assert found.passed
    assert found.survivors == 0
    assert [str(check.table) for check in found.tables] == ["public.p1", "public.p2", "public.t"]
    assert [column.values for column in found.tables[2].columns] == [1, 1, 2, 1]
    assert found.constraints >= 1


@pytest.mark.parametrize(
    ("change", "back", "said"),
    [
        (
            "UPDATE t SET email = 'her@corp.test' WHERE id = 2",
            "UPDATE t SET email = '' WHERE id = 2",
            "public.t.email: 1 of 1 original values survive",
        ),
        (
            "UPDATE t SET tags = '{x,y,\"a secret of hers, and long\"}' WHERE id = 2",
            "UPDATE t SET tags = '{}' WHERE id = 2",
            "public.t.tags: 1 of 1",
        ),
        (
            'UPDATE t SET doc = \'{"other": {"deep": ["his secret, which is long"]}}\' WHERE id = 2',
            "UPDATE t SET doc = '{}' WHERE id = 2",
            "public.t.doc: 1 of 2",
        ),
        (
            "UPDATE t SET doc = '{\"x\": 123456789012345678901}' WHERE id = 2",
            "UPDATE t SET doc = '{}' WHERE id = 2",
            "public.t.doc: 1 of 2",
        ),
        ("INSERT INTO p VALUES (1, NULL)", "DELETE FROM p WHERE who IS NULL", "public.p1: 2 rows, and 1 were expected"),
        (
            "ALTER TABLE t DROP CONSTRAINT t_pkey",
            "ALTER TABLE t ADD PRIMARY KEY (id)",
            "public.t: the constraint t_pkey is missing",
        ),
    ],
)
def test_what_is_found(look: Callable[..., Verification], change: str, back: str, said: str) -> None:
    """A value in any row of its column, in an array, anywhere in a document; a row more; a constraint less."""
    found = look(change, back)
    assert not found.passed
    assert [problem for problem in found.problems if said in problem]
    assert "secret" not in repr(found)
    assert "corp.test" not in repr(found)


def test_a_value_too_short_to_tell_is_a_coincidence(look: Callable[..., Verification], pair: Any) -> None:
    """Two letters that stand elsewhere may be chance; they are counted apart."""
    ((masked,),) = pair.sql("SELECT name FROM t WHERE id = 1", target=True)
    found = look("UPDATE t SET name = 'Al' WHERE id = 2", "UPDATE t SET name = NULL WHERE id = 2")
    (column,) = [column for column in found.tables[2].columns if column.column == "name"]
    assert (column.survivors, column.coincidences) == (0, 1)
    assert not [problem for problem in found.problems if "survive" in problem]
    assert masked


def test_a_policy_that_does_not_fit_the_source_proves_nothing(pair: Any) -> None:
    """It is refused, as a clone would be."""
    ends = (endpoint.source(pair.source, "s"), endpoint.source(pair.target, "t"))
    with pytest.raises(PolicyIncomplete):
        verify(*ends, policy.parse("version = 1"), pair.programs, jobs=1)


def test_a_table_that_the_clone_lacks(look: Callable[..., Verification]) -> None:
    """Cannot be looked at, and that is an error."""
    with pytest.raises(ServerFailed, match="reported an error") as raised:
        look("ALTER TABLE p RENAME COLUMN who TO whom", "ALTER TABLE p RENAME COLUMN whom TO who")
    assert "does not exist" in str(raised.value)
