"""Two major versions: what only the newer one can have is a difference, never a contradiction of the witnesses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from understudy.parity import Answer, Options, compare
from understudy.parity.workshop import Workshop
from understudy.postgres import Server, connect

TABLE = "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0))"
CANNOT = "unknown to PostgreSQL 16"

NEWER = {
    "not enforced": (
        TABLE + "; ALTER TABLE t DROP CONSTRAINT c; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
        "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0) NOT ENFORCED)",
        {("public.t.c", "enforced", CANNOT, False)},
    ),
    "not null, not validated": (
        "CREATE TABLE t (a int NOT NULL)",
        "CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID",
        {("public.t.n", "presence", "absent", "present")},
    ),
    "not null, not inherited": (
        "CREATE TABLE t (a int NOT NULL)",
        "CREATE TABLE t (a int CONSTRAINT n NOT NULL NO INHERIT)",
        {("public.t.n", "presence", "absent", "present")},
    ),
    "not null, with a comment": (
        "CREATE TABLE t (a int NOT NULL)",
        "CREATE TABLE t (a int CONSTRAINT n NOT NULL); COMMENT ON CONSTRAINT n ON t IS 'x'",
        {("public.t.n", "presence", "absent", "present")},
    ),
    "publication of generated columns": (
        "CREATE PUBLICATION p",
        "CREATE PUBLICATION p WITH (publish_generated_columns = stored)",
        {("p", "generated columns", CANNOT, "s")},
    ),
}

SAME = {
    "not null by a name": ("CREATE TABLE t (a int NOT NULL)", "CREATE TABLE t (a int CONSTRAINT n NOT NULL)"),
    "all rights": ("CREATE TABLE t (a int); GRANT ALL ON t TO parity_bob",) * 2,
    "an owner without one": ("CREATE TABLE t (a int); REVOKE INSERT ON t FROM CURRENT_USER",) * 2,
}


@pytest.fixture
def made(server_of: Callable[[int], Server], request: pytest.FixtureRequest) -> Callable[[int, str], str]:
    """Makes a database of a version from a script."""

    def make(major: int, text: str) -> str:
        scratch = server_of(major).scratch(prefix="versions")
        dsn = scratch.__enter__()
        request.addfinalizer(lambda: scratch.__exit__(None, None, None))
        with connect(dsn) as connection:
            connection.execute(text.encode())
        return dsn

    return make


@pytest.mark.xdist_group("postgres18")
@pytest.mark.parametrize("name", NEWER)
def test_what_the_older_cannot_have_is_a_difference(
    made: Callable[[int, str], str], server_of: Callable[[int], Server], name: str
) -> None:
    """It says that the older version has no such thing, whichever side that is, and no defect."""
    old, new, expected = NEWER[name]
    left, right = made(16, old), made(18, new)
    options = Options(database=False)
    forth = compare(left, right, options, lambda _: Workshop(server_of(18)))
    back = compare(right, left, options, lambda _: Workshop(server_of(18)))
    assert (forth.answer, forth.reasons, forth.defects) == (Answer.DIFFER, [], [])
    assert (back.answer, back.reasons, back.defects) == (Answer.DIFFER, [], [])
    assert {(d.path, d.attribute, d.left, d.right) for d in forth.differences} == expected
    assert {(d.path, d.attribute, d.right, d.left) for d in back.differences} == expected


@pytest.mark.xdist_group("postgres18")
@pytest.mark.parametrize("name", SAME)
def test_what_both_have_in_their_own_words_is_the_same(
    made: Callable[[int, str], str], server_of: Callable[[int], Server], name: str
) -> None:
    """A name that the older version does not keep, and MAINTAIN where it goes with all rights, are no difference."""
    old, new = SAME[name]
    options = Options(database=False)
    verdict = compare(made(16, old), made(18, new), options, lambda _: Workshop(server_of(18)))
    assert (verdict.answer, verdict.reasons, verdict.defects) == (Answer.SAME, [], [])


@pytest.mark.xdist_group("postgres18")
def test_maintain_alone_is_a_difference(made: Callable[[int, str], str], server_of: Callable[[int], Server]) -> None:
    """Granted to somebody who has not everything else, MAINTAIN is a right that the older version cannot give."""
    left = made(16, "CREATE TABLE t (a int)")
    right = made(18, "CREATE TABLE t (a int); GRANT MAINTAIN ON t TO parity_bob")
    verdict = compare(left, right, Options(database=False), lambda _: Workshop(server_of(18)))
    assert {(d.path, d.attribute) for d in verdict.differences} == {("public.t", "privileges")}
    assert verdict.defects == []
