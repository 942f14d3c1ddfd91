"""From a number of rows to the whole numbers that the figures follow from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.demo.errors import TooSmallError
from understudy.demo.size import SMALLEST_ROWS, size_for


@given(st.integers(SMALLEST_ROWS, 10**9))
def test_every_size_shows_the_figures_to_the_decimal(rows: int) -> None:
    """Whatever number of rows is asked for, the counts divide to the figures reported by the first users."""
    size = size_for(rows)
    assert round(100 * size.completed / size.users, 1) == 27.8
    assert round(100 * size.completed / size.began, 1) == 48.0
    assert round(100 * size.within_24h / size.completed, 1) == 94.4
    assert size.began <= size.users
    assert size.users * 24 == pytest.approx(rows, rel=0.3 if rows < 50_000 else 0.02)


def test_too_few_rows_are_refused_with_the_number_that_will_do() -> None:
    """The hint names the least that is enough."""
    with pytest.raises(TooSmallError) as caught:
        size_for(SMALLEST_ROWS - 1)
    assert str(SMALLEST_ROWS) in str(caught.value.hint)
