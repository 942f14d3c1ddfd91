"""What a flag, a percentage, a tier and a user may be called."""

from __future__ import annotations

import pytest

from understudy.flags import model
from understudy.flags.errors import FlagValueError


@pytest.mark.parametrize("name", ["a", "onboarding_v2", "search.fuzzy", "new-dashboard", "a1", "x" * 100])
def test_names_that_will_do(name: str) -> None:
    """Words of lower-case letters and digits, joined by a dot, an underscore or a dash; up to 100 characters."""
    assert model.flag_name(name) == name


@pytest.mark.parametrize("name", ["", "A", "1st", "a b", "a:b", "a__b", "_a", "a-", "ñ", "a\n", "x" * 101, "a;--"])
def test_names_that_will_not(name: str) -> None:
    """Anything else is refused as a usage error, before a database is asked."""
    with pytest.raises(FlagValueError):
        model.flag_name(name)


@pytest.mark.parametrize("value", [-1, 101, 1000])
def test_a_percentage_is_0_to_100(value: int) -> None:
    """Less than nobody and more than everybody mean nothing."""
    assert [model.percentage(good) for good in (0, 50, 100)] == [0, 50, 100]
    with pytest.raises(FlagValueError, match="not a percentage"):
        model.percentage(value)


@pytest.mark.parametrize("tier", ["", "Pro", "a b", "x" * 33])
def test_a_tier_is_what_users_tier_can_hold(tier: str) -> None:
    """A tier that no user can have would let nobody in, and nobody would notice."""
    assert model.tiers(["pro", "free", "pro"]) == {"pro", "free"}
    with pytest.raises(FlagValueError, match="not the name of a tier"):
        model.tiers(["pro", tier])


@pytest.mark.parametrize("user", ["", "0", "-1", "1.5", "01", "abc", "a@example.com", str(2**63), "١"])
def test_a_user_is_the_number_in_users_id(user: str) -> None:
    """Everything that is no bigint above zero is refused."""
    assert model.user_id(str(2**63 - 1)) == 2**63 - 1
    with pytest.raises(FlagValueError, match="not a user"):
        model.user_id(user)
