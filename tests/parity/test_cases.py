"""tests/cases/parity: a folder for each attribute that a schema can differ in; a.sql and b.sql differ in that one."""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from understudy.catalog import KINDS, Snapshot, read
from understudy.catalog.model import NEWEST
from understudy.parity import Answer, compare, compare_snapshots
from understudy.parity.mend import with_mends
from understudy.parity.verdict import PRESENCE, Difference
from understudy.parity.workshop import Workshop
from understudy.postgres import ContainerServer, Server, connect

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


@pytest.fixture(scope="session")
def connection_to(server_of: Callable[[int], Server]) -> Iterator[Callable[[Server], Connection]]:
    """The connection to the one database of a server of ours in which cases are made and rolled back."""
    connections: dict[str, Connection] = {}
    with contextlib.ExitStack() as stack:

        def get(server: Server) -> Connection:
            if server.label not in connections:
                dsn = stack.enter_context(server.scratch(prefix="cases"))
                connections[server.label] = stack.enter_context(connect(dsn))
            return connections[server.label]

        yield get


@pytest.fixture(scope="session")
def connection_to_container(container_server: Server) -> Iterator[Connection]:
    """The same in a container; it must be gone before the container is."""
    with container_server.scratch(prefix="cases") as dsn, connect(dsn) as connection:
        yield connection


@pytest.fixture(scope="session")
def snapshots() -> dict[tuple[str, bytes], Snapshot]:
    """What has been read, by server and script: many cases begin with the same script."""
    return {}


@pytest.fixture
def snapshot_of(
    request: pytest.FixtureRequest,
    server: Server,
    connection_to: Callable[[Server], Connection],
    snapshots: dict[tuple[str, bytes], Snapshot],
) -> Callable[[Path], Snapshot]:
    """Reads what a script makes on the server of the test."""
    in_container = isinstance(server, ContainerServer)
    connection = request.getfixturevalue("connection_to_container") if in_container else connection_to(server)

    def get(script: Path) -> Snapshot:
        place = server.label, script.read_bytes()
        if place not in snapshots:
            with connection.transaction(force_rollback=True):
                connection.execute(place[1])
                snapshots[place] = read(connection)
        return snapshots[place]

    return get


@pytest.mark.folders(CASES)
def test_the_attribute_is_seen_and_nothing_else(
    server: Server, snapshot_of: Callable[[Path], Snapshot], folder: Path
) -> None:
    """The catalog witness names the one attribute that differs, whichever side is LEFT, on every version."""
    left, right = snapshot_of(folder / "a.sql"), snapshot_of(folder / "b.sql")
    assert found(compare_snapshots(left, right)) == wanted(folder)
    assert found(compare_snapshots(right, left)) == wanted(folder)


@pytest.mark.newest(only=True)
@pytest.mark.folders(CASES)
def test_a_mend_is_understood_and_mends(
    server: Server, snapshot_of: Callable[[Path], Snapshot], connection_to: Callable[[Server], Connection], folder: Path
) -> None:
    """Whatever differs, the statement given for it runs on LEFT and takes it away; on the newest version, both ways.

    What is missing as a whole is made in test_verdict.py: its definition is asked of the server that has it.
    """
    for here, there in (("a.sql", "b.sql"), ("b.sql", "a.sql")):
        left, right = snapshot_of(folder / here), snapshot_of(folder / there)
        changed = [d for d in compare_snapshots(left, right) if d.attribute != PRESENCE]
        for difference in with_mends(changed, left, right, ""):
            if difference.mend is None:
                continue
            connection = connection_to(server)
            with connection.transaction(force_rollback=True):
                connection.execute((folder / here).read_bytes())
                connection.execute(difference.mend.encode())
                stay = compare_snapshots(read(connection), right)
            assert (difference.key, difference.attribute) not in {(d.key, d.attribute) for d in stay}, difference.mend


def heard_alone() -> list[Path]:
    """The cases that both witnesses are asked about one by one: those of presence, one for each kind; or all of them.

    All of them are heard always, side by side in a few pairs of databases: `test_unions.py`. One by one takes 0.4 s a
    case, 9 minutes for all on four servers, and shows nothing more.
    """
    committed = [folder for folder in CASES if not expected(folder).get("transaction")]
    if os.environ.get("UNDERSTUDY_ALL_CASES"):
        return committed
    return [folder for folder in committed if folder.name.endswith("-presence")]


@pytest.mark.newest
@pytest.mark.folders(heard_alone())
def test_both_witnesses_agree(server: Server, folder: Path) -> None:
    """pg_dump sees what the catalogs see, save where an attribute is declared as one that pg_dump leaves out."""
    with Workshop(server) as workshop:
        left, right = (workshop.database((folder / n).read_text(encoding="utf-8")) for n in ("a.sql", "b.sql"))
        verdict = compare(left, right, make_workshop=lambda _: Workshop(server))
    assert (verdict.answer, found(verdict.differences)) == (Answer.DIFFER, wanted(folder))
    assert (verdict.reasons, verdict.defects) == ([], [])


@functools.cache
def together() -> list[tuple[str, list[Path]]]:
    """Scripts that several cases begin with, and those cases: what they add to it can be added at once."""
    groups = defaultdict[str, list[Path]](list)
    for folder in CASES:
        before, after = ((folder / name).read_text(encoding="utf-8") for name in ("a.sql", "b.sql"))
        # a new owner has what was granted to it, a new type its own storage; what is dropped has nothing else
        alone = "DROP" in after or any(attribute in ("owner", "type") for _, _, attribute in wanted(folder))
        if after.startswith(before) and not alone and not expected(folder).get("until"):
            groups[before].append(folder)
    return [(before, folders) for before, folders in sorted(groups.items()) if len(folders) > 1]


@pytest.mark.xdist_group(f"postgres{NEWEST}")
@settings(max_examples=int(os.environ.get("UNDERSTUDY_EXAMPLES", "30")))
@given(data=st.data())
def test_several_changes_at_once_are_each_seen(
    server_of: Callable[[int], Server], connection_to: Callable[[Server], Connection], data: st.DataObject
) -> None:
    """Whatever cases are applied to one schema, in whatever order, none of their differences hides another."""
    before, folders = data.draw(st.sampled_from(together()))
    chosen = data.draw(st.lists(st.sampled_from(folders), min_size=2, max_size=6, unique=True))
    connection = connection_to(server_of(NEWEST))
    applied = []
    with connection.transaction(force_rollback=True):
        connection.execute(before.encode())
        left = read(connection)
        for folder in chosen:
            added = (folder / "b.sql").read_text(encoding="utf-8").removeprefix(before)
            # two that exclude each other cannot both be applied
            with contextlib.suppress(psycopg.Error), connection.transaction():
                connection.execute(added.encode())
                applied.append(folder)
        right = read(connection)
    assume(len(applied) > 1)
    seen = found(compare_snapshots(left, right))
    assert found(compare_snapshots(right, left)) == seen
    for folder in applied:
        assert wanted(folder) <= seen, (folder.name, [one.name for one in applied])


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
