"""Connection strings: read as libpq reads them, and printed without a secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from understudy.postgres import connect, dsn
from understudy.postgres.errors import LocationError, UnreachableError

SECRET = "s3cr3t-hunter2"

words = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (f"postgresql://u:{SECRET}@h:5/d", "postgresql://u@h:5/d"),
        (f"postgresql://u:{SECRET}@h/d?sslmode=require&sslpassword={SECRET}", "postgresql://u@h/d"),
        (f"host=h user=u password={SECRET} dbname=d", "postgresql://u@h/d"),
        (f"host=/tmp/x user=u password='{SECRET}' dbname=d port=6", "postgresql://u@/d?host=/tmp/x&port=6"),
        ("postgresql://[::1]:5/d", "postgresql://[::1]:5/d"),
        ("postgresql://h1:1,h2:2/d", "postgresql:///d?host=h1,h2&port=1,2"),
        ("postgresql://a%40b@h/d%2Fe", "postgresql://a%40b@h/d%2Fe"),
        ("dbname=d", "postgresql:///d"),
    ],
)
def test_redacted_shows_the_place_and_no_secret(given: str, shown: str) -> None:
    """User, host, port and database remain, in a URL that leads to the same place."""
    assert dsn.redacted(given) == shown
    assert dsn.redacted(shown) == shown


@given(user=words, password=words, database=words)
def test_a_url_reads_as_what_it_was_made_from(user: str, password: str, database: str) -> None:
    """Whatever the characters; and redacted, it is the same without the password."""
    conninfo = make_conninfo(
        host="h", port="5", user=user, password=password, dbname=database, sslmode="require", application_name="a b"
    )
    assert dsn.parameters(dsn.url(conninfo)) == dsn.parameters(conninfo)
    kept = {key: value for key, value in dsn.parameters(conninfo).items() if key in ("host", "port", "user", "dbname")}
    assert dsn.parameters(dsn.redacted(conninfo)) == kept


@pytest.mark.parametrize(
    "malformed",
    [
        f"postgresql://u:{SECRET}/x@h/d",
        f"postgresql://u:1/{SECRET}@h/d",
        f"postgresql://u:x@{SECRET}@h/d",
        f"postgresql://u:{SECRET}@h:port/d",
        f"postgresql://u:{SECRET}@h/d?no=such",
        f"postgresql://u:%zz{SECRET}@h/d",
        f"host=h password={SECRET} {SECRET}",
        f"host=h password='{SECRET}",
    ],
)
def test_a_malformed_string_is_not_repeated(malformed: str) -> None:
    """What libpq would take for a host or a port may be half of a password."""
    for function in (dsn.parameters, dsn.redacted, dsn.url, dsn.database_of, connect):
        with pytest.raises(LocationError) as caught:
            function(malformed)
        assert SECRET not in str(caught.value)
        assert "percent-encode" in str(caught.value)


def test_an_at_sign_in_a_value_is_no_host() -> None:
    """Some clouds' users are called user@server; encoded, or as a keyword, that is understood."""
    assert dsn.parameters("postgresql://me%40srv:x@h/d")["user"] == "me@srv"
    assert dsn.parameters("postgresql://h/d?user=me@srv")["user"] == "me@srv"
    assert dsn.parameters("host=h user=me@srv password=a://b/@c")["user"] == "me@srv"


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        (f"got postgresql://u:{SECRET}@h/d and more", "got postgresql://u:***@h/d and more"),
        (f"got postgresql://u:a@{SECRET}/b@h/d", "got postgresql://u:***@h/d"),
        (f"no database 'u:{SECRET}@h/d'", "no database 'u:***@h/d'"),
        (f"u:{SECRET}@h", "u:***@h"),
        (f"host=h password={SECRET} user=u", "host=h password=*** user=u"),
        (f"host=h PASSWORD = '{SECRET} \\' {SECRET}' user=u", "host=h PASSWORD = *** user=u"),
        (f"h?sslpassword={SECRET}&x=1", "h?sslpassword=***&x=1"),
        (
            "nothing: a@b, x=y, https://example.com/, https://a@b/",
            "nothing: a@b, x=y, https://example.com/, https://a@b/",
        ),
    ],
)
def test_scrubbed_takes_passwords_out_of_any_text(text: str, scrubbed: str) -> None:
    """URLs and keyword strings, quoted or not; everything else stays."""
    assert dsn.scrubbed(text) == scrubbed


def test_programs_get_the_password_by_the_environment() -> None:
    """Arguments stand in the process list."""
    conninfo, environment = dsn.program_environment(f"postgresql://u:{SECRET}@h/d", {"PATH": "/bin"})
    assert SECRET not in conninfo
    assert environment == {"PATH": "/bin", "PGPASSWORD": SECRET}
    assert dsn.program_environment("dbname=d", {})[1] == {}


def test_defaults_are_libpq_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database is PGDATABASE, or called like the user; the user is PGUSER, or the operating system's."""
    for name in ("PGDATABASE", "PGUSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("USER", "me")
    assert dsn.database_of("postgresql://h") == "me"
    assert dsn.database_of("postgresql://you@h") == "you"
    monkeypatch.setenv("PGUSER", "they")
    assert dsn.database_of("postgresql://h") == "they"
    monkeypatch.setenv("PGDATABASE", "shop")
    assert dsn.database_of("postgresql://you@h") == "shop"
    assert dsn.database_of("postgresql://you@h/d") == "d"


def test_another_database_of_the_same_server() -> None:
    """Everything else of the address stays."""
    changed = dsn.parameters(dsn.with_database(f"postgresql://u:{SECRET}@h:5/d?sslmode=require", "it's \\ other"))
    assert changed == {
        "host": "h",
        "port": "5",
        "user": "u",
        "password": SECRET,
        "dbname": "it's \\ other",
        "sslmode": "require",
    }


@pytest.mark.parametrize(
    "address",
    [f"postgresql://u:{SECRET}@127.0.0.1:1/d", f"host=127.0.0.1 port=1 user=u dbname=d password={SECRET}"],
)
def test_an_unreachable_server_is_named_without_its_password(address: str) -> None:
    """The error says where it tried to connect and what the network said."""
    with pytest.raises(UnreachableError) as caught:
        connect(address)
    assert SECRET not in str(caught.value)
    assert "postgresql://u@127.0.0.1:1/d" in str(caught.value.detail)
    assert "refused" in str(caught.value.detail)


def test_a_host_that_is_unknown_is_named_without_its_password() -> None:
    """Also where libpq speaks of the host and not of the server."""
    with pytest.raises(UnreachableError) as caught:
        connect(f"postgresql://u:{SECRET}@no-such-host.invalid/d")
    assert SECRET not in str(caught.value)
    assert "no-such-host.invalid" in str(caught.value.detail)


def test_a_database_that_does_not_exist_is_said_to_be_that(database: str) -> None:
    """The server answered, so the hint does not send anybody to look after it."""
    with pytest.raises(UnreachableError, match="the database does not exist") as caught:
        connect(dsn.with_database(database, 'no "such" database'))
    assert "no%20%22such%22%20database" in str(caught.value.detail)


def test_a_connection_names_this_program(database: str) -> None:
    """So that a DBA sees who it is; an application_name in the address comes first."""
    for address, name in ((database, "understudy"), (make_conninfo(database, application_name="mine"), "mine")):
        with connect(address) as connection:
            assert connection.execute("SHOW application_name").fetchone() == (name,)
