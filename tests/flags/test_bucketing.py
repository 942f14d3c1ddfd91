"""Buckets: stable for ever, spread evenly, and independent from flag to flag."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.flags import STEPS, bucket_of


@pytest.mark.parametrize(
    ("flag", "user", "bucket"),
    [
        ("onboarding_v2", 1, 13_420),
        ("onboarding_v2", 2, 53_225),
        ("onboarding_v2", 42, 89_309),
        ("search.fuzzy", 1, 74_208),
        ("search.fuzzy", 42, 84_777),
        ("x", 9_223_372_036_854_775_807, 39_803),
    ],
)
def test_a_bucket_never_changes(flag: str, user: int, bucket: int) -> None:
    """These were computed when the function was written; another value would move features between people."""
    assert bucket_of(flag, user) == bucket


def test_another_interpreter_gives_the_same_bucket() -> None:
    """Nothing of the process goes into it: not the hash seed, not the locale."""
    code = "from understudy.flags import bucket_of; print(bucket_of('onboarding_v2', 42))"
    environment = os.environ | {"PYTHONHASHSEED": "4242", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "89309"


@given(flag=st.text(max_size=100), user=st.integers(1, 2**63 - 1))
def test_every_bucket_is_one_of_the_hundred_thousand(flag: str, user: int) -> None:
    """Whatever the name and the user, the bucket is 0 to 99,999; a number and its text fall alike."""
    try:
        flag.encode()
    except UnicodeEncodeError:
        return
    assert 0 <= bucket_of(flag, user) < STEPS
    assert bucket_of(flag, user) == bucket_of(flag, str(user))


@pytest.mark.parametrize("percent", [1, 10, 50, 90])
def test_a_percentage_is_that_share_of_the_users(percent: int) -> None:
    """Of 100,000 users in a row, as many are below a percentage as it says, give or take 0.4 points."""
    inside = sum(bucket_of("even", user) < percent * STEPS // 100 for user in range(100_000))
    assert inside / 1000 == pytest.approx(percent, abs=0.4)


def test_the_same_people_are_not_early_for_every_flag() -> None:
    """Of those below 10 % for one flag, a tenth are below 10 % for another."""
    early = [user for user in range(50_000) if bucket_of("one", user) < STEPS // 10]
    both = sum(bucket_of("two", user) < STEPS // 10 for user in early)
    assert both / len(early) == pytest.approx(0.1, abs=0.015)
