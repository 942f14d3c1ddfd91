"""Values as PostgreSQL writes them: what `constant` and `faker` put in, so that verification knows it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import psycopg
import pytest

from anonymizer.keys import Key
from anonymizer.maskers import Masker, Setting
from anonymizer.maskers.forms import as_written

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]

KEY = Key(b"an example key of 32 bytes or so")
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("boolean", {"kind": "boolean"}, "True"),
    ("boolean", {"kind": "boolean"}, "off"),
    ("integer", {"kind": "number", "base": "int4"}, "+7"),
    ("numeric(10,2)", {"kind": "number", "base": "numeric", "precision": 10, "scale": 2}, "7"),
    ("numeric(10,2)", {"kind": "number", "base": "numeric", "precision": 10, "scale": 2}, "1e2"),
    ("numeric(10,2)", {"kind": "number", "base": "numeric", "precision": 10, "scale": 2}, "NaN"),
    ("date", {"kind": "time", "base": "date"}, "2024-02-29 12:00:00"),
    ("timestamp", {"kind": "time", "base": "timestamp"}, "2024-02-29"),
    ("timestamp", {"kind": "time", "base": "timestamp"}, "2024-02-29T12:00:00.500"),
    ("timestamptz", {"kind": "time", "base": "timestamptz"}, "2024-02-29 12:00Z"),
    ("timestamptz", {"kind": "time", "base": "timestamptz"}, "infinity"),
    ("text", {}, "True"),
]


def test_the_server_writes_it_so_too(database: str) -> None:
    """Asked of PostgreSQL itself."""
    with psycopg.connect(database, options="-c timezone=UTC -c datestyle=ISO") as connection:
        for type_, setting, text in CASES:
            row = connection.execute(f"SELECT concat(%s::text::{type_})".encode(), [text]).fetchone()
            assert row == (as_written(Setting(KEY, **setting), text),), (type_, text)


@pytest.mark.parametrize(
    ("name", "options"),
    [("constant", {"value": True}), ("faker", {"provider": "pybool"}), ("fpe", {"among": ["1", "0"]})],
)
def test_truth_is_no_survivor(name: str, options: dict[str, Any], masker: Made, masked: Masked) -> None:
    """A mask that says True knows `t` in the clone for its own."""
    out = masked(name, ["t", "f"], options, kind="boolean")
    assert set(out) <= {"t", "f"}
    assert masker(name, options, kind="boolean").could_be_ours(pl.Series(out)).all()
