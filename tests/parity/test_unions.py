"""All the schemas of the suite at once: cases and equivalences side by side in a few pairs of databases.

Each case has a schema of its own; those that make the same thing of the database as a whole go into the next pair. So
hundreds of schemas are dumped, restored and compared in the time of a few.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from understudy.catalog import Snapshot
from understudy.parity import Answer, Difference, Options, compare, compare_snapshots
from understudy.parity.claims import Claims
from understudy.parity.contradiction import beyond, changes
from understudy.parity.parity import testify as hear
from understudy.parity.pieces import Piece
from understudy.parity.witness import Dump
from understudy.parity.workshop import Workshop
from understudy.postgres import Server, connect
from understudy.postgres.programs import run

ROOT = Path(__file__).parents[1] / "cases"
_GLOBAL = re.compile(r"\b(WRAPPER|SERVER|PUBLICATION|EVENT TRIGGER|LANGUAGE) ([abd-z]\d?)\b")
VERSION = 18
"""The version on which the suite takes every schema; the others need UNDERSTUDY_ALL_CASES."""

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

SILENT = {"constraint-triggers-enabled", "extension plpgsql", "schema public"}
"""What the first pair differs in and pg_dump shows nothing of, by case or by object."""


@functools.cache
def expected(folder: Path) -> dict[str, Any]:
    """What a folder says of itself: an equivalence says no more than since when it applies."""
    file = folder / "expected.json"
    if file.exists():
        document = json.loads(file.read_text(encoding="utf-8"))
        assert isinstance(document, dict)
        return document
    since = folder / "since"
    return {"differences": [], "since": int(since.read_text()) if since.exists() else 14}


def schemas(major: int) -> list[Path]:
    """The folders to make; those of a transaction change what no dump may hold, and are rolled back elsewhere."""
    return [
        folder
        for folder in sorted([*(ROOT / "parity").iterdir(), *(ROOT / "equivalence").iterdir()])
        if folder.is_dir()
        and not expected(folder).get("transaction")
        and expected(folder).get("since", 14) <= major <= expected(folder).get("until", 99)
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


def test_every_schema_of_the_suite_survives_a_dump(server: Server) -> None:
    """What pg_dump writes and psql restores is the same, for each a.sql and b.sql of all cases and equivalences."""
    major = server.major()
    if major != VERSION and not os.environ.get("UNDERSTUDY_ALL_CASES"):
        return
    options = Options(database=False)
    for union in unions(server, [folder for folder in schemas(major) if folder.name not in LOST]):
        for side in (union.left, union.right):
            with restored(side, server) as copy:
                verdict = compare(side, copy, options, lambda _: Workshop(server))
                assert verdict.answer is Answer.SAME, ([folder.name for folder in union.folders], verdict)


def test_what_a_dump_loses_is_seen_to_be_lost(server: Server) -> None:
    """The few things that pg_dump does not write down are named, and nothing else is."""
    if server.major() != VERSION and not os.environ.get("UNDERSTUDY_ALL_CASES"):
        return
    for folder in (ROOT / "parity" / name for name in LOST):
        for union in unions(server, [folder]):
            with restored(union.right, server) as copy:
                verdict = compare(union.right, copy, Options(database=False), lambda _: Workshop(server))
        places = [(d.kind, d.path.split(".")[0].strip('"'), d.attribute) for d in verdict.differences]
        assert (places, verdict.reasons, verdict.defects) == ([LOST[folder.name]], [], [])


def test_what_no_difference_speaks_for_is_a_contradiction(server: Server) -> None:
    """Between all cases' a.sql and b.sql the differences account for the whole of pg_dump's, and each for its part.

    So were the catalogs blind to what one case changes, and all the other differences waived, pg_dump would still
    contradict them; save where pg_dump does not write it down.
    """
    if server.major() != VERSION and not os.environ.get("UNDERSTUDY_ALL_CASES"):
        return
    pairs = unions(server, schemas(server.major()))
    union = next(pairs)
    left, right = hear(union.left, union.right, Options(database=False))
    assert isinstance(left.dump, Dump)
    assert isinstance(right.dump, Dump)
    snapshots, dumps = (left.snapshot, right.snapshot), (left.dump, right.dump)
    differences = compare_snapshots(*snapshots, Options(database=False))
    assert len(differences) > 250
    equivalent = {folder.name for folder in union.folders if folder.parent.name == "equivalence"}
    texts = {t for t in beyond(differences, snapshots, dumps).text if t.split(" ")[-1].split(".")[0] not in equivalent}
    assert (beyond(differences, snapshots, dumps).certain, texts) == ([], set())
    changed = {(title, piece) for title, pieces in changes(*dumps).items() for piece in pieces}
    spoken: defaultdict[str, set[tuple[str, Piece]]] = defaultdict(set)
    for difference in differences:
        spoken[_folder(difference, union)] |= _spoken_for(difference, snapshots, changed)
    times = Counter(place for places in spoken.values() for place in places)
    assert {name for name, places in spoken.items() if all(times[place] > 1 for place in places)} == SILENT


def _folder(difference: Difference, union: Union) -> str:
    """The case that a difference comes from: the schema that its path names, or what it is."""
    names = (folder.name for folder in union.folders)
    return next((name for name in names if f'"{name}"' in difference.path), difference.key)


def _spoken_for(
    difference: Difference, snapshots: tuple[Snapshot, Snapshot], changed: set[tuple[str, Piece]]
) -> set[tuple[str, Piece]]:
    """What of two dumps one difference speaks for."""
    claims = Claims([difference], *snapshots)
    return {(title, piece) for title, piece in changed if not claims.beyond(title, [piece])}
