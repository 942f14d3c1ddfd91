"""tests/cases/parity: a folder for each attribute that a schema can differ in; a.sql and b.sql differ in that one."""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
import pytest

from understudy.catalog import KINDS, Snapshot, read
from understudy.parity import Answer, compare, compare_snapshots
from understudy.parity.parity import MakeWorkshop
from understudy.parity.verdict import Difference
from understudy.parity.workshop import Workshop
from understudy.postgres import Server, connect

Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]

CASES = sorted(folder for folder in (Path(__file__).parents[1] / "cases" / "parity").iterdir() if folder.is_dir())


@functools.cache
def expected(folder: Path) -> dict[str, Any]:
    document = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def wanted(folder: Path) -> set[tuple[str, str, str]]:
    return {(d["kind"], d["path"], d["attribute"]) for d in expected(folder)["differences"]}


def found(differences: Sequence[Difference]) -> set[tuple[str, str, str]]:
    return {(d.kind, d.path, d.attribute) for d in differences}


def applies(folder: Path, major: int) -> bool:
    return bool(expected(folder).get("since", 14) <= major <= expected(folder).get("until", 99))


@pytest.fixture(scope="session")
def connection_to() -> Iterator[Callable[[Server], Connection]]:
    """The connection to the one database of a server in which cases are made and rolled back."""
    connections: dict[str, Connection] = {}
    with contextlib.ExitStack() as stack:

        def get(server: Server) -> Connection:
            if server.label not in connections:
                dsn = stack.enter_context(server.scratch(prefix="cases"))
                connections[server.label] = stack.enter_context(connect(dsn))
            return connections[server.label]

        yield get


def snapshot(connection: Connection, script: Path) -> Snapshot:
    with connection.transaction(force_rollback=True):
        connection.execute(script.read_bytes())
        return read(connection)


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_the_attribute_is_seen_and_nothing_else(
    server: Server, connection_to: Callable[[Server], Connection], folder: Path
) -> None:
    """The catalog witness names the one attribute that differs, whichever side is LEFT, on every version."""
    connection = connection_to(server)
    if not applies(folder, connection.info.server_version // 10000):
        return
    left, right = snapshot(connection, folder / "a.sql"), snapshot(connection, folder / "b.sql")
    assert found(compare_snapshots(left, right)) == wanted(folder)
    assert found(compare_snapshots(right, left)) == wanted(folder)


def heard_twice() -> list[Path]:
    """The cases that both witnesses are asked about: those of presence, one for each kind; or all, which takes long."""
    committed = [folder for folder in CASES if not expected(folder).get("transaction")]
    if os.environ.get("UNDERSTUDY_ALL_CASES"):
        return committed
    return [folder for folder in committed if folder.name.endswith("-presence")]


@pytest.mark.parametrize("folder", heard_twice(), ids=lambda folder: folder.name)
def test_both_witnesses_agree(parity_server: Server, make_workshop: MakeWorkshop, folder: Path) -> None:
    """pg_dump sees what the catalogs see, save where an attribute is declared as one that pg_dump leaves out."""
    with Workshop(parity_server) as workshop:
        if not applies(folder, workshop.major):
            return
        left, right = (workshop.database((folder / n).read_text(encoding="utf-8")) for n in ("a.sql", "b.sql"))
        verdict = compare(left, right, make_workshop=make_workshop)
    assert (verdict.answer, found(verdict.differences)) == (Answer.DIFFER, wanted(folder))
    assert (verdict.reasons, verdict.defects) == ([], [])


def test_every_attribute_of_every_kind_has_a_case() -> None:
    """No attribute is compared without a folder that shows that it is."""
    kinds = {k.name: k for k in KINDS}
    shown = set()
    for folder in CASES:
        for kind, _, attribute in wanted(folder):
            name = {"view": "table", "materialized view": "table", "foreign table": "table"}.get(kind, kind)
            name = {"procedure": "function", "aggregate": "function"}.get(name, name)
            shown.add((name, attribute))
    missing = {(name, a.name) for name, kind in kinds.items() for a in kind.attributes} - shown
    assert missing == set()
    assert {(name, "presence") for name in kinds} - shown == {("database", "presence")}
