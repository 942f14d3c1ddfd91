"""From what a person types to a database; and which of them is production."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.environments import Configuration, ConfigurationError, Environment
from understudy.errors import UnderstudyError
from understudy.postgres import EmbeddedServer, RemoteServer, Server, open_database
from understudy.postgres.dsn import database_of, url
from understudy.postgres.errors import LocationError, UnreachableError


@pytest.fixture
def home(postgres_server: Server, monkeypatch: pytest.MonkeyPatch) -> EmbeddedServer:
    """The session's embedded server as the user's own, so that none is started for these tests."""
    if not isinstance(postgres_server, EmbeddedServer) or postgres_server.version != 18:
        pytest.skip("asks for the embedded server")
    monkeypatch.setenv("UNDERSTUDY_HOME", str(postgres_server.folder.parent))
    return postgres_server


def configured(**environments: Environment) -> Configuration:
    return Configuration(Path(), environments)


def test_an_address_is_a_server_somewhere() -> None:
    """Nothing is connected to until it is used; the label has no password."""
    with open_database("postgresql://app:secret@db.example:5433/shop", Configuration(Path())) as database:
        assert isinstance(database.server, RemoteServer)
        assert (database.name, database.environment, database.production) == ("shop", None, False)
        assert database.label == "postgresql://app@db.example:5433/shop"
        assert "secret" in database.dsn
        assert database.server.label == "postgresql://app@db.example:5433/"


def test_an_environment_is_called_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its address may stand in a variable; in messages it goes by its name."""
    monkeypatch.setenv("THE_DSN", "postgresql://db.example/shop")
    known = configured(prod=Environment("prod", "env:THE_DSN", production=True))
    with open_database("prod", known) as database:
        assert (database.label, database.name, database.production) == ("prod", "shop", True)
    monkeypatch.delenv("THE_DSN")
    with pytest.raises(ConfigurationError, match="the environment prod has no address") as caught:
        open_database("prod", known)
    assert "THE_DSN" in str(caught.value.hint)


def test_a_database_of_the_embedded_server(home: EmbeddedServer) -> None:
    """embedded:NAME need not exist; whether it does can be asked."""
    with open_database("embedded:shop", Configuration(Path())) as database:
        assert isinstance(database.server, EmbeddedServer)
        assert (database.name, database.label, database.exists()) == ("shop", "embedded:shop", False)
        with pytest.raises(UnreachableError):
            database.connect()
    with open_database("embedded:postgres?version=18", Configuration(Path())) as database:
        assert database.exists()
        database.connect().close()


@pytest.mark.parametrize(
    "location",
    [
        "postgresql://db.example/shop",
        "postgres://other@db.example:5432/shop?sslmode=require",
        "postgresql://DB.example/shop",
        "postgresql:///shop?host=db.example",
        "the-same",
    ],
)
def test_production_is_a_database_and_not_a_name(location: str) -> None:
    """Whoever connects, with whichever options: the same host, port and database are production."""
    known = configured(
        prod=Environment("prod", "postgresql://app:secret@db.example/shop", production=True),
        **{"the-same": Environment("the-same", "postgresql://db.example/shop")},
    )
    with open_database(location, known) as database:
        assert database.production


@pytest.mark.parametrize("location", ["postgresql://db.example/other", "postgresql://db.example:5433/shop", "staging"])
def test_what_is_elsewhere_is_not_production(location: str) -> None:
    """Another database, another port, another host. A production without an address marks nothing."""
    known = configured(
        prod=Environment("prod", "postgresql://app:secret@db.example/shop", production=True),
        unset=Environment("unset", "env:UNDERSTUDY_NEVER_SET", production=True),
        broken=Environment("broken", "postgresql://x:y/z@w", production=True),
        staging=Environment("staging", "postgresql://staging.example/shop"),
    )
    with open_database(location, known) as database:
        assert not database.production


def test_this_machine_has_many_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """localhost, its addresses and its socket are one host, and PGHOST and PGPORT count as libpq has them."""
    known = configured(prod=Environment("prod", "postgresql://localhost/shop", production=True))
    for location in ("postgresql://127.0.0.1/shop", "postgresql:///shop", "postgresql://[::1]:5432/shop"):
        with open_database(location, known) as database:
            assert database.production
    monkeypatch.setenv("PGHOST", "db.example")
    with open_database("postgresql:///shop", known) as database:
        assert not database.production


def test_production_on_the_embedded_server(home: EmbeddedServer) -> None:
    """The version by default and the version said aloud are the same server."""
    known = configured(prod=Environment("prod", "embedded:shop?version=18", production=True))
    for location, production in (("embedded:shop", True), ("embedded:other", False)):
        with open_database(location, known) as database:
            assert database.production is production


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("stagin", "'stagin' names no database"),
        ("", "'' names no database"),
        ("embedded:", "'embedded:' names no database"),
        ("embedded:a/b", "'embedded:a/b' names no database"),
        ("mysql://root:secret@host/db", "this names no database"),
        ("app:secret@host/db", "this names no database"),
        ("host=h password=s@cret dbname=d", "this names no database"),
        ("postgresql://app:se/cret@host/db", "the connection string is malformed"),
        ("postgresql://app:se@cret@host/db", "the connection string is malformed"),
        ("postgresql://app:secret@host:port/db", "the connection string is malformed"),
        ("postgresql://app:secret@host/db?nonsense=1", "the connection string is malformed"),
    ],
)
def test_what_names_nothing_is_a_usage_error_without_a_secret(location: str, shown: str) -> None:
    """The message repeats what was typed only where it cannot hold a password."""
    with pytest.raises(LocationError) as caught:
        open_database(location, configured(staging=Environment("staging", "embedded:x")))
    assert caught.value.message == shown
    assert caught.value.exit_code == 2
    for part in ("secret", "cret", "s@"):
        assert part not in str(caught.value)


@pytest.mark.parametrize("location", ["embedded:x?version=9", "embedded:x?version=99"])
def test_a_version_that_the_wheel_lacks_is_said(location: str) -> None:
    """It is an error of ours, not a traceback."""
    with pytest.raises(UnderstudyError, match="has no version"):
        open_database(location, Configuration(Path()))


def test_the_database_of_the_tests_can_be_named_by_its_url(database: str) -> None:
    """What `url` prints, `open_database` opens."""
    with open_database(url(database), Configuration(Path())) as opened, opened.connect() as connection:
        assert connection.execute("SELECT current_database()").fetchone() == (database_of(database),)
