"""Which rows come: what each rule says, and that sets and rows read by a person agree whatever the references."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizer.identifiers import TableName
from anonymizer.subset.closure import BELONGS, BESIDE, CHOSEN, REFERRED, Closed, Edge, Reason, circles, close

References = Mapping[tuple[str, str], list[tuple[int, int]]]


def table(name: str) -> TableName:
    return TableName("public", name)


def closed(sizes: Mapping[str, int], references: References, chosen: Mapping[str, set[int]]) -> dict[str, Closed]:
    edges = [
        Edge(f"{child}_{parent}", table(child), table(parent), pairs(found))
        for (child, parent), found in references.items()
    ]
    picked = {
        table(name): pl.Series([n in rows for n in range(sizes[name])], dtype=pl.Boolean)
        for name, rows in chosen.items()
    }
    found = close({table(name): size for name, size in sizes.items()}, edges, picked)
    return {name.name: one for name, one in found.items()}


def pairs(found: list[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(found, schema={"child": pl.UInt32, "parent": pl.UInt32}, orient="row")


def come(sizes: Mapping[str, int], references: References, chosen: Mapping[str, set[int]]) -> dict[str, set[int]]:
    return {
        name: {at for at, comes in enumerate(one.rows.to_list()) if comes}
        for name, one in closed(sizes, references, chosen).items()
    }


def test_what_belongs_to_chosen_rows_comes_and_nothing_of_others() -> None:
    """Down: orders of chosen users, and the orders' items; neither those of others nor of nobody."""
    found = come(
        {"users": 3, "orders": 4, "items": 3},
        {("orders", "users"): [(0, 0), (1, 1), (2, 0)], ("items", "orders"): [(0, 0), (1, 1), (2, 3)]},
        {"users": {0}},
    )
    assert found == {"users": {0}, "orders": {0, 2}, "items": {0}}


def test_whatever_a_row_refers_to_comes_but_not_what_else_belongs_to_that() -> None:
    """Up: the inviter of a chosen user and the inviter's inviter come, and their plan; their orders do not."""
    found = come(
        {"users": 4, "orders": 3, "plans": 3},
        {
            ("users", "users"): [(0, 1), (1, 2)],
            ("users", "plans"): [(0, 0), (2, 2), (3, 1)],
            ("orders", "users"): [(0, 0), (1, 1), (2, 3)],
        },
        {"users": {0}},
    )
    assert found == {"users": {0, 1, 2}, "orders": {0}, "plans": {0, 2}}


def test_a_row_that_refers_to_somebody_left_out_is_left_out() -> None:
    """A message needs both its people; a like of a message that is left out is left out as well."""
    found = come(
        {"users": 3, "messages": 3, "likes": 2},
        {
            ("messages", "users"): [(0, 0), (0, 1), (1, 0), (1, 2), (2, 0)],
            ("likes", "messages"): [(0, 0), (1, 1)],
            ("likes", "users"): [(0, 1), (1, 0)],
        },
        {"users": {0, 1}},
    )
    assert found == {"users": {0, 1}, "messages": {0, 2}, "likes": {0}}


def test_rows_that_refer_to_each_other_come_together_or_not_at_all() -> None:
    """An order knows its last payment, and the payment its order: both of a chosen user, neither of another."""
    found = come(
        {"users": 2, "orders": 2, "payments": 2},
        {
            ("orders", "users"): [(0, 0), (1, 1)],
            ("orders", "payments"): [(0, 0), (1, 1)],
            ("payments", "orders"): [(0, 0), (1, 1)],
        },
        {"users": {0}},
    )
    assert found == {"users": {0}, "orders": {0}, "payments": {0}}


def test_a_named_table_below_another_is_limited_by_it() -> None:
    """Events of this month and 2 of 3 users: this month's events of those, and this month's events of nobody."""
    found = come(
        {"users": 3, "events": 5, "details": 2},
        {("events", "users"): [(0, 0), (1, 1), (2, 2), (3, 0)], ("details", "events"): [(0, 0), (1, 3)]},
        {"users": {0, 1}, "events": {0, 1, 2, 4}},
    )
    assert found == {"users": {0, 1}, "events": {0, 1, 4}, "details": {0}}


