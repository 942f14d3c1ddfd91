"""The odds that a mask repeats itself: against a count by hand, and of every mask whose outputs are finite."""

from __future__ import annotations

import itertools
import math
import string
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizer import draft, maskers
from anonymizer.endpoint import source as source_end
from anonymizer.maskers import Masker, spreads
from anonymizer.odds import _unequal, odds, said, weighted

Made = Callable[..., Masker]


def test_the_birthday() -> None:
    """Exact for few outputs, by its series for many."""
    assert odds(366, 365) == "1 in 1"
    assert odds(23, 365) == "50.7297%"
    assert odds(0, 10) == odds(1, 10) == "nil"
    assert odds(10**7, 2**64) == "1 in 368,935"


def test_some_outputs_are_likelier() -> None:
    """Equal weights are the birthday's; of two outputs, 3 to 1, two values meet with 10 of 16."""
    assert weighted(23, {2: 365}) == odds(23, 365)
    assert weighted(2, {3: 1, 1: 1}) == "62.5000%"
    assert weighted(3, {3: 1, 1: 1}) == "1 in 1"
    # 1 - 3! (1/2 1/4 1/8 + 1/2 1/4 1/8 + 1/2 1/8 1/8 + 1/4 1/8 1/8)
    assert weighted(3, {4: 1, 2: 1, 1: 2}) == f"{1 - 6 * (2 / 64 + 1 / 128 + 1 / 256):.4%}"
    assert weighted(400, {2: 1, 1: 4000}) == "over 99.9999%"
    assert weighted(1, {2: 1, 1: 1}) == "nil"
    # two values meet with the sum of the squares
    assert weighted(2, {1: 10**7, 3: 1}) == "1 in 9,999,997"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=60), st.integers(2, 40))
def test_as_counted_value_by_value(weights: list[int], values: int) -> None:
    """The odds of the polynomial's own recurrence, whatever the weights."""
    if values > len(weights):
        assert weighted(values, Counter(weights)) == "1 in 1"
        return
    apart = [1.0] + [0.0] * values
    for weight in weights:
        for number in range(values, 0, -1):
            apart[number] += number * weight / sum(weights) * apart[number - 1]
    assert math.isclose(math.exp(-_unequal(values, Counter(weights))), apart[values], rel_tol=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.text("ab-", min_size=1, max_size=4), min_size=1, max_size=4), min_size=1, max_size=3),
    st.one_of(st.none(), st.integers(1, 12)),
)
def test_words_put_together_and_cut(pools: list[list[str]], limit: int | None) -> None:
    """As many outputs, as likely, as by writing all of them down; words may have in them what separates them."""
    counted = Counter("-".join(words)[:limit] for words in itertools.product(*pools))
    found = spreads.together([pl.Series(pool) for pool in pools], ["-"] * (len(pools) - 1), limit)
    assert found == Counter(counted.values())


def test_what_text_makes_of_a_shape() -> None:
    """26 letters of which some are a tenth likelier, as its bytes are drawn."""
    assert spreads.of_shape("a-") == {10: 22, 9: 4}
    assert spreads.of_shape("0") == {26: 6, 25: 4}
    assert sum(weight * count for weight, count in spreads.of_shape("Aa0 0").items()) == 256**4
    assert sum(spreads.of_shape("Aa0 0").values()) == 26 * 26 * 10 * 10


FINITE: list[tuple[str, dict[str, Any], dict[str, Any], Sequence[str]]] = [
    ("country", {}, {"max_length": 2}, [a + b for a in string.ascii_uppercase for b in string.ascii_uppercase]),
    ("country", {}, {"max_length": 2}, [a + b for a in string.ascii_lowercase for b in string.ascii_lowercase]),
    ("postcode", {}, {}, [f"{n:03}" for n in range(1000)]),
    ("text", {}, {}, [a + b for a in string.ascii_uppercase for b in string.digits]),
    ("url", {}, {}, [f"https://corp.test/{a}{b}" for a in string.digits for b in string.digits]),
    ("user_agent", {}, {}, [f"agent {n}" for n in range(3000)]),
    ("job", {}, {"max_length": 5}, [f"job {n}" for n in range(20_000)]),
    ("first_name", {}, {"max_length": 3}, [f"name {n}" for n in range(20_000)]),
    ("name", {}, {"max_length": 3}, [f"name {n}" for n in range(20_000)]),
    ("company", {}, {"max_length": 3}, [f"firm {n}" for n in range(20_000)]),
    ("address", {}, {"max_length": 5}, [f"street {n}" for n in range(20_000)]),
    ("faker", {"provider": "color_name"}, {}, [f"colour {n}" for n in range(5000)]),
    ("phone", {}, {"max_length": 3}, [f"phone {n}" for n in range(300)]),
    (
        "birth_date",
        {"band": 1},
        {"kind": "time", "base": "date"},
        [f"2001-{n % 12 + 1:02}-{n // 12 % 28 + 1:02}" for n in range(336)],
    ),
    ("user_name", {}, {"max_length": 2}, [f"user {n}" for n in range(3000)]),
]


