"""Replicas on a real embedded server: made, found, made anew, dropped, and never of production."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from understudy import replica
from understudy.environments import Configuration, Environment
from understudy.postgres import EmbeddedServer, connect
from understudy.postgres.dsn import database_of, parameters, url
from understudy.replica.errors import (
    NoSourceError,
    NoSuchReplicaError,
    ProductionRefused,
    ReplicaExistsError,
    ReplicaNameError,
)
from understudy.replica.model import BUILDING_PREFIX


@pytest.fixture
def said() -> list[str]:
    """What was said on the way."""
    return []


@pytest.fixture
def remote(server: EmbeddedServer, make_database: Callable[[], str]) -> str:
    """The address of a source that is not on the embedded server: on the server of the tests."""
    dsn = make_database()
    with connect(dsn) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS one")
    return url(dsn)


def names(server: EmbeddedServer) -> list[str]:
    with server.administer() as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, 'understudy_')")
        return sorted(str(name) for (name,) in rows)


def count(dsn: str, table: str = "users") -> int:
    with connect(dsn) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert row
        return int(str(row[0]))


# --- a source on the embedded server ---


def test_a_replica_is_a_whole_copy_of_its_own(server: EmbeddedServer, configuration: Configuration) -> None:
    """Rows, grants and policies arrive; what is done to the replica is not done to its source."""
    made = replica.up("staging", configuration, name="mine")
    assert made.new
    assert (made.replica.name, made.replica.source, made.replica.version) == ("mine", "staging", 18)
    with connect(made.replica.dsn) as connection:
        policy = connection.execute("SELECT roles::text FROM pg_policies").fetchone()
        assert policy == ("{understudy_tester}",)
        connection.execute("DELETE FROM users")
    assert count(server.dsn("staging")) == 100


def test_up_twice_is_the_same_replica(server: EmbeddedServer, configuration: Configuration) -> None:
    """The second `up` leaves the first one's data alone."""
    first = replica.up("staging", configuration, name="mine")
    with connect(first.replica.dsn) as connection:
        connection.execute("DELETE FROM users")
    second = replica.up("staging", configuration, name="mine")
    assert not second.new
    assert second.replica.dsn == first.replica.dsn
    assert count(second.replica.dsn) == 0


def test_a_name_is_for_one_source(server: EmbeddedServer, configuration: Configuration) -> None:
    """A replica of something else under that name is not handed out for this source."""
    server.create_database("understudy_other")
    replica.up("staging", configuration, name="mine")
    with pytest.raises(ReplicaExistsError, match="of staging"):
        replica.up("embedded:understudy_other", configuration, name="mine")


def test_replicas_are_listed_and_found(server: EmbeddedServer, configuration: Configuration) -> None:
    """In order of name, with what each came from, for whom and when, its size and who is connected."""
    assert replica.listing() == ([], [])
    for name in ("two", "one"):
        replica.up("staging", configuration, name=name)
    with connect(replica.find("two").dsn):
        [one, two] = replica.listing()[0]
    assert (one.name, one.connections, two.name, two.connections) == ("one", 0, "two", 1)
    assert one.size > 1_000_000
    assert one.owner
    assert one.created


def test_what_is_not_there_is_an_error_that_says_what_is(server: EmbeddedServer, configuration: Configuration) -> None:
    """An unknown replica, an unknown source and an impossible name are three errors."""
    replica.up("staging", configuration, name="mine")
    for attempt in (replica.find, replica.down, lambda name: replica.reset(name, configuration)):
        with pytest.raises(NoSuchReplicaError) as caught:
            attempt("yours")
        assert caught.value.detail == "There are: mine."
    with pytest.raises(NoSourceError, match="embedded:nothing does not exist"):
        replica.up("embedded:nothing", configuration, name="other")
    with pytest.raises(ReplicaNameError):
        replica.up("staging", configuration, name="My Replica")
    assert names(server) == ["understudy_replica_mine"]


def test_reset_makes_it_anew(server: EmbeddedServer, configuration: Configuration) -> None:
    """What was changed is gone, whoever was connected too, and the address is the same."""
    first = replica.up("staging", configuration, name="mine").replica
    with connect(first.dsn) as connection:
        connection.execute("DROP TABLE users")
        made = replica.reset("mine", configuration)
    assert (made.new, made.replica.dsn) == (True, first.dsn)
    assert count(first.dsn) == 100
    assert names(server) == ["understudy_replica_mine"]


