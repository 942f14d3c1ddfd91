"""The plugin's fixtures hand a test the repository's own schema, fresh and fast."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from understudy import environments, migrate
from understudy.postgres import connect

ROOT = Path(__file__).parents[2]


def test_a_migrated_database_has_every_migration(migrated_database: str) -> None:
    """Everything of the configured folder is applied."""
    found = migrate.status(migrated_database, environments.load(ROOT / "understudy.toml").migrations)
    assert found.standings
    assert found.up_to_date


def test_each_is_its_own(make_migrated_database: Callable[[], str]) -> None:
    """What a test does to one does not show in the next."""
    with connect(make_migrated_database()) as connection:
        connection.execute("DROP TABLE users CASCADE")
    with connect(make_migrated_database()) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)
