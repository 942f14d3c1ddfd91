"""The contract over pg_catalog: complete on every server, kept by the queries, and printed in the documentation."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from understudy.catalog import KINDS
from understudy.catalog.contract import Treatment, as_page, load
from understudy.catalog.model import NEWEST, OLDEST
from understudy.postgres import Server

COLUMNS = """SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"""


def test_every_column_of_every_catalog_is_classified(server: Server) -> None:
    """What the server has and what the contract says of its version are the same set of columns."""
    with server.administer() as connection:
        major = connection.info.server_version // 10000
        there = {(str(catalog), str(column)) for catalog, column in connection.execute(COLUMNS)}
    classified = set(load().of(major))
    assert there - classified == set(), "a column that nobody has classified"
    assert classified - there == set(), "a column that this version does not have"


@pytest.mark.parametrize(
    ("major", "catalogs", "columns", "digest"), [(14, 62, 571, "fb1aba2c2a0d6c55"), (17, 64, 598, "2e13f836cc381bf0")]
)
def test_versions_without_a_server_here_are_as_their_source_says(
    major: int, catalogs: int, columns: int, digest: str
) -> None:
    """PostgreSQL 14 and 17, of which no machine of ours has a server, were held against their own headers.

    src/include/catalog/pg_*.h of 14.13 and of 17.6 declare exactly these columns; the digest is of their sorted names.
    Whoever changes what the contract says of one of them has to look there again. Where the container is a
    PostgreSQL 17, as it is by default, the test above asks the server itself.
    """
    names = sorted(f"{catalog}.{column}" for catalog, column in load().of(major))
    assert (len({name.partition(".")[0] for name in names}), len(names)) == (catalogs, columns)
    assert hashlib.sha256("\n".join(names).encode()).hexdigest()[:16] == digest


@pytest.mark.parametrize(
    ("major", "has", "has_not"),
    [
        (14, ("pg_database", "datlastsysoid"), ("pg_index", "indnullsnotdistinct")),
        (14, ("pg_subscription", "substream"), ("pg_subscription", "subskiplsn")),
        (14, ("pg_proc", "prosqlbody"), ("pg_publication_namespace", "oid")),
        (17, ("pg_collation", "colllocale"), ("pg_collation", "colliculocale")),
        (17, ("pg_attribute", "attcacheoff"), ("pg_constraint", "conperiod")),
        (17, ("pg_database", "dathasloginevt"), ("pg_class", "relallfrozen")),
    ],
)
def test_versions_without_a_server_here_follow_their_documentation(
    major: int, has: tuple[str, str], has_not: tuple[str, str]
) -> None:
    """The release notes' changes of PostgreSQL 14 and 17 are in the contract."""
    columns = load().of(major)
    assert has in columns
    assert has_not not in columns


def test_every_reason_is_given() -> None:
    """No treatment stands alone, and no column twice."""
    columns = load().columns
    assert all(c.reason for c in columns)
    assert len({(c.catalog, c.name) for c in columns}) == len(columns)


def test_what_is_called_compared_is_read_by_a_query() -> None:
    """A compared column is named in the SQL of the attribute it is said to reach, or read by the function there."""
    kinds = {kind.name: kind for kind in KINDS}
    for column in load().columns:
        if column.treatment is not Treatment.COMPARED:
            continue
        for kind_name, attribute_name, function in column.destinations():
            if kind_name == "every kind":
                assert attribute_name in ("comment", "security labels")
                continue
            kind = kinds[kind_name]
            found = [a for a in kind.attributes if a.name == attribute_name]
            assert found, f"{column.catalog}.{column.name} is said to reach {kind_name}.{attribute_name}"
            pattern = re.compile(rf"\b{function or column.name}\b")
            assert any(pattern.search(f"{a.sql} {kind.source} {kind.path}") for a in found), (column, attribute_name)


def test_every_attribute_comes_from_a_compared_column() -> None:
    """No attribute is compared that the contract does not know of."""
    reached = {d[:2] for c in load().columns if c.treatment is Treatment.COMPARED for d in c.destinations()}
    missing = {(k.name, a.name) for k in KINDS for a in k.attributes} - reached
    assert missing == set()


def test_the_page_is_the_contract() -> None:
    """docs/parity-contract.md is what `python -m understudy.catalog.contract` prints."""
    page = Path(__file__).parents[2] / "docs" / "parity-contract.md"
    assert page.read_text(encoding="utf-8") == as_page(load())


def test_the_versions_are_those_that_are_promised() -> None:
    """PostgreSQL 14 to 18."""
    assert (OLDEST, NEWEST) == (14, 18)
