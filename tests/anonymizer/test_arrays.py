"""Arrays: their elements are masked, everything else of the literal stays."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anonymizer import arrays, maskers
from anonymizer.arrays import ArrayError, Elements
from anonymizer.keys import Key
from anonymizer.maskers import Mask, Setting
from understudy.postgres import connect

SETTING = Setting(Key(bytes(32)))
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)
elements = st.one_of(st.none(), st.sampled_from(["", "NULL", "null", "{}", '"', "\\", "a,b", " x ", "\n"]), texts)


def masked(mask: Mask, literal: str) -> str:
    """An array through a mask."""
    inner = maskers.build(mask, SETTING)
    assert inner
    found = maskers.apply(Elements(inner), pl.Series([literal])).item()
    assert isinstance(found, str)
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(rows=st.lists(st.lists(elements, max_size=5), min_size=1, max_size=20))
def test_what_postgresql_writes_is_read_and_what_we_write_it_reads(database: str, rows: list[list[str | None]]) -> None:
    """Any elements, NULL and the word NULL told apart."""
    with connect(database) as connection:
        for row in rows:
            found = connection.execute("SELECT %s::text[]::text, %s::text[]", [row, row]).fetchone()
            assert found
            pieces = list(arrays.tokens(str(found[0])))
            assert [value for piece, value in pieces if piece not in "{},"] == row
            rewritten = "".join(arrays.element(value) if piece not in "{}," else piece for piece, value in pieces)
            back = connection.execute("SELECT %s::text[]", [rewritten]).fetchone()
            assert back == (row,)


def test_bounds_shape_and_nulls_stay() -> None:
    """Only the elements change."""
    constant = Mask("constant", {"value": 'a"b'})
    assert masked(constant, "[0:1][-1:0]={{x,NULL},{NULL,y}}") == r'[0:1][-1:0]={{"a\"b",NULL},{NULL,"a\"b"}}'
    assert masked(constant, "{}") == "{}"


def test_an_element_is_masked_as_the_same_value_in_a_plain_column_is() -> None:
    """So that a reference from an array still finds its row."""
    email = maskers.build(Mask("email"), SETTING)
    assert email
    plain = maskers.apply(email, pl.Series(["a@b.c"])).item()
    assert masked(Mask("email"), "{a@b.c}") == f'{{"{plain}"}}'


def test_a_long_element_is_read_in_memory_of_its_own_size() -> None:
    """A megabyte in quotes is one piece, and take no regular expression down."""
    long = "x y\\\\z" * 200_000
    assert [value for _, value in arrays.tokens('{"' + long + '"}')][1] == "x y\\z" * 200_000


@pytest.mark.parametrize("literal", ['{"a', "{a\\", "1 2\\"])
def test_what_is_no_array_is_refused_without_being_shown(literal: str) -> None:
    """The error quotes nothing."""
    with pytest.raises(ArrayError) as raised:
        list(arrays.tokens(literal))
    assert literal not in str(raised.value)
