"""What the subset's tests share: the rules of the closure once more, row by row, as a person would read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

Row = tuple[str, Any]
"""A table and what tells its rows apart."""


def naive(
    rows: Mapping[str, set[Row]],
    links: set[tuple[str, str]],
    references: set[tuple[Row, Row]],
    chosen: Mapping[str, set[Row]],
) -> set[Row]:
    """The rows that come.

    Args:
        rows: all, by table.
        links: which table refers to which, whether or not a row does.
        references: which row refers to which.
        chosen: of each named table, the rows that its rule chooses.
    """
    over = {(table, table) for table in rows} | set(links)
    for middle in rows:
        over |= {(a, b) for a in rows for b in rows if (a, middle) in over and (middle, b) in over}
    restricted = {table for table in rows if any((table, name) in over for name in chosen)}
    reduced = {table for table in rows if any((low, table) in over for low in restricted)}

    def refers(row: Row, among: set[str]) -> set[Row]:
        return {parent for child, parent in references if child == row and parent[0] in among}

    def with_all(some: set[Row], among: set[str]) -> set[Row]:
        """Rows, and all that they refer to."""
        found = set(some)
        while more := {parent for row in found for parent in refers(row, among)} - found:
            found |= more
        return found

    def possible(some: set[Row], among: set[str], beyond: set[Row]) -> set[Row]:
        """Of rows those that refer, among these tables, to nothing but each other and what is beyond."""
        found = set(some)
        while bad := {row for row in found if refers(row, among) - found - beyond}:
            found -= bad
        return found

    can: set[Row] = set()
    owned: set[Row] = set()
    left = set(restricted)
    while left:
        first = min(table for table in left if all((other, table) in over for other in left if (table, other) in over))
        circle = {table for table in left if (first, table) in over and (table, first) in over}
        left -= circle
        outer = restricted - circle
        all_rows = {row for table in circle for row in rows[table]}
        free = possible(all_rows, restricted, can)
        starts = {
            row
            for name in circle & set(chosen)
            for row in chosen[name] & free
            if not refers(row, outer) or refers(row, outer) & owned
        }
        brought = with_all(starts, circle)
        can |= possible({r for r in all_rows if r[0] not in chosen or r in brought}, restricted, can)
        owned |= starts
        while (
            more := {row for row in can & all_rows if row[0] not in chosen and refers(row, restricted) & owned} - owned
        ):
            owned |= more
    come = with_all(owned, reduced)
    others = {row for table in set(rows) - reduced for row in rows[table]}
    return come | possible(others, set(rows), come)


@pytest.fixture(scope="session")
def oracle() -> Callable[..., set[Row]]:
    """The closure, row by row."""
    return naive
