"""The mask `drop-rows`."""

from __future__ import annotations

from typing import Any

import pytest

from anonymizer import policy
from anonymizer.errors import PolicyError
from anonymizer.plan import PolicyIncomplete


def test_only_the_structure_arrives(pair: Any) -> None:
    """The table with its constraints, no row, and what refers to it refers to nothing."""
    pair.sql(
        "CREATE TABLE logs (id serial PRIMARY KEY, line text)",
        "CREATE TABLE notes (id int, log int REFERENCES logs)",
        "INSERT INTO logs (line) VALUES ('x'), ('y')",
        "INSERT INTO notes VALUES (1, 1)",
    )
    with pytest.raises(PolicyIncomplete) as refused:
        pair.clone({"public.logs": "drop-rows"})
    assert "whose rows are dropped" in str(refused.value.detail)
    assert pair.clone({"public.logs": "drop-rows", "public.notes": {"log": "null"}}).verification.passed
    assert pair.sql("SELECT count(*) FROM logs", target=True) == [(0,)]
    assert pair.sql("SELECT id, log FROM notes", target=True) == [(1, None)]
    assert pair.differences() == []


@pytest.mark.parametrize("entry", ['id = "drop-rows"', '"*" = "drop-rows"\nid = "keep"'])
def test_it_is_about_whole_tables(entry: str) -> None:
    """A column has no rows of its own."""
    with pytest.raises(PolicyError, match="whole tables"):
        policy.parse(f'version = 1\n[tables."public.t"]\n{entry}')