@pytest.mark.parametrize(("name", "options", "setting", "values"), FINITE, ids=lambda one: str(one)[:12])
def test_no_mask_makes_more_than_it_says(
    name: str, options: dict[str, Any], setting: dict[str, Any], values: Sequence[str], masker: Made
) -> None:
    """Of very many values there are no more outputs than the spread has."""
    ready = masker(name, options, **setting)
    series = pl.Series(values)
    outputs = maskers.apply(ready, series).n_unique()
    parts = ready.parts(series).unique().to_list()
    known = [maskers.spread(ready, part) for part in parts]
    assert all(known)
    total = sum(sum(spread.values()) for spread in known if spread)
    assert outputs <= total
    # so many values reach most of so few outputs
    assert outputs > total * (0.5 if len(values) > total else 0.1)


def test_of_no_values_the_odds_are_numbers_too(masker: Made) -> None:
    """A column may be empty from its first row to its last."""
    for name in ("name", "address", "country", "text", "birth_date"):
        chance = masker(name).chance(pl.Series(dtype=pl.String))
        assert chance is not None
        assert chance.sum() == 0


def test_numbers_of_one_country_are_drawn_and_others_permuted(masker: Made) -> None:
    """An American number with dashes never becomes one without, and what has another form stays apart."""
    ready = masker("national_id", locale="en_US")
    values = pl.Series(["123-45-6789", "123456789", "RSSMRA85T10A562S", "x"])
    assert ready.parts(values).to_list() == ["-", "ssn", "apart", "apart"]
    assert [ready.spread(part) for part in ("-", "ssn", "apart")] == [{1: 48_995_100}, {1: 48_995_100}, {}]
    assert said([(2, {1: 48_995_100}), (10**9, {})]) == "1 in 48,995,100"


def test_policy_check_says_the_odds_of_every_mask_that_is_finite(pair: Any) -> None:
    """By the different values there are: by a pool, by the shapes of values, or as they come out without a key."""
    names = ["country", "postcode", "text", "url", "user_agent", "name", "company", "address", "password", "job"]
    columns = ", ".join(f"{name} varchar(40) UNIQUE" for name in names)
    pair.sql(
        f"CREATE TABLE t ({columns}, born date UNIQUE, amount int UNIQUE)",
        "INSERT INTO t SELECT "
        + ", ".join(f"lpad(n::text, 5, '0') /* {name} */" for name in names)
        + ", date '2024-01-01' + n, n FROM generate_series(1, 50) n",
        f"INSERT INTO t ({', '.join(names[:3])}) VALUES ('IT', 'X1', 'X1'), ('DE', 'X2', 'X2'), ('', '', '')",
    )
    masks: dict[str, Any] = {name: name for name in names}
    masks |= {"born": {"mask": "date_trunc", "unit": "month"}, "amount": {"mask": "bucket", "size": 10}}
    found = draft.check(source_end(pair.source, "source"), pair.policy({"public.t": masks}, locale="it_IT"))
    assert {finding.kind for finding in found} == {"unique"}
    said_of = {str(finding.column): finding.message.partition(": ")[2] for finding in found}
    assert set(said_of) == set(masks)
    assert said_of["postcode"].startswith("100,260 outputs for 52 different values")
    assert said_of["postcode"].endswith(said([(50, spreads.of_shape("00000")), (2, spreads.of_shape("A0"))]))
    assert said_of["text"] == said_of["postcode"]
    assert said_of["name"].startswith("16,777,216 outputs for 50 different values")
    assert said_of["amount"] == "6 outputs for 50 different values, so some value comes twice with odds of 1 in 1"
    assert said_of["born"].startswith("2 outputs for 50 different values")
    assert said_of["password"].startswith("1 outputs")
    assert all("with odds of" in said_of[name] for name in set(masks) - {"url"})