def test_tables_beside_come_as_far_as_they_can_and_bring_nothing() -> None:
    """Prices of plans that come do; of others not. A table that refers to none of that comes whole."""
    found = come(
        {"users": 2, "plans": 2, "prices": 3, "currencies": 2, "colours": 2},
        {
            ("users", "plans"): [(0, 0), (1, 1)],
            ("prices", "plans"): [(0, 0), (1, 1)],
            ("prices", "currencies"): [(0, 0), (1, 1), (2, 1)],
        },
        {"users": {0}},
    )
    assert found == {"users": {0}, "plans": {0}, "prices": {0, 2}, "currencies": {0, 1}, "colours": {0, 1}}


def test_every_row_that_came_is_in_the_report_once_with_its_reason() -> None:
    """Chosen, belonging by a constraint, referred to by one, beside; the sums are the rows."""
    found = closed(
        {"users": 3, "orders": 3, "plans": 2, "prices": 2},
        {
            ("users", "users"): [(0, 1)],
            ("users", "plans"): [(0, 0), (1, 0)],
            ("orders", "users"): [(0, 0), (1, 0), (2, 2)],
            ("prices", "plans"): [(0, 0), (1, 1)],
        },
        {"users": {0}},
    )
    users, orders = table("users"), table("orders")
    assert found["users"].reasons == (Reason(CHOSEN, None, None, 1), Reason(REFERRED, users, "users_users", 1))
    assert found["orders"].reasons == (Reason(BELONGS, users, "orders_users", 2),)
    assert found["plans"].reasons == (Reason(REFERRED, users, "users_plans", 1),)
    assert found["prices"].reasons == (Reason(BESIDE, None, None, 1),)
    assert orders not in {reason.table for one in found.values() for reason in one.reasons}


def test_tables_in_a_circle_are_one_step_and_parents_come_first() -> None:
    """The order in which tables are looked at."""
    a, b, c = table("a"), table("b"), table("c")
    assert circles([a, b, c], [(b, a), (b, c), (c, b), (a, a)]) == [frozenset([a]), frozenset([b, c])]


def test_a_long_chain_of_references_is_followed_to_its_end() -> None:
    """Two thousand rows, each referring to the next."""
    size = 2000
    found = come({"links": size}, {("links", "links"): [(n, n + 1) for n in range(size - 1)]}, {"links": {0}})
    assert found == {"links": set(range(size))}


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, int], dict[tuple[str, str], list[tuple[int, int]]], dict[str, set[int]]]:
    """Up to six tables of up to five rows, up to eight references between them in any direction, up to three named."""
    names = "abcdef"[: draw(st.integers(1, 6))]
    sizes = {name: draw(st.integers(0, 5)) for name in names}
    references: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for _ in range(draw(st.integers(0, 8))):
        child, parent = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        found = references.setdefault((child, parent), [])
        if sizes[child] and sizes[parent]:
            ends = st.tuples(st.integers(0, sizes[child] - 1), st.integers(0, sizes[parent] - 1))
            found += draw(st.lists(ends, max_size=5))
    named = draw(st.sets(st.sampled_from(names), min_size=1, max_size=3))
    chosen = {name: draw(st.sets(st.integers(0, max(0, sizes[name] - 1)))) if sizes[name] else set() for name in named}
    return sizes, references, chosen


@settings(max_examples=300, deadline=None, derandomize="UNDERSTUDY_EXAMPLES" not in os.environ)
@given(graph=graphs())
def test_sets_and_rows_agree(graph: Any, oracle: Callable[..., set[tuple[str, Any]]]) -> None:
    """The rows that come are those that a person finds, every reference is satisfied, and the report adds up."""
    sizes, references, chosen = graph
    rows = {name: {(name, n) for n in range(size)} for name, size in sizes.items()}
    refer = {((c, a), (p, b)) for (c, p), found in references.items() for a, b in found}
    picked = {name: {(name, n) for n in found} for name, found in chosen.items()}
    found = closed(sizes, references, chosen)
    came = {(name, n) for name, one in found.items() for n, comes in enumerate(one.rows.to_list()) if comes}
    assert came == oracle(rows, set(references), refer, picked)
    assert all(parent in came for child, parent in refer if child in came)
    for name, one in found.items():
        assert sum(reason.rows for reason in one.reasons) == len([row for row in came if row[0] == name])