def test_a_reset_that_fails_leaves_the_old_one(server: EmbeddedServer, configuration: Configuration) -> None:
    """Without its source a replica cannot be made anew, and is not lost either."""
    server.create_database("understudy_source")
    made = replica.up("embedded:understudy_source", configuration, name="mine")
    server.drop_database("understudy_source")
    with pytest.raises(NoSourceError):
        replica.reset("mine", configuration)
    connect(made.replica.dsn).close()
    other = replica.reset("mine", configuration, source="staging")
    assert other.replica.source == "staging"


def test_a_replica_with_a_changed_comment_is_still_one(server: EmbeddedServer, configuration: Configuration) -> None:
    """It is listed, found and dropped; to make it anew somebody must say of what."""
    dsn = replica.up("staging", configuration, name="mine").replica.dsn
    with connect(dsn) as connection:
        connection.execute("COMMENT ON DATABASE understudy_replica_mine IS 'my own words'")
    assert [(one.name, one.source) for one in replica.listing()[0]] == [("mine", None)]
    with pytest.raises(NoSourceError, match="nobody knows"):
        replica.reset("mine", configuration)
    assert replica.down("mine").name == "mine"
    assert names(server) == []


def test_the_server_is_pinned_while_there_are_replicas(server: EmbeddedServer, configuration: Configuration) -> None:
    """From the first `up` to the last `down`; a failed `up` pins nothing."""
    with pytest.raises(NoSourceError):
        replica.up("embedded:nothing", configuration, name="one")
    assert EmbeddedServer.pinned_versions() == []
    for name in ("one", "two"):
        replica.up("staging", configuration, name=name)
        assert EmbeddedServer.pinned_versions() == [18]
    replica.down("one")
    assert EmbeddedServer.pinned_versions() == [18]
    replica.down("two")
    assert EmbeddedServer.pinned_versions() == []
    assert names(server) == []


def test_a_source_in_use_is_copied_all_the_same(
    server: EmbeddedServer, configuration: Configuration, said: list[str]
) -> None:
    """A template must have no connections; with one, pg_dump does it, and says so."""
    with connect(server.dsn("staging")):
        made = replica.up("staging", configuration, name="mine", say=said.append)
    assert count(made.replica.dsn) == 100
    assert said == ["somebody is connected to 'staging': copying by pg_dump instead, which takes longer"]


@pytest.mark.parametrize("source", ["prod", "postgresql://app:secret@db.example:5432/shop?sslmode=require"])
def test_production_is_refused_whatever_it_is_called(
    server: EmbeddedServer, configuration: Configuration, source: str
) -> None:
    """By its name and by its address: exit code 4, no connection made, and no password in the message."""
    with pytest.raises(ProductionRefused) as caught:
        replica.up(source, configuration, name="mine")
    assert caught.value.exit_code == 4
    assert "secret" not in str(caught.value)
    replica.up("staging", configuration, name="mine")
    with pytest.raises(ProductionRefused):
        replica.reset("mine", configuration, source=source)


def test_production_on_the_embedded_server_is_refused_too(server: EmbeddedServer) -> None:
    """An environment that says production is production, also by another environment's name."""
    environments = {
        "prod": Environment("prod", "embedded:staging", production=True),
        "staging": Environment("staging", "embedded:staging?version=18"),
    }
    for source in ("prod", "staging", "embedded:staging"):
        with pytest.raises(ProductionRefused):
            replica.up(source, Configuration(Path(os.devnull), environments), name="mine")


# --- a source elsewhere ---


def test_a_source_elsewhere_is_copied_once(
    server: EmbeddedServer, configuration: Configuration, remote: str, said: list[str]
) -> None:
    """Replicas come from a local template, which stays what it was until --refresh."""
    first = replica.up(remote, configuration, name="one", say=said.append)
    with connect(remote) as connection:
        connection.execute("INSERT INTO t VALUES (2)")
    second = replica.up(remote, configuration, name="two", say=said.append)
    third = replica.up(remote, configuration, name="three", refresh=True, say=said.append)
    assert [count(made.replica.dsn, "t") for made in (first, second, third)] == [1, 1, 2]
    assert [words.split()[0] for words in said] == ["copying", "using", "copying"]
    [template] = replica.listing()[1]
    assert template.source == third.replica.source
    assert database_of(str(template.source)) == database_of(remote)


