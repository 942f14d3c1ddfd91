"""Where a statement ends: in any soup of quotes, comments and dollar signs, however the stream is cut into blocks."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizer.dump.errors import DumpRefused
from anonymizer.dump.inserts import row_pattern
from anonymizer.dump.reader import Reader, Statement

BODY = st.text(st.sampled_from("a'\"$;\\-/*\n \té(){}[]:,1"), max_size=12)


def dollar(body: str, tag: str) -> str:
    return f"${tag}${body.replace('$', '')}${tag}$"


strings = st.one_of(
    BODY.map(lambda text: "'" + text.replace("'", "''") + "'"),
    BODY.map(lambda text: "E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"),
    BODY.map(lambda text: '"' + text.replace('"', '""') + 'x"'),
    st.tuples(BODY, st.sampled_from(["", "a", "body", "é", "x" * 70])).map(lambda pair: dollar(*pair)),
)
comments = st.one_of(
    BODY.map(lambda text: "--" + text.replace("\n", "") + "\n"),
    BODY.map(lambda text: "/*" + text.replace("*", "").replace("/", "") + "*/"),
    BODY.map(lambda text: "/* /*" + text.replace("*", "").replace("/", "") + "*/ */"),
)
plain = st.sampled_from(
    ["select", "begin", "end", "case", "1", "a$b$c", "$1", "é", "+", "::", "a.b", "(x, y)", "E", "U"]
)
pieces = st.one_of(plain, strings, comments, st.just("(a; b)"))
statements = st.lists(pieces, min_size=1, max_size=6).map(lambda parts: "alter " + " ".join(parts))
BEGIN_ATOMIC = (
    "create or replace function f() returns int begin atomic select 1; select case when true then 2 end as end; end"
)


def read(text: str, block: int) -> list[Statement]:
    return [item for item in Reader(io.BytesIO(text.encode()), block) if isinstance(item, Statement)]


@settings(max_examples=300, deadline=None)
@given(st.lists(statements | st.just(BEGIN_ATOMIC), max_size=5), st.sampled_from([1, 7, 64, 4096]))
def test_a_soup_of_statements_is_split_where_it_was_joined(soup: list[str], block: int) -> None:
    """Every statement comes out once, with its semicolon, whatever it quotes and wherever a block ends."""
    found = read("".join(f"{statement};\n" for statement in soup), block)
    assert [statement.words for statement in found] == [read(f"{one};", 2**20)[0].words for one in soup]
    assert len(found) == len(soup)


@settings(max_examples=200, deadline=None)
@given(statements)
def test_a_statement_is_written_as_it_was_read(text: str) -> None:
    """Nothing is added, nothing lost; a comment in the middle becomes a blank."""
    (statement,) = read(f"{text};", 16)
    if "--" not in text and "/*" not in text:
        assert statement.text.decode() == f"{text};"


@pytest.mark.parametrize("block", [1, 2, 3, 5, 1000])
def test_rows_of_copy_end_at_their_mark(block: int) -> None:
    r"""Rows come in whole lines, and what follows `\.` is a statement again; `\\.` is a value."""
    script = b"COPY a.b (c) FROM stdin;\nx\n\\\\.\n\n\\N\n\\.\n\nSELECT 1;\n"
    reader = Reader(io.BytesIO(script), block)
    items = iter(reader)
    assert isinstance(next(items), Statement)
    blocks = list(reader.copy_rows())
    assert b"".join(blocks) == b"x\n\\\\.\n\n\\N\n"
    assert all(rows.endswith(b"\n") for rows in blocks)
    after = [item for item in items if isinstance(item, Statement)]
    assert [statement.words for statement in after] == [("SELECT", "1")]
    assert after[0].line == 8


@pytest.mark.parametrize("block", [1, 3, 1000])
def test_a_copy_without_rows_has_none(block: int) -> None:
    """The mark may follow at once."""
    reader = Reader(io.BytesIO(b"COPY a.b (c) FROM stdin;\n\\.\n"), block)
    next(iter(reader))
    assert list(reader.copy_rows()) == []


@pytest.mark.parametrize(
    "script", [b"COPY a.b FROM stdin;\nx\n", b"COPY a.b FROM stdin;\nx", b"COPY a.b FROM stdin; x\n\\.\n"]
)
def test_rows_that_never_end_are_refused(script: bytes) -> None:
    """A dump that is cut off is not taken for a whole one."""
    reader = Reader(io.BytesIO(script), 4)
    next(iter(reader))
    with pytest.raises(DumpRefused):
        list(reader.copy_rows())


@pytest.mark.parametrize("script", ["select 'a", "select $a$ $b$", 'select "', "select /* /* */", "select 1"])
def test_a_script_that_ends_inside_a_statement_is_refused(script: str) -> None:
    """Nothing of the open quote is shown."""
    with pytest.raises(DumpRefused, match="Line 2: the dump ends inside"):
        read("\n" + script, 3)


def test_a_command_of_psql_inside_a_statement_is_refused() -> None:
    r"""`\gexec` and its kin run what nobody has looked at."""
    with pytest.raises(DumpRefused, match="backslash"):
        read("select 'drop table x' \\gexec\n", 100)


def test_lines_are_counted() -> None:
    """A line number is that of the file, also behind rows."""
    reader = Reader(io.BytesIO(b"-- x\n\nselect 1;\n\n\\connect x\nselect\n2;\n"), 5)
    lines = [(type(item).__name__, item.line) for item in reader if isinstance(item, Statement) or b"\\" in item.text]
    assert lines == [("Statement", 3), ("Piece", 5), ("Statement", 6)]


VALUE = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12),
    st.sampled_from(["", "'", "''", "\\", "\\'", ");", "', '", "NULL", "\n", "(1, 2), (3"]),
)
LITERAL = st.one_of(
    st.sampled_from(["NULL", "true", "-5", "1.5e10", "B'0101'"]),
    VALUE.map(lambda text: "'" + text.replace("'", "''") + "'"),
    VALUE.map(lambda text: "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"),
)


@settings(max_examples=300, deadline=None)
@given(st.data(), st.integers(1, 4), st.sampled_from([1, 3, 50, 4096]))
def test_rows_of_insert_are_found_literal_by_literal(data: st.DataObject, width: int, block: int) -> None:
    """Any literals, in any number of rows, wherever a block ends; and the statement behind them."""
    made = data.draw(st.lists(st.booleans(), min_size=width, max_size=width))
    drawn = data.draw(st.lists(st.lists(LITERAL, min_size=width, max_size=width), min_size=1, max_size=4))
    rows = [["DEFAULT" if by_itself else one for by_itself, one in zip(made, row, strict=True)] for row in drawn]
    text = ",\n\t".join(f"({', '.join(row)})" for row in rows)
    reader = Reader(io.BytesIO(f"INSERT INTO a.b VALUES\n\t{text};\nSELECT 1;\n".encode()), block)
    items = iter(reader)
    head = next(items)
    assert isinstance(head, Statement)
    assert head.words[-1] == "VALUES"
    pattern = row_pattern(tuple(made), standard_strings=True, seen=tuple(range(width)))
    found = [list(row[1::2]) for some in reader.insert_rows(pattern) for row in some.found]
    assert found == [[literal.encode() for literal in row] for row in rows]
    assert reader.tail == b";"
    assert [item.words for item in items if isinstance(item, Statement)] == [("SELECT", "1")]


@pytest.mark.parametrize(
    "row", ["(1)", "(1, 2, 3)", "(now(), 1)", "(1, 'a' || 'b')", "(1, (SELECT 2))", "(1, x'zz')", "(1, DEFAULT)"]
)
def test_a_row_that_is_not_its_literals_is_refused(row: str) -> None:
    """Too few, too many, a call, an operator, a query: nothing of it is shown."""
    reader = Reader(io.BytesIO(f"INSERT INTO a.b VALUES {row};\n".encode()), 4)
    next(iter(reader))
    with pytest.raises(DumpRefused, match="Line 1: a row of INSERT"):
        list(reader.insert_rows(row_pattern((False, False), standard_strings=True)))
