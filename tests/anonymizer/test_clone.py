"""The clone: what it makes of a source and of a target that is there already, and what it leaves as it was."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from anonymizer import attestation, clone, endpoint
from anonymizer.copytext import CopyTextError
from understudy.postgres import Server

SCHEMA = """
CREATE TABLE people (id int PRIMARY KEY, email text UNIQUE, name varchar(12), note text);
INSERT INTO people SELECT i, 'p' || i || '@corp.test', 'Anna Bianchi', CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE
  'call p' || i || '@corp.test' || E'\\n\\t\\\\' END FROM generate_series(1, 400) i;
CREATE TABLE mail (id int PRIMARY KEY, sender text REFERENCES people (email));
INSERT INTO mail SELECT i, 'p' || i || '@corp.test' FROM generate_series(1, 400) i;
CREATE TABLE log (line text); INSERT INTO log VALUES ('p1@corp.test came');
"""
MASKS: dict[str, Any] = {
    "public.people": {"email": "email", "name": "name", "note": "text"},
    "public.mail": {"sender": "email"},
    "public.log": "drop-rows",
}


@pytest.fixture(scope="module")
def cloned(open_pair: Callable[..., AbstractContextManager[Any]], tmp_path_factory: Any) -> Iterator[Any]:
    """A clone of people and their mail, its attestation, and the progress it reported."""
    with open_pair() as pair:
        pair.sql(SCHEMA)
        yield pair, pair.clone(MASKS, attestation=tmp_path_factory.mktemp("a") / "record.json")


def test_the_clone_has_the_same_rows_and_none_of_the_values(cloned: Any) -> None:
    """NULL stays NULL, the empty string empty; a reference finds the one it found before."""
    pair, _ = cloned
    query = "SELECT id, note IS NULL, note = '', (SELECT m.id FROM mail m WHERE sender = email) FROM people ORDER BY 1"
    assert pair.sql(query, target=True) == pair.sql(query)
    assert b"corp.test" not in pair.copied("people", target=True) + pair.copied("mail", target=True)
    assert b"Bianchi" not in pair.copied("people", target=True)


def test_a_table_whose_rows_are_dropped_is_there_and_empty(cloned: Any) -> None:
    """Structure only."""
    pair, result = cloned
    assert pair.sql("SELECT count(*) FROM log", target=True) == [(0,)]
    assert [t.dropped for t in result.tables] == [True, False, False]


def test_the_result_counts_what_was_copied(cloned: Any) -> None:
    """Rows and bytes of each table, the time of each step, the checks."""
    _, result = cloned
    assert [(str(t.table), t.rows) for t in result.tables] == [
        ("public.log", 0),
        ("public.mail", 400),
        ("public.people", 400),
    ]
    assert result.rows == 800
    assert result.bytes > 10_000
    assert list(result.seconds) == ["plan", "schema", "load", "indexes", "finish", "verify", "swap"]
    assert result.verification.passed
    assert result.verification.survivors == 0


def test_the_attestation_is_written_and_signed(cloned: Any) -> None:
    """It names the policy, the schema, the tables with their masks, and what was checked."""
    pair, result = cloned
    document = result.attestation
    attestation.check(document)
    assert document["policy_sha256"] == pair.policy(MASKS).digest
    assert document["key_fingerprint"] == pair.key.fingerprint()
    (people,) = [t for t in document["tables"] if t["table"] == "public.people"]
    assert people == {
        "table": "public.people",
        "rows": 400,
        "dropped": False,
        "columns": {"id": "keep", "email": "email", "name": "name", "note": "text"},
    }
    assert document["checks"]["survivors"] == 0


def test_the_same_key_makes_the_same_clone_of_however_many_chunks(
    cloned: Any, monkeypatch: pytest.MonkeyPatch, open_pair: Callable[..., AbstractContextManager[Any]]
) -> None:
    """A table cut into ranges of two pages, two workers: the same rows to the byte. The target is replaced."""
    pair, _ = cloned
    before, oid = {table: pair.copied(table, target=True) for table in ("people", "mail")}, pair.oid()
    monkeypatch.setattr(clone, "CHUNK_PAGES", 1)
    result = pair.clone(MASKS, jobs=2)
    assert {table: pair.copied(table, target=True) for table in before} == before
    assert result.rows == 800
    assert pair.oid() != oid
    assert not pair.leftovers()


def test_a_target_keeps_its_owner_and_privileges_and_its_sessions_are_ended(pair: Any, role: str) -> None:
    """They are the target's own, not the source's."""
    pair.sql("CREATE TABLE t (a int)")
    pair.server.create_database(pair.name)
    pair.sql(
        f"ALTER DATABASE {pair.name} OWNER TO {role}",
        f"REVOKE ALL ON DATABASE {pair.name} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {pair.name} TO pg_monitor WITH GRANT OPTION",
    )
    query = f"SELECT datdba::regrole::text, datacl::text FROM pg_database WHERE datname = '{pair.name}'"
    before = pair.sql(query)
    with psycopg.connect(pair.target) as session:
        pair.clone()
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    assert pair.sql(query) == before
    pair.server.drop_database(pair.name)


@pytest.fixture
def role(postgres_server: Server) -> Iterator[str]:
    """A role that may log in."""
    name = f"role_{secrets.token_hex(4)}"
    with postgres_server.administer() as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'pw'".encode())
    yield name
    with postgres_server.administer() as connection:
        connection.execute(f"DROP ROLE IF EXISTS {name}".encode())


def test_a_clone_is_one_instant_of_a_source_that_is_written_to(pair: Any) -> None:
    """Money moves between two tables all the while; in the clone the sum is what it always is. Production's writers
    are not held up, and a role that may only read is enough.
    """
    pair.sql(
        "CREATE TABLE a (id int, amount int)",
        "CREATE TABLE b (id int, amount int)",
        "INSERT INTO a SELECT i, 1000 FROM generate_series(1, 50) i",
        "INSERT INTO b SELECT i, 1000 FROM generate_series(1, 50) i",
    )
    done, moved = threading.Event(), 0

    def move() -> None:
        nonlocal moved
        with psycopg.connect(pair.source, autocommit=True) as connection:
            while not done.is_set():
                connection.execute(
                    "WITH x AS (UPDATE a SET amount = amount - 7 WHERE id = 1 + %s %% 50) "
                    "UPDATE b SET amount = amount + 7 WHERE id = 1 + %s %% 50",
                    [moved, moved],
                )
                moved += 1

    reader = f"reader_{secrets.token_hex(4)}"
    pair.sql(f"CREATE ROLE {reader} LOGIN PASSWORD 'pw'", f"GRANT pg_read_all_data TO {reader}")
    thread = threading.Thread(target=move)
    thread.start()
    try:
        pair.clone(source=make_conninfo(pair.source, user=reader, password="pw"))
    finally:
        done.set()
        thread.join()
        pair.sql(f"DROP ROLE {reader}")
    assert moved > 10
    total = "SELECT (SELECT sum(amount) FROM a) + (SELECT sum(amount) FROM b)"
    assert pair.sql(total, target=True) == pair.sql(total) == [(100_000,)]


def test_the_owner_of_a_database_clones_it_without_being_a_superuser(pair: Any, role: str) -> None:
    """Row security is no obstacle to the owner; where it is forced even on the owner, the clone fails, and says so."""
    ((database,),) = pair.sql("SELECT current_database()")
    pair.sql(f"ALTER DATABASE {database} OWNER TO {role}", f"ALTER ROLE {role} CREATEDB")
    own = {end: make_conninfo(getattr(pair, end), user=role, password="pw") for end in ("source", "target")}
    with psycopg.connect(own["source"], autocommit=True) as connection:
        connection.execute("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x@corp.test'), (2, NULL)")
        connection.execute("ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (a = 1)")
        connection.execute("CREATE MATERIALIZED VIEW v AS SELECT count(*) FROM t")
    masks = {"public.t": {"b": "email"}}
    pair.clone(masks, **own)
    assert not pair.differences()
    assert pair.sql("SELECT count(*), count(b) FROM t", target=True) == [(2, 1)]
    pair.sql("ALTER TABLE t FORCE ROW LEVEL SECURITY")
    with pytest.raises(Exception, match="reported an error") as raised:
        pair.clone(masks, **own)
    assert "row-level security" in str(raised.value)
    pair.server.drop_database(pair.name)
    pair.sql(f"ALTER DATABASE {database} OWNER TO CURRENT_USER", f"REASSIGN OWNED BY {role} TO CURRENT_USER")
    pair.sql(f"DROP OWNED BY {role}")


def test_sessions_of_the_source_cannot_write(database: str) -> None:
    """Whatever a defect of ours might send, the server would refuse it."""
    with (
        endpoint.source(database, "source").connect() as connection,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        connection.execute("CREATE TABLE t (a int)")


def libc(server: Server, properties: str) -> str:
    """The same, with the provider said where servers have several."""
    return properties + (" LOCALE_PROVIDER libc" if server.major() >= 15 else "")


def test_a_source_in_an_old_encoding(
    open_pair: Callable[..., AbstractContextManager[Any]], postgres_server: Server
) -> None:
    """Kept letters stay, and no mask makes a letter that the encoding lacks: in KOI8-R none with an accent."""
    with open_pair(libc(postgres_server, "ENCODING 'KOI8R' LC_COLLATE 'C' LC_CTYPE 'C'")) as pair:
        pair.sql(
            "CREATE TABLE t (id int, kept text, a text, b text, c text)",
            "INSERT INTO t SELECT i, 'Привет', 'Иван' || i, 'Пётр' || i, 'ж' FROM generate_series(1, 2000) i",
        )
        masks = {"a": "name", "b": {"mask": "faker", "provider": "name"}, "c": "text"}
        pair.clone(pair.policy({"public.t": masks}, locale="fr_FR"))
        assert pair.sql("SELECT DISTINCT kept, length(c) FROM t", target=True) == [("Привет", 1)]
        assert pair.sql("SELECT count(*) FROM t WHERE length(a) < 3 OR a ~ 'Иван' OR length(b) < 3", target=True) == [
            (0,)
        ]
        assert pair.sql("SHOW server_encoding", target=True) == [("KOI8R",)]


def test_a_source_without_an_encoding(
    open_pair: Callable[..., AbstractContextManager[Any]], postgres_server: Server
) -> None:
    """SQL_ASCII: bytes that are no UTF-8 stay where a table is kept whole; where they would have to be masked, or stand
    beside a masked column, the clone ends with an error that does not quote them.
    """
    with open_pair(libc(postgres_server, "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")) as pair:
        pair.sql("CREATE TABLE whole (a text)", "CREATE TABLE masked (id int, a text)")
        invalid = "convert_from('\\x63616e617279e97a'::bytea, 'SQL_ASCII')"
        pair.sql(f"INSERT INTO whole VALUES ({invalid})", "INSERT INTO masked VALUES (1, 'a@corp.test')")
        pair.clone({"public.masked": {"a": "email"}})
        assert pair.copied("whole", target=True) == b"canary\xe9z\n"
        oid = pair.oid()
        pair.sql(f"INSERT INTO masked VALUES (2, {invalid})")
        with pytest.raises(CopyTextError) as raised:
            pair.clone({"public.masked": {"a": "email"}})
        assert "canary" not in str(raised.value)
        assert "SQL_ASCII" in str(raised.value)
        assert pair.oid() == oid


def test_a_value_of_forty_megabytes(pair: Any) -> None:
    """Beside a masked column, in one row with small ones before and behind it."""
    pair.sql(
        "CREATE TABLE t (id int, email text, big text)",
        "INSERT INTO t VALUES (1, 'a@corp.test', 'x')",
        "INSERT INTO t SELECT 2, 'b@corp.test', repeat(E'0123456\\n89', 4000000)",
        "INSERT INTO t VALUES (3, 'c@corp.test', '')",
    )
    pair.clone({"public.t": {"email": "email"}})
    query = "SELECT id, md5(big), length(big) FROM t ORDER BY id"
    assert pair.sql(query, target=True) == pair.sql(query)


def test_many_small_tables(pair: Any) -> None:
    """Some empty, each of one row or two: no table is forgotten among many."""
    pair.sql(
        "DO $$ BEGIN FOR i IN 1..60 LOOP EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, email text)', i); "
        "EXECUTE format('INSERT INTO t%s SELECT g, g || ''@t%s.test'' FROM generate_series(1, %s %% 3) g', i, i, i); "
        "END LOOP; END $$"
    )
    result = pair.clone({f"public.t{i}": {"email": "email"} for i in range(1, 4)}, jobs=2)
    assert len(result.tables) == 60
    assert result.rows == 60
    pair.assert_kept("t4", "t5", "t6", "t60")


def test_what_a_database_lacks_its_clone_lacks(pair: Any) -> None:
    """Also the schema and the language that every new database is born with."""
    pair.sql("CREATE SCHEMA app", "CREATE TABLE app.t (a int)", "DROP SCHEMA public", "DROP EXTENSION plpgsql")
    pair.clone()
    assert not pair.differences()
