"""tests/cases/equivalence: pairs of scripts that make one schema in two ways; none may be called different."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.parity import Answer, compare
from understudy.parity.workshop import Workshop
from understudy.postgres import Server

PAIRS = sorted((Path(__file__).parents[1] / "cases" / "equivalence").iterdir())


def applies(pair: Path, major: int) -> bool:
    since = pair / "since"
    return not since.exists() or major >= int(since.read_text())


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_equivalent_schemas_are_the_same(server: Server, pair: Path) -> None:
    """Both witnesses hold the two schemas for the same one, on every version, whichever way they were made."""
    with Workshop(server) as workshop:
        if not applies(pair, workshop.major):
            return
        left, right = (workshop.database((pair / name).read_text(encoding="utf-8")) for name in ("a.sql", "b.sql"))
        verdict = compare(left, right, make_workshop=lambda _: Workshop(server))
        assert verdict.answer is Answer.SAME, verdict


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    """At least forty pairs."""
    assert len(PAIRS) >= 40
