"""For every column that the contract calls compared there is a case that changes it, and nothing beside it.

What a case changes is not what it says of itself: its scripts are run, and the catalogs' own columns are read before
and after, with names in the place of object identifiers. So an attribute that rests on five columns has a case of each.
"""

from __future__ import annotations

import functools
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
import pytest

from understudy.catalog.contract import Treatment, load
from understudy.catalog.model import NEWEST
from understudy.parity.verdict import PRESENCE
from understudy.postgres import Server, connect

CASES = sorted(folder for folder in (Path(__file__).parents[1] / "cases" / "parity").iterdir() if folder.is_dir())

Place: TypeAlias = tuple[str, str]
"""A catalog and one of its columns."""

_SORTS = {
    **dict.fromkeys(("view", "materialized view", "foreign table"), "table"),
    **dict.fromkeys(("procedure", "aggregate"), "function"),
}
_NAMES = "SELECT oid::text, {kind} || {name} FROM {catalog} WHERE oid >= 16384"
_NAMED = {
    "pg_class": "relname",
    "pg_type": "typname",
    "pg_proc": "oid::regprocedure::text",
    "pg_operator": "oid::regoperator::text",
    "pg_namespace": "nspname",
    "pg_opclass": "opcname",
    "pg_opfamily": "opfname",
    "pg_collation": "collname",
    "pg_constraint": "conname",
    "pg_foreign_data_wrapper": "fdwname",
    "pg_foreign_server": "srvname",
    "pg_publication": "pubname",
    "pg_ts_config": "cfgname",
    "pg_ts_dict": "dictname",
    "pg_ts_parser": "prsname",
    "pg_ts_template": "tmplname",
    "pg_am": "amname",
    "pg_language": "lanname",
    "pg_extension": "extname",
    "pg_tablespace": "spcname",
    "pg_authid": "rolname",
}
_ALL_NAMES = " UNION ALL ".join(
    _NAMES.format(kind=f"'{catalog} '", name=name, catalog=catalog) for catalog, name in _NAMED.items()
)
_WHOSE = {
    **dict.fromkeys(("pg_class", "pg_type", "pg_proc", "pg_operator", "pg_amop", "pg_amproc", "pg_collation"), "oid"),
    "pg_attribute": "attrelid",
    "pg_depend": "objid",
    "pg_description": "objoid",
    "pg_aggregate": "aggfnoid",
}
"""Catalogs with thousands of rows of the server's own, and the column that tells those from a user's."""
_OID = re.compile(r"(?<!\d)\d{5,}(?!\d)")
_POSITION = re.compile(r" :(?:location|stmt_len|stmt_location) -?\d+")

EXCUSED: Mapping[Place, str] = {
    ("pg_init_privs", "initprivs"): "only initdb and extensions write it; it decides which system objects are listed",
    (
        "pg_ts_config_map",
        "mapseqno",
    ): "dictionaries change places in text-search-configuration-mapping-order, two at a time",
    ("pg_type", "typdefaultbin"): "the server writes typdefault from it: domain-default changes both",
}
"""Columns that no case can change alone, each with the reason."""


@functools.cache
def attributes_of(folder: Path) -> frozenset[tuple[str, str]]:
    """What a case says that it changes, by the contract's kinds."""
    said = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["differences"]
    return frozenset((_SORTS.get(d["kind"], d["kind"]), d["attribute"]) for d in said)


def columns_behind(major: int) -> dict[tuple[str, str], set[Place]]:
    """The compared columns that each attribute of a version rests on."""
    found = defaultdict[tuple[str, str], set[Place]](set)
    for place, column in load().of(major).items():
        if column.treatment is Treatment.COMPARED:
            for kind, attribute, _ in column.destinations():
                found[kind, attribute].add(place)
    return found


def state(connection: psycopg.Connection[Any], script: bytes, places: frozenset[Place]) -> dict[Place, Counter[str]]:
    """What a script makes of columns: each with its values, and how often each of them occurs."""
    by_catalog = defaultdict[str, list[str]](list)
    for catalog, column in sorted(places):
        by_catalog[catalog].append(column)
    found: dict[Place, Counter[str]] = {}
    with connection.transaction(force_rollback=True):
        connection.execute(script)
        names = dict(connection.execute(_ALL_NAMES).fetchall())
        for catalog, columns in by_catalog.items():
            identity = ", ".join((*(f"{column}::text" for column in identities()[catalog]), "''"))
            wanted = ", ".join(f"{column}::text" for column in columns)
            whose = _WHOSE.get(catalog, "16384")
            query = f"SELECT ARRAY[{identity}]::text, {wanted} FROM pg_catalog.{catalog} WHERE {whose} >= 16384"
            rows = connection.execute(query.encode()).fetchall()
            for place, column in enumerate(columns, 1):
                found[catalog, column] = Counter(_named(f"{row[0]}: {row[place]}", names) for row in rows)
    return found


@functools.cache
def identities() -> Mapping[str, list[str]]:
    """The columns of each catalog that say which object a row is about."""
    found = defaultdict[str, list[str]](list)
    for column in load().columns:
        if column.treatment is Treatment.IDENTITY:
            found[column.catalog].append(column.name)
    return found


def _named(value: str, names: Mapping[str, str]) -> str:
    return _OID.sub(lambda match: names.get(match[0], match[0]), _POSITION.sub("", value))


def alone(connection: psycopg.Connection[Any], folders: list[Path], major: int) -> Iterator[tuple[Place, str]]:
    """The columns that a case changes and no other column of the same attribute with them, and the case."""
    behind = columns_behind(major)
    for folder in folders:
        attributes = {a for a in attributes_of(folder) if a[1] != PRESENCE}
        places = frozenset(place for attribute in attributes for place in _behind(attribute, behind))
        before, after = (state(connection, (folder / name).read_bytes(), places) for name in ("a.sql", "b.sql"))
        changed = {place for place in places if before[place] != after[place]}
        for attribute in attributes:
            ours = changed & _behind(attribute, behind)
            if len(ours) == 1:
                yield ours.pop(), folder.name


def _behind(attribute: tuple[str, str], behind: Mapping[tuple[str, str], set[Place]]) -> set[Place]:
    """The columns that an attribute rests on: a comment is any kind's, save where the contract names the kind."""
    return behind.get(attribute) or behind.get(("every kind", attribute[1])) or set()


@pytest.mark.parametrize(
    "major", [pytest.param(major, marks=pytest.mark.xdist_group(f"postgres{major}")) for major in (16, 18)]
)
def test_every_compared_column_has_a_case_that_changes_it_alone(
    server_of: Callable[[int], Server], for_version: Callable[[Path, int], bool], major: int
) -> None:
    """All compared columns of PostgreSQL 18, and those of 16 that 18 no longer has; nothing is excused without need."""
    compared = {place for places in columns_behind(major).values() for place in places}
    gone = compared - {place for places in columns_behind(NEWEST).values() for place in places}
    wanted = compared if major == NEWEST else gone
    folders = [folder for folder in CASES if for_version(folder, major)]
    if major != NEWEST:
        folders = [folder for folder in folders if not for_version(folder, NEWEST)]
    with server_of(major).scratch(prefix="coverage") as dsn, connect(dsn) as connection:
        covered = {place for place, _ in alone(connection, folders, major)}
    assert wanted - covered == (set(EXCUSED) if major == NEWEST else set())
    assert wanted
