"""The two ends: how their sessions are set, and what they may be called."""

from __future__ import annotations

import psycopg
import pytest

from anonymizer import endpoint
from anonymizer.endpoint import SourceUnreachable


def test_a_session_is_the_same_whatever_the_database_says(database: str) -> None:
    """Settings of the database and of the role do not change how values are written, nor hide rows, nor time out."""
    with psycopg.connect(database, autocommit=True) as connection:
        name = connection.info.dbname
        for setting in ("datestyle = 'German'", "timezone = 'Asia/Tokyo'", "row_security = on", "lock_timeout = '1s'"):
            connection.execute(f"ALTER DATABASE {name} SET {setting}".encode())
    for end in (endpoint.source(database, "s"), endpoint.target(database, "t")):
        with end.connect() as connection:
            shown = [
                connection.execute(f"SHOW {name}".encode()).fetchone()
                for name in ("datestyle", "timezone", "row_security", "lock_timeout", "search_path", "client_encoding")
            ]
        assert shown == [("ISO, YMD",), ("UTC",), ("off",), ("0",), ("pg_catalog",), ("UTF8",)]


def test_settings_that_older_servers_do_not_know_are_given_to_those_that_do(database: str) -> None:
    """A session that idles, or a transaction that lasts, is not ended in the middle of a clone; no event fires."""
    end = endpoint.source(database, "s")
    with end.connect() as connection:
        settled = end.settled(connection)
        version = connection.info.server_version
    names = dict(settled.settings)
    assert names.get("idle_session_timeout") == ("0" if version >= 140000 else None)
    assert names.get("transaction_timeout") == ("0" if version >= 170000 else None)
    with settled.connect() as connection:
        assert connection.execute("SHOW idle_session_timeout").fetchone() == ("0",)
    conninfo, _ = settled.program()
    assert ("event_triggers=off" in conninfo) == (version >= 170000)


def test_the_addresses_own_options_are_kept(database: str) -> None:
    """Ours are added behind them, and win."""
    end = endpoint.source(psycopg.conninfo.make_conninfo(database, options="-c work_mem=3MB -c datestyle=SQL"), "s")
    with end.connect() as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("3MB",)
        assert connection.execute("SHOW datestyle").fetchone() == ("ISO, YMD",)


def test_an_end_that_cannot_be_reached_is_named_by_its_label(database: str) -> None:
    """And no password is repeated, wherever libpq would have put it."""
    wrong = psycopg.conninfo.make_conninfo(database, dbname="canary-db", password="canary-db")
    with pytest.raises(SourceUnreachable) as raised:
        endpoint.source(wrong, "prod").connect()
    assert "Connecting to prod failed" in str(raised.value)
    assert "canary" not in str(raised.value)


def test_another_database_of_the_same_server(database: str) -> None:
    """Everything else stays."""
    end = endpoint.source(database, "s").with_database("other")
    assert end.conninfo()["dbname"] == "other"
    assert end.settings == endpoint.source(database, "s").settings
