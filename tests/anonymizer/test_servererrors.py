"""What a server said is shown without any value of a row."""

from __future__ import annotations

import psycopg
import pytest

from anonymizer import servererrors
from anonymizer.servererrors import DiskFull, from_program
from understudy.postgres import connect

CANARY = "canary-7f3a@corp.test"


def said(database: str, *statements: str) -> str:
    """The text of our error for that of the last statement."""
    with connect(database) as connection:
        for statement in statements[:-1]:
            connection.execute(statement.encode())
        try:
            connection.execute(statements[-1].encode())
        except psycopg.Error as error:
            return str(servererrors.from_server(error, "Loading public.t"))
    raise AssertionError("the statement did not fail")


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        (f"SELECT '{CANARY}'::int", "invalid input syntax for type integer"),
        (f"SELECT '{CANARY}'::mood", "invalid input value for enum"),
        ("SELECT '99999999999999'::int", "is out of range for type integer"),
        ("SELECT '2024-99-77'::date", "date/time field value out of range"),
        (f"SELECT '{{\"{CANARY}'::text[]", "malformed array literal"),
        (f"INSERT INTO t VALUES ('{CANARY}'), ('{CANARY}')", "duplicate key value violates unique constraint"),
        (f"INSERT INTO t VALUES ('{CANARY} and more')", "violates check constraint"),
        (f"SELECT '{CANARY}'::short", "value for domain short violates check constraint"),
        (f"SELECT '2024-01-01 00:00 {CANARY}'::timestamptz", "time zone"),
        (f"SELECT shout('{CANARY}')", "SQLSTATE P0001"),
        (f"SELECT lie('{CANARY}')", "SQLSTATE 23514"),
        (f"SELECT mislead('{CANARY}')", "SQLSTATE 22023"),
        (f"SELECT convert_from('{CANARY}\\351x'::bytea, 'UTF8')", "invalid byte sequence for encoding"),
        ("SELECT * FROM missing", 'relation "missing" does not exist'),
    ],
)
def test_no_message_of_the_server_brings_a_value_along(database: str, statement: str, shown: str) -> None:
    """The kind of error is told, the value is not, be it quoted, in the detail, or put there by a function."""
    text = said(
        database,
        "CREATE TYPE mood AS ENUM ('sad')",
        "CREATE DOMAIN short AS text CHECK (length(value) < 4)",
        "CREATE TABLE t (email text PRIMARY KEY CHECK (length(email) < 22))",
        "CREATE FUNCTION shout(v text) RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE 'bad %', v; END$$",
        "CREATE FUNCTION lie(v text) RETURNS int LANGUAGE plpgsql AS "
        "$$BEGIN RAISE 'bad %', v USING ERRCODE = 'check_violation'; END$$",
        "CREATE FUNCTION mislead(v text) RETURNS int LANGUAGE plpgsql AS "
        "$$BEGIN RAISE 'bad %', v USING ERRCODE = '22023'; END$$",
        statement,
    )
    assert shown in text
    assert CANARY not in text
    assert "7f3a" not in text
    assert "99999999" not in text
    assert "2024-99" not in text


def test_copy_tells_the_row_and_the_column_without_the_value(database: str) -> None:
    """Whoever must mend a policy learns which column it is about."""
    with connect(database) as connection:
        connection.execute('CREATE TABLE t (a int, "b: c" int)')
        with pytest.raises(psycopg.Error) as raised, connection.cursor().copy("COPY t FROM STDIN") as copy:
            copy.write(f'1\t2\n1\t{CANARY}\\nCOPY x, line 1, column y: "\n'.encode())
    text = str(servererrors.from_server(raised.value, "Loading public.t"))
    assert "(COPY t, line 2, column b: c)" in text
    assert CANARY not in text


def test_a_long_copy_line_in_the_context_is_no_place(database: str) -> None:
    """A context that quotes the whole line gives its number only."""
    with connect(database) as connection:
        connection.execute("CREATE TABLE t (a int, b int)")
        with pytest.raises(psycopg.Error) as raised, connection.cursor().copy("COPY t FROM STDIN") as copy:
            copy.write(f"{CANARY}\n".encode())
    text = str(servererrors.from_server(raised.value, "Loading public.t"))
    assert CANARY not in text


PROGRAM = """pg_restore: error: could not execute query: ERROR:  {said}
DETAIL:  Key (email)=({canary}) is duplicated.
ERROR:  {canary}
Command was: CREATE UNIQUE INDEX i ON t ('{canary}');
"""


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ('could not create unique index "i"', 'could not create unique index "i"'),
        ('insert or update on table "a" violates foreign key constraint "f"', 'foreign key constraint "f"'),
        ('check constraint "c" of relation "t" is violated by some row', 'check constraint "c"'),
        ('role "app" does not exist', 'role "app" does not exist'),
        (f'invalid input syntax for type integer: "{CANARY}', "invalid input syntax for type integer"),
        (f"bad address {CANARY}", "server's log"),
        (f"invalid address {CANARY}", "server's log"),
    ],
)
def test_of_a_program_only_the_first_error_is_shown(message: str, shown: str) -> None:
    """DETAIL, CONTEXT, the statement, and lines that look like errors but are data: none of them comes through."""
    text = str(from_program(PROGRAM.format(said=message, canary=CANARY), "Building indexes"))
    assert shown in text
    assert CANARY not in text


def test_what_a_program_says_of_itself_is_shown() -> None:
    """A connection that fails is no secret."""
    said = 'psql: error: connection to server at "db", port 5432 failed: Connection refused'
    assert "Connection refused" in str(from_program(said, "Reading"))


def test_silence_is_said() -> None:
    """A program that is killed says nothing, and the error says that."""
    assert "said nothing" in str(from_program("", "Reading"))


def test_a_full_disk_has_an_error_of_its_own() -> None:
    """By the words of the operating system, or by SQLSTATE 53100."""
    assert isinstance(from_program("ERROR:  could not extend file: No space left on device", "Loading"), DiskFull)
    assert isinstance(servererrors.from_server(psycopg.errors.DiskFull(), "Loading"), DiskFull)
