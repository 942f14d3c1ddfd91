r"""The COPY codec: any text, any combination of NULL, empty, backslash, newline, tab and `\.`, unchanged."""

from __future__ import annotations

import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from anonymizer import copytext
from anonymizer.copytext import CopyTextError

# PostgreSQL's text holds any character but NUL and lone surrogates.
characters = st.characters(exclude_characters="\0", exclude_categories=("Cs",))
nasty = st.sampled_from(["", "\\", "\\.", "\\N", "\n", "\t", "\r", "\\n", "\\\\N", "\ufeff", "\b\f\v", '"', "''", " "])
values = st.one_of(st.none(), nasty, st.text(characters), st.lists(nasty, max_size=4).map("".join))
rows = st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[values] * n), min_size=0, max_size=8))


def series(items: list[str | None]) -> pl.Series:
    return pl.Series("x", items, dtype=pl.String)


@given(st.lists(values))
def test_escape_then_unescape_changes_nothing(items: list[str | None]) -> None:
    """Any list of values, NULLs and empty strings among them, survives the way out and back."""
    assert_series_equal(copytext.unescape(copytext.escape(series(items))), series(items))


@given(st.lists(values))
def test_an_escaped_value_has_no_separator_in_it(items: list[str | None]) -> None:
    """No tab, newline or carriage return is left raw, and no value can be taken for NULL."""
    for field in copytext.escape(series(items)):
        assert field is None or not set(field) & set("\t\n\r")
        assert field != "\\N"


@given(rows)
def test_serialize_then_parse_changes_nothing(table: list[tuple[str | None, ...]]) -> None:
    """Rows of one to four columns survive, also single columns with empty strings."""
    width = len(table[0]) if table else 1
    names = [f"c{i}" for i in range(width)]
    frame = pl.DataFrame(
        {name: copytext.escape(series([row[i] for row in table])) for i, name in enumerate(names)},
        schema=dict.fromkeys(names, pl.String),
    )
    assert copytext.parse(copytext.serialize(frame), names).rows() == frame.rows()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(table=rows.filter(bool))
def test_postgresql_reads_what_we_write_and_we_read_what_it_writes(
    database: str, table: list[tuple[str | None, ...]]
) -> None:
    """Through a real server and back: the bytes of COPY TO are ours to the letter, the values are the same."""
    width = len(table[0])
    names = [f"c{i}" for i in range(width)]
    frame = pl.DataFrame({name: copytext.escape(series([row[i] for row in table])) for i, name in enumerate(names)})
    block = copytext.serialize(frame)
    with psycopg.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE t (n serial, {', '.join(f'{name} text' for name in names)})".encode())
        with cursor.copy(f"COPY t ({', '.join(names)}) FROM STDIN".encode()) as copy:
            copy.write(block)
        cursor.execute(f"SELECT {', '.join(names)} FROM t ORDER BY n".encode())
        assert cursor.fetchall() == table
        with cursor.copy(f"COPY (SELECT {', '.join(names)} FROM t ORDER BY n) TO STDOUT".encode()) as copy:
            assert b"".join(bytes(part) for part in copy) == block
        connection.rollback()


@pytest.mark.parametrize("block", [b"a\tb\tc\n", b"a\n", b"a\tb\nc\n"])
def test_a_row_of_another_width_is_an_error(block: bytes) -> None:
    """Too many or too few fields, in the first row or later, never pass silently."""
    with pytest.raises(CopyTextError, match="cannot be read"):
        copytext.parse(block, ["a", "b"])


@pytest.mark.parametrize("width", [1, 2])
def test_bytes_that_are_not_text_are_an_error_that_repeats_none_of_them(width: int) -> None:
    """Invalid UTF-8 is refused with what to do, and the value is not shown."""
    block = b"\t".join([b"s\xffcret"] * width) + b"\n"
    with pytest.raises(CopyTextError, match="UTF-8") as caught:
        copytext.parse(block, [f"c{i}" for i in range(width)])
    assert "cret" not in str(caught.value)


def test_an_empty_block_has_no_rows() -> None:
    """A table without rows is an empty frame with all its columns."""
    assert copytext.parse(b"", ["a", "b"]).shape == (0, 2)