def test_the_password_of_a_source_is_kept_nowhere(
    server: EmbeddedServer, configuration: Configuration, remote: str, said: list[str]
) -> None:
    """Not in the record, not in a message; a reset works from the template without it."""
    with_password = url(
        " ".join(f"{key}='{value}'" for key, value in (parameters(remote) | {"password": "hunter2"}).items())
    )
    replica.up(with_password, configuration, name="mine", say=said.append)
    replica.reset("mine", configuration, say=said.append)
    with server.administer() as connection:
        comments = connection.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database").fetchall()
    assert "hunter2" not in str((said, comments, replica.listing()))


def test_the_template_is_nobody_s_to_connect_to(
    server: EmbeddedServer, configuration: Configuration, remote: str
) -> None:
    """So that it is always free to be copied; `down --all` removes it with the replicas."""
    replica.up(remote, configuration, name="mine", say=lambda _: None)
    [template] = replica.listing()[1]
    with server.administer() as connection:
        allowed = connection.execute(
            "SELECT datallowconn, datistemplate FROM pg_database WHERE datname = %s", [template.database]
        )
        assert allowed.fetchone() == (False, True)
    replicas, templates = replica.down_all()
    assert ([one.name for one in replicas], templates) == (["mine"], [template])
    assert names(server) == []


def test_owners_and_grants_of_a_source_elsewhere_are_kept(
    server: EmbeddedServer, configuration: Configuration, remote: str
) -> None:
    """Roles that the embedded server lacks are made there, and cannot log in."""
    role = f"understudy_{os.getpid()}"
    with connect(remote) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
        try:
            connection.execute(f"GRANT SELECT ON t TO {role}")
            made = replica.up(remote, configuration, name="mine", say=lambda _: None)
        finally:
            connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    with connect(made.replica.dsn) as connection:
        row = connection.execute(
            "SELECT has_table_privilege(oid, 't', 'SELECT'), rolcanlogin FROM pg_roles WHERE rolname = %s", [role]
        ).fetchone()
    assert row == (True, False)


# --- killed, and two at once ---


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """The environment of a process of its own."""
    return os.environ | {"UNDERSTUDY_HOME": str(home)}


def test_what_a_killed_run_left_is_removed_by_the_next(
    server: EmbeddedServer, configuration: Configuration, environment: dict[str, str]
) -> None:
    """A run killed between copying and renaming leaves a database that is no replica, for one run only."""
    code = (
        "import os, signal; from pathlib import Path; from understudy import replica; "
        "from understudy.environments import Configuration; from understudy.replica import shelf; "
        "shelf.Shelf.finish_replica = lambda *a: os.kill(os.getpid(), signal.SIGKILL); "
        "replica.up('embedded:staging', Configuration(Path('.')), name='mine')"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False, timeout=300)
    assert done.returncode == -signal.SIGKILL
    assert [name.startswith(BUILDING_PREFIX) for name in names(server)] == [True]
    assert replica.listing() == ([], [])
    replica.up("staging", configuration, name="mine")
    assert names(server) == ["understudy_replica_mine"]


def test_two_at_once_make_one_each(server: EmbeddedServer, environment: dict[str, str]) -> None:
    """Processes that make replicas at the same moment, of the same and of other names, all succeed."""
    code = (
        "import sys; from pathlib import Path; from understudy import replica; "
        "from understudy.environments import Configuration; "
        "print(replica.up('embedded:staging', Configuration(Path('.')), name=sys.argv[1]).new)"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, name], env=environment, stdout=subprocess.PIPE, text=True)
        for name in ("one", "two", "one")
    ]
    printed = [process.communicate(timeout=120)[0].strip() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert sorted((printed[0], printed[2])) == ["False", "True"]
    assert printed[1] == "True"
    assert names(server) == ["understudy_replica_one", "understudy_replica_two"]


def test_on_postgresql_16_it_is_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source on the older embedded server gets its replicas there, and they are found."""
    monkeypatch.setenv("UNDERSTUDY_HOME", str(home))
    configuration = Configuration(Path(os.devnull))
    with EmbeddedServer(16, durable=False) as server:
        with connect(server.create_database("old")) as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS one")
        made = replica.up("embedded:old?version=16", configuration, name="old")
        assert (made.replica.version, replica.find("old").version) == (16, 16)
        assert count(replica.reset("old", configuration).replica.dsn, "t") == 1
        replica.down("old")
        assert EmbeddedServer.pinned_versions() == []
