"""tests/cases/equivalence: pairs of scripts that make one schema in two ways; none may be called different."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from understudy.parity import Answer, compare
from understudy.parity.workshop import Workshop
from understudy.postgres import Server

PAIRS = sorted(folder for folder in (Path(__file__).parents[1] / "cases" / "equivalence").iterdir() if folder.is_dir())
ALONE = (
    PAIRS
    if os.environ.get("UNDERSTUDY_ALL_CASES")
    else [pair for pair in PAIRS if pair.name.startswith("partition-list")]
)
"""The pairs that are taken one by one; all are taken side by side in `test_unions.py`, on every version."""


@pytest.mark.newest
@pytest.mark.folders(ALONE)
def test_equivalent_schemas_are_the_same(server: Server, folder: Path) -> None:
    """Both witnesses hold the two schemas for the same one, whichever way they were made."""
    with Workshop(server) as workshop:
        left, right = (workshop.database((folder / name).read_text(encoding="utf-8")) for name in ("a.sql", "b.sql"))
        verdict = compare(left, right, make_workshop=lambda _: Workshop(server))
        assert verdict.answer is Answer.SAME, verdict
        assert verdict.objects[0] == verdict.objects[1]


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    """Many times the forty pairs that were promised, none of which says the same twice."""
    texts = {(pair / "a.sql").read_text() + (pair / "b.sql").read_text() for pair in PAIRS}
    assert len(texts) == len(PAIRS) >= 160
