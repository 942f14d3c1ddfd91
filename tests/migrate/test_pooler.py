"""A real PgBouncer between us and the server: in transaction mode it is refused, in session mode it does no harm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from understudy import migrate
from understudy.migrate.errors import PoolerError

Write = Callable[[dict[str, str]], Path]


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pooler_that_shares_sessions_is_refused(
    database: str, write: Write, pgbouncer: Callable[[str, str], str], mode: str
) -> None:
    """The runner's lock would belong to whoever comes next, so nothing is touched."""
    folder = write({"1_a": "CREATE TABLE a ()"})
    with pytest.raises(PoolerError, match="pooler in transaction mode") as caught:
        migrate.up(pgbouncer(database, mode), folder)
    assert caught.value.exit_code == 4
    assert "pool_mode = session" in str(caught.value.hint)
    assert migrate.status(database, folder).version is None


def test_a_busy_pool_is_refused_as_well(database: str, write: Write, pgbouncer: Callable[[str, str], str]) -> None:
    """With several idle sessions in the pool, ours is still found in another's hands."""
    from understudy.postgres import connect

    dsn = pgbouncer(database, "transaction")
    others = [connect(dsn, autocommit=False) for _ in range(4)]
    for other in others:
        other.execute("SELECT 1")
    for other in others:
        other.rollback()
    try:
        with pytest.raises(PoolerError):
            migrate.up(dsn, write({"1_a": "CREATE TABLE a ()"}))
    finally:
        for other in others:
            other.close()


def test_a_pooler_in_session_mode_is_fine(database: str, write: Write, pgbouncer: Callable[[str, str], str]) -> None:
    """A session that is ours alone is all that is needed, pooler or not."""
    folder = write(
        {"1_a": "CREATE TABLE a (id int)", "2_b": "-- transaction: none\nCREATE INDEX CONCURRENTLY i ON a (id)"}
    )
    assert len(migrate.up(pgbouncer(database, "session"), folder)) == 2
