"""The splitter ends a statement where psql and the server would."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy.migrate.journal import Connection
from understudy.migrate.lexer import UnterminatedError
from understudy.migrate.statements import Command, Statement, split
from understudy.postgres import Server, connect


def texts(sql: str, *, standard_strings: bool = True) -> list[str]:
    return [item.text for item in split(sql, standard_strings=standard_strings)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'a;b', 'it''s; fine'",
        "SELECT E'back\\'slash; ' ",
        "SELECT e'\\\\'",
        "SELECT 'C:\\'",
        'SELECT ";" AS "a;""b"',
        "SELECT $$ ; $$, $a$ $$ ; $b$ $a$",
        "SELECT a$b$c, 1 FROM x$$y",
        "SELECT /* ; /* nested ; */ ' */ 1",
        "SELECT 1 -- ; not here\n + 1",
        "SELECT 1*/* ; */2",
        "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END",
        "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); SELECT 1 AS end; END",
        "CREATE FUNCTION f() RETURNS int AS $f$ BEGIN; END; $f$ LANGUAGE plpgsql",
        "SELECT E'one'\n  'two\\'; still'",
        "SELECT U&'d\\0061t;a', B'1', X'1F', N'n;'",
        'SELECT U&"d\\0061t;a" FROM x',
        "PREPARE p AS SELECT $1",
        "SELECT 1$$;$$",
        "CREATE TABLE begin_atomic (begin int, é$x text)",
    ],
)
def test_a_semicolon_inside_is_not_the_end(statement: str) -> None:
    """Quotes of every sort, comments, parentheses and SQL-standard bodies hide their semicolons."""
    assert texts(f"  {statement};\nSELECT 2;") == [statement.strip(), "SELECT 2"]


def test_without_standard_strings_a_backslash_escapes() -> None:
    """With standard_conforming_strings off, or set off in the text, a backslash escapes the quote."""
    sql = r"SELECT '\'; ' ; SELECT 2"
    assert len(texts(sql, standard_strings=False)) == 2
    assert texts(
        r"SET standard_conforming_strings TO 'off'; SELECT '\';'; SET standard_conforming_strings=on; SELECT '\'"
    )[1::2] == [r"SELECT '\';'", r"SELECT '\'"]


def test_comments_and_empty_statements_are_none() -> None:
    """Nothing but comments and semicolons is no statement; a statement's line is that of its first word."""
    found = list(split("-- one\n;;/* two */\n  SELECT 1 ;\n\n-- three\nSELECT\n2"))
    assert [(item.text, item.line) for item in found] == [("SELECT 1", 3), ("SELECT\n2", 6)]


def test_words_show_keywords_in_capitals_and_names_as_written() -> None:
    """Rules look at words: comments are gone, quotes and texts are kept."""
    (statement,) = split('create /* x */ index "Name" on t(a)')
    assert isinstance(statement, Statement)
    assert statement.words == ("CREATE", "INDEX", '"Name"', "ON", "T", "(", "A", ")")


def test_a_backslash_command_is_seen_with_its_line() -> None:
    """Psql's commands come out as such, also in the midst of a statement."""
    found = list(split("SELECT 1;\n\\i other.sql\nSELECT 2 \\gset\n"))
    assert [(c.text, c.line, c.inside) for c in found if isinstance(c, Command)] == [
        ("\\i other.sql", 2, False),
        ("\\gset", 3, True),
    ]


@pytest.mark.parametrize("sql", ["SELECT 'a", 'SELECT "a', "SELECT $x$ $$", "/* /* */", "SELECT E'\\'"])
def test_what_is_never_closed_is_an_error(sql: str) -> None:
    """An open quote or comment is said, with where it began."""
    with pytest.raises(UnterminatedError):
        texts(sql)


_VALUES = st.sampled_from(
    [
        "'a;'",
        "E'\\';'",
        "$$;$$",
        "$t$ $$;'$t$",
        "'\\'",
        '1 AS ";"',
        "(1)",
        "- 1",
        "'x'\n'y;'",
        "E'x'\n'\\';'",
        "U&'\\0061;'",
    ]
)
_NOISE = st.sampled_from(["", " ", "/*;'*/", "--;'\n", "/* /* ; */ $$ */", "\n\r\t"])
_SELECTS = st.lists(st.tuples(_VALUES, _NOISE), min_size=1, max_size=5).map(
    lambda columns: "SELECT " + ", ".join(value + noise for value, noise in columns)
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(selects=st.lists(_SELECTS, min_size=1, max_size=4))
def test_the_server_agrees(server: Connection, selects: list[str]) -> None:
    """Whatever the mixture of quotes and comments, the server answers the whole as often as we see statements."""
    sql = ";".join(selects)
    cursor = server.execute(sql.encode())
    answers = 1
    while cursor.nextset():
        answers += 1
    assert len(texts(sql)) == answers == len(selects)


@pytest.fixture
def server(postgres_server: Server) -> Iterator[Connection]:
    with contextlib.closing(connect(postgres_server.dsn("postgres"))) as connection:
        yield connection


@given(st.text(alphabet=st.sampled_from(list("ab'\";$/*-()\nEU&1 ")), max_size=40))
def test_no_text_breaks_it(sql: str) -> None:
    """Any text is split or said to be unterminated; what is split are parts of the text, in order."""
    found: list[Statement | Command] = []
    with contextlib.suppress(UnterminatedError):
        found = list(split(sql))
    position = 0
    for item in found:
        assert item.text in sql[position:]
        position = sql.index(item.text, position) + len(item.text)
