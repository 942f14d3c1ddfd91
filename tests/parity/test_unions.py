"""All the schemas of the suite at once: cases and equivalences side by side in a few pairs of databases.

Each case has a schema of its own; those that make the same thing of the database as a whole go into the next pair. So
hundreds of schemas are dumped, restored and compared in the time of a few, and both witnesses are heard of all of them.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from understudy.catalog import Snapshot
from understudy.parity import Answer, Difference, Options, compare, compare_snapshots
from understudy.parity.claims import Claims
from understudy.parity.contradiction import Beyond, beyond, changes
from understudy.parity.parity import testify as hear
from understudy.parity.pieces import Piece
from understudy.parity.witness import Dump
from understudy.parity.workshop import Workshop
from understudy.postgres import Server, connect
from understudy.postgres.programs import run

ROOT = Path(__file__).parents[1] / "cases"
_GLOBAL = re.compile(r"\b(WRAPPER|SERVER|PUBLICATION|EVENT TRIGGER|LANGUAGE) ([abd-z]\d?)\b")
LOST = {
    # whether a foreign key's triggers are enabled
    "constraint-triggers-enabled": ("constraint", "constraint-triggers-enabled", "triggers enabled"),
    # an extension that every database has: its comment, and that it was dropped
    "extension-comment": ("extension", "plpgsql", "comment"),
    "extension-presence": ("extension", "plpgsql", "presence"),
    # that a partitioned index lacks one of its parts
    "index-partition-of": ("index", "index-partition-of", "valid"),
    "index-valid": ("index", "index-valid", "presence"),
    "schema-public-presence": ("schema", "public", "presence"),
}
"""The cases whose b.sql pg_dump does not write down whole, and what it leaves out: kind, name or schema, attribute."""

SILENT = {
    *("constraint-triggers-enabled", "extension plpgsql", "schema public"),
    *("database (this)", "setting work_mem", "setting work_mem for parity_alice"),
}
"""What the cases differ in and pg_dump shows nothing of, by case or by object."""

APART = ({"default-privileges-privileges"}, {"schema-public-presence", "system-object-function"})
"""Cases that would undo others: they speak of the schema public, or of the same function of the server, as those do."""


@functools.cache
def expected(folder: Path) -> dict[str, Any]:
    """What a folder says of itself: an equivalence says nothing."""
    file = folder / "expected.json"
    document = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"differences": []}
    assert isinstance(document, dict)
    return document


@pytest.fixture
def schemas(server: Server, for_version: Callable[[Path, int], bool]) -> list[Path]:
    """The folders to make; those of a transaction change what no dump may hold, and are rolled back elsewhere."""
    major = server.major()
    return [
        folder
        for folder in sorted([*(ROOT / "parity").iterdir(), *(ROOT / "equivalence").iterdir()])
        if folder.is_dir() and not expected(folder).get("transaction") and for_version(folder, major)
    ]


@dataclass(frozen=True)
class Union:
    """Two databases with many schemas: every a.sql, and every b.sql."""

    folders: Sequence[Path]
    left: str
    right: str


def unions(server: Server, folders: Sequence[Path]) -> Iterator[Union]:
    """Pairs of databases that hold all the folders between them; each lives until the next is asked for."""
    pending = list(folders)
    while pending:
        with server.scratch(prefix="union") as left, server.scratch(prefix="union") as right:
            made = []
            with connect(left) as one, connect(right) as other:
                for folder in pending:
                    with contextlib.suppress(psycopg.Error), one.transaction(), other.transaction():
                        make(one, folder, "a.sql")
                        make(other, folder, "b.sql")
                        made.append(folder)
            assert made, f"{[folder.name for folder in pending]} cannot be made in an empty database"
            yield Union(made, left, right)
            pending = [folder for folder in pending if folder not in made]


def make(connection: psycopg.Connection[Any], folder: Path, name: str) -> None:
    connection.execute(f'CREATE SCHEMA "{folder.name}"'.encode())
    connection.execute(f'SET LOCAL search_path = "{folder.name}"'.encode())
    # what has no schema has the folder in its name
    text = _GLOBAL.sub(lambda match: f'{match[1]} "{folder.name}-{match[2]}"', (folder / name).read_text("utf-8"))
    connection.execute(text.encode())


@contextlib.contextmanager
def restored(source: str, server: Server) -> Iterator[str]:
    """A database restored from what pg_dump writes of another; every statement of it must succeed."""
    major = server.major()
    script = run("pg_dump", "--schema-only", dsn=source, server_major=major)
    with server.scratch(prefix="restored") as copy:
        run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", dsn=copy, server_major=major, input_text=script)
        yield copy


@pytest.mark.newest
def test_every_schema_of_the_suite_survives_a_dump(server: Server, schemas: list[Path]) -> None:
    """What pg_dump writes and psql restores is the same, for each a.sql and b.sql of all cases and equivalences."""
    options = Options(database=False)
    for union in unions(server, [folder for folder in schemas if folder.name not in LOST]):
        for side in (union.left, union.right):
            with restored(side, server) as copy:
                verdict = compare(side, copy, options, lambda _: Workshop(server))
                assert verdict.answer is Answer.SAME, ([folder.name for folder in union.folders], verdict)


@pytest.mark.newest
def test_what_a_dump_loses_is_seen_to_be_lost(server: Server) -> None:
    """The few things that pg_dump does not write down are named, and nothing else is."""
    for folder in (ROOT / "parity" / name for name in LOST):
        for union in unions(server, [folder]):
            with restored(union.right, server) as copy:
                verdict = compare(union.right, copy, Options(database=False), lambda _: Workshop(server))
        places = [(d.kind, d.path.split(".")[0].strip('"'), d.attribute) for d in verdict.differences]
        assert (places, verdict.reasons, verdict.defects) == ([LOST[folder.name]], [], [])


def test_equivalent_schemas_are_the_same(server: Server, schemas: list[Path]) -> None:
    """Both witnesses hold the two schemas of every equivalence for the same, on every version, and count the same."""
    for union in unions(server, [folder for folder in schemas if folder.parent.name == "equivalence"]):
        verdict = compare(union.left, union.right, make_workshop=lambda _: Workshop(server))
        assert verdict.answer is Answer.SAME, ([folder.name for folder in union.folders], verdict)
        assert verdict.objects[0] == verdict.objects[1]


def test_both_witnesses_see_what_each_case_changes(server: Server, schemas: list[Path]) -> None:
    """Of all cases side by side the catalogs show each attribute, and pg_dump nothing beyond, on every version.

    Each case's differences account for something in the dump that no other case's do: were the catalogs blind to
    what one case changes, and all the other differences waived, pg_dump would still contradict them; save where pg_dump
    does not write it down.
    """
    seen, silent = set[str](), set[str]()
    cases = [folder for folder in schemas if folder.parent.name == "parity"]
    together = {folder.name for folder in cases} - set[str]().union(*APART)
    groups = ([folder for folder in cases if folder.name in names] for names in (together, *APART))
    for union in itertools.chain.from_iterable(unions(server, group) for group in groups):
        left, right = hear(union.left, union.right, Options())
        assert isinstance(left.dump, Dump)
        assert isinstance(right.dump, Dump)
        snapshots, dumps = (left.snapshot, right.snapshot), (left.dump, right.dump)
        differences = compare_snapshots(*snapshots, Options())
        assert beyond(differences, snapshots, dumps) == Beyond([], [])
        attributes = defaultdict[str, set[tuple[str, str]]](set)
        spoken = defaultdict[str, set[tuple[str, Piece]]](set)
        changed = {(title, piece) for title, pieces in changes(*dumps).items() for piece in pieces}
        for difference in differences:
            name = _folder(difference, union)
            attributes[name].add((difference.kind, difference.attribute))
            spoken[name] |= _spoken_for(difference, snapshots, changed)
        times = Counter(place for places in spoken.values() for place in places)
        silent |= {name for name, places in spoken.items() if all(times[place] > 1 for place in places)}
        nobodys = {place for name, places in attributes.items() if " " in name for place in places}
        for folder in union.folders:
            wanted = {(d["kind"], d["attribute"]) for d in expected(folder)["differences"]}
            if wanted == attributes.get(folder.name) or wanted <= nobodys:
                seen.add(folder.name)
    assert silent == SILENT
    assert {folder.name for folder in cases} - seen == set()


def _folder(difference: Difference, union: Union) -> str:
    """The case that a difference comes from: the schema or the name in its path, or else its key, which has a blank."""
    names = sorted((folder.name for folder in union.folders), key=len, reverse=True)
    return next((n for n in names if f'"{n}"' in difference.path or f'"{n}-' in difference.path), difference.key)


def _spoken_for(
    difference: Difference, snapshots: tuple[Snapshot, Snapshot], changed: set[tuple[str, Piece]]
) -> set[tuple[str, Piece]]:
    """What of two dumps one difference speaks for."""
    claims = Claims([difference], *snapshots)
    return {(title, piece) for title, piece in changed if not claims.beyond(title, [piece])}
