from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy.migrate.options import Options
from understudy.postgres import connect

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes migrations into a folder and returns it: `write({"0001_a": "CREATE ...", "0001_a.rollback": ...})`."""

    def files(given: dict[str, str]) -> Path:
        folder = tmp_path / "migrations"
        for name, text in given.items():
            path = folder / f"{name}.sql"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return folder

    return files


@pytest.fixture
def ask() -> Callable[..., Any]:
    """Runs a query on a database and returns its rows."""

    def query(dsn: str, text: str) -> list[tuple[Any, ...]]:
        with connect(dsn) as connection:
            cursor = connection.execute(text.encode())
            return cursor.fetchall() if cursor.description else []

    return query


@pytest.fixture
def quick() -> Options:
    """Options for tests that wait for locks: short, and not often."""
    return Options(lock_timeout_ms=100, attempts=3, first_pause_s=0.02, longest_pause_s=0.05, turn_s=1.0)
