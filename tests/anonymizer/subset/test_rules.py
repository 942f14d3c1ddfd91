"""What a rule may say, in a policy and on the command line."""

from __future__ import annotations

from decimal import Decimal

import pytest

from anonymizer import policy
from anonymizer.errors import PolicyError
from anonymizer.identifiers import TableName
from anonymizer.subset import rules
from anonymizer.subset.rules import Rule, SubsetError

USERS = TableName("public", "users")


@pytest.mark.parametrize(
    ("written", "means", "said"),
    [
        ('"5%"', Rule(Decimal(5)), "5%"),
        ('"0.25 %"', Rule(Decimal("0.25")), "0.25%"),
        ('"100%"', Rule(), "100%"),
        ("1000", Rule(count=1000), "1000 rows"),
        ('"1000"', Rule(count=1000), "1000 rows"),
        ('"where id = 1"', Rule(where="id = 1"), "where"),
        ('{ where = "id = 1" }', Rule(where="id = 1"), "where"),
        ('{ where = "id = 1", take = "10%" }', Rule(Decimal(10), where="id = 1"), "10% where"),
        ('{ take = 7, where = "id = 1" }', Rule(count=7, where="id = 1"), "7 rows where"),
    ],
)
def test_a_policy_names_tables_and_rules(written: str, means: Rule, said: str) -> None:
    """Shares, numbers, conditions, and both; said again without the condition."""
    found = policy.parse(f'version = 1\n[subset]\n"public.users" = {written}')
    assert found.subset == {USERS: means}
    assert str(means) == said
    assert "id = 1" not in str(means.record())


@pytest.mark.parametrize(
    "written",
    [
        '"5"%',
        '"101%"',
        '"-1%"',
        "-1",
        "true",
        "0.5",
        '"some"',
        '""',
        "[]",
        "{}",
        '{ where = "" }',
        '{ share = "5%" }',
        '{ where = "a; b" }',
        '"where"',
        '{ take = "x" }',
        "{ where = 1 }",
    ],
)
def test_a_rule_that_means_nothing_is_an_error_with_exit_2(written: str) -> None:
    """Whatever it is, before anything is read."""
    with pytest.raises(PolicyError) as caught:
        policy.parse(f'version = 1\n[subset]\n"public.users" = {written}')
    assert caught.value.exit_code == 2


def test_an_option_names_a_table_and_a_rule() -> None:
    """The first colon behind a whole name; a name may have colons within quotes, a condition anywhere."""
    assert rules.options(["public.users: 5%", "public.events:where at::date > now()", '"a: b"."c": 1000']) == {
        USERS: Rule(Decimal(5)),
        TableName("public", "events"): Rule(where="at::date > now()"),
        TableName("a: b", "c"): Rule(count=1000),
    }


@pytest.mark.parametrize("texts", [["5%"], ["users: 5%"], ["public.users"], ["public.users: 5%", "public.users: 6%"]])
def test_an_option_without_a_table_or_with_one_twice_is_an_error(texts: list[str]) -> None:
    """So nobody takes one rule for another."""
    with pytest.raises(SubsetError):
        rules.options(texts)
