"""A condition is closed in itself and calls nothing that acts."""

from __future__ import annotations

import pytest

from anonymizer.subset import condition
from anonymizer.subset.condition import ConditionRefused


@pytest.mark.parametrize(
    "text",
    [
        "id = 1",
        "created_at > now() - interval '30 days'",
        "name = 'it''s; -- a text /* of */ (signs' and \"a \"\"column\" is not null",
        "id in (select user_id from public.vips where tags[1] = 'x') or data->>'a' ~ '^[0-9]+$'",
        "users.id % 2 = 0 and users.at::date between '2024-01-01' and current_date",
    ],
)
def test_a_condition_is_taken_as_it_is(text: str) -> None:
    """Texts, names, subqueries, operators, casts."""
    condition.check(text)


@pytest.mark.parametrize(
    "text",
    [
        "true) TO PROGRAM 'id' --",
        "true); DROP TABLE users; SELECT (1",
        "true; SELECT 1",
        "id = 1 -- and more",
        "id = 1 /* and more",
        "id /**/ = 1",
        "id = (1",
        "id = 1)",
        "tags[1) = 2]",
        "name = 'open",
        "name = 'a\\' or true); DROP TABLE users; --'",
        "name = E'a' or true",
        "name = e'a'",
        'U&"p" = 1',
        "name = $$a$$",
        "name = $1",
        "id operator(public.+) 1 = 2 \\g",
        "id = 1 \0",
        "pg_sleep\u00a0(1)",
        "id = " + "1" * 40_000,
    ],
)
def test_what_does_not_end_where_it_begins_is_refused(text: str) -> None:
    """Statements, comments, open or foreign parentheses and quotes, prefixes, signs that no condition needs."""
    with pytest.raises(ConditionRefused):
        condition.check(text)


def test_every_name_that_may_call_a_function_is_found() -> None:
    """In front of a parenthesis however far, behind a point, quoted or not, folded as the server folds them."""
    text = 'PG_Sleep (1) is null and pg_catalog."Odd Name" \n (2) and users.acts and lower(name) = É(1)'
    assert {"Odd Name", "acts", "lower", "pg_sleep", "É", "é"} <= set(condition.called(text))
    with pytest.raises(ConditionRefused):
        condition.called("1 OPERATOR(public.+) 2 = 3")
