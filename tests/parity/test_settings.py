"""One setting in many spellings: both witnesses hold for equal what PostgreSQL does, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from understudy.catalog import sqltext
from understudy.parity import settings
from understudy.postgres import connect

SPELLINGS = {
    "work_mem": ("9MB", "9216", "9216kB", " 9 MB", "9437184B", "5MB", "9217", "0x2400", "1GB", "1024MB"),
    "temp_buffers": ("2048", "16MB", "16384kB", "1000", "8MB"),
    "statement_timeout": ("0", "0s", "60000", "1min", "60s", "60 s", "1h", "90s", "1.5min"),
    "vacuum_cost_delay": ("2", "2ms", "2000us", "2.0", "0.5", "500us"),
    "random_page_cost": ("1.1", "1.10", "4", "4.0", "04"),
    "default_statistics_target": ("100", "0100", "64", "+100"),
    "jit": ("off", "false", "F", "no", "0", "on", "true", "tru", "YES", "1"),
    "client_min_messages": ("warning", "WARNING", "notice"),
    "application_name": ("off", "false", "OFF", "1", "9MB"),
    "custom.most": ("off", "false", "9MB", "9216"),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_what_is_written_otherwise_is_what_the_server_says_it_is(
    make_any_database: Callable[[], str], name: str
) -> None:
    """Each value has the same normal form with both witnesses, and two that mean different things have two."""
    dsn = make_any_database()
    known = settings.known(dsn)
    meant: dict[str, set[str]] = {}
    with connect(dsn) as connection:
        query = f"SELECT {sqltext.setting('o.name', 'o.value')} FROM (VALUES (%s, %s)) o(name, value)"
        for value in SPELLINGS[name]:
            meaning = connection.execute("SELECT set_config(%s, %s, false)", [name, value]).fetchone()
            normal = connection.execute(query.encode(), [name, value]).fetchone()
            assert meaning is not None
            assert normal is not None
            line = f"    SET {name} TO '{value}'\n    AS $$x$$"
            assert settings.spelled(line, known) == f"    SET {name} TO '{normal[0]}'\n    AS $$x$$"
            meant.setdefault(str(normal[0]), set()).add(str(meaning[0]))
    assert all(len(meanings) == 1 for meanings in meant.values()), meant


def test_a_body_that_looks_like_a_setting_is_a_body() -> None:
    """What a function does is not respelled, whatever stands in it."""
    body = "CREATE FUNCTION f()\n    LANGUAGE sql\n    SET jit TO 'no'\n    AS $$\n    SET jit TO 'no'\n$$;"
    assert settings.spelled(body, {"jit": ("bool", None)}) == body.replace("'no'", "'off'", 1)
