"""The rules, without a database: the first that applies decides, and says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.flags import Flag, Override, Reason, Subject, bucket_of, census, evaluate

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
EVERYTHING = Flag("f", True, 100, frozenset({"pro"}), frozenset({"7"}))

flags = st.builds(
    Flag,
    name=st.sampled_from(["a", "b", "search.fuzzy"]),
    enabled=st.booleans(),
    rollout_percentage=st.integers(0, 100),
    allowed_tiers=st.frozensets(st.sampled_from(["free", "pro"])),
    allowed_user_ids=st.frozensets(st.sampled_from(["1", "2", "3"])),
)
overrides = st.builds(Override, enabled=st.booleans())
subjects = st.builds(
    Subject,
    user_id=st.integers(1, 5),
    tier=st.sampled_from([None, "free", "pro"]),
    override=st.none() | overrides,
)


def on(**values: object) -> Flag:
    return Flag("f", True, **values)  # type: ignore[arg-type]


def test_off_beats_everything() -> None:
    """A flag that is off is seen by nobody: no override, list, tier or percentage helps."""
    off = Flag("f", False, 100, EVERYTHING.allowed_tiers, EVERYTHING.allowed_user_ids)
    answer = evaluate(off, Subject(7, "pro", Override(True)))
    assert (answer.enabled, answer.reason, answer.variant) == (False, Reason.OFF, "off")


def test_an_override_that_hides_beats_list_tier_and_percentage() -> None:
    """Who was taken out by name is out, whatever else would let them in."""
    answer = evaluate(EVERYTHING, Subject(7, "pro", Override(False)))
    assert (answer.enabled, answer.reason) == (False, Reason.OVERRIDE)


def test_an_override_that_shows_needs_nothing_else() -> None:
    """Who was let in by name is in at 0 %."""
    answer = evaluate(on(), Subject(7, override=Override(True)))
    assert (answer.enabled, answer.reason, answer.variant) == (True, Reason.OVERRIDE, "on")


def test_the_list_comes_before_the_tier_and_the_tier_before_the_bucket() -> None:
    """The reason names the first rule that applied, not the last."""
    assert evaluate(EVERYTHING, Subject(7, "pro")).reason is Reason.ALLOWED_USER
    assert evaluate(EVERYTHING, Subject(8, "pro")).reason is Reason.TIER
    assert evaluate(EVERYTHING, Subject(8, "free")).reason is Reason.BUCKET


def test_the_bucket_is_told_when_it_decided_and_only_then() -> None:
    """An answer by bucket carries the bucket, also when it is no."""
    answer = evaluate(on(rollout_percentage=0), Subject(42))
    assert (answer.enabled, answer.reason, answer.bucket) == (False, Reason.BUCKET, bucket_of("f", 42))
    assert evaluate(EVERYTHING, Subject(7)).bucket is None


def test_a_user_without_a_tier_has_no_tier() -> None:
    """NULL in users.tier is in no list."""
    assert not evaluate(on(allowed_tiers=frozenset({"pro"})), Subject(1, None)).enabled


@pytest.mark.parametrize(
    ("override", "shows"),
    [
        (Override(True), True),
        (Override(False), False),
        (Override(True, enabled_at=NOON), True),
        (Override(True, disabled_at=NOON), False),
        (Override(True, enabled_at=NOON, disabled_at=NOON - timedelta(seconds=1)), True),
        (Override(True, enabled_at=NOON, disabled_at=NOON + timedelta(seconds=1)), False),
        (Override(True, enabled_at=NOON, disabled_at=NOON), False),
        (Override(False, enabled_at=NOON, disabled_at=NOON - timedelta(seconds=1)), False),
    ],
)
def test_what_an_override_says(override: Override, shows: bool) -> None:
    """It shows the flag when enabled, unless it was disabled at a time that no later enabling takes back."""
    assert override.shows is shows


@given(flag=flags, subject=subjects)
def test_nobody_at_zero_and_everybody_at_a_hundred(flag: Flag, subject: Subject) -> None:
    """By bucket alone, 0 % is exactly nobody and 100 % exactly everybody."""
    answer = evaluate(flag, subject)
    if answer.reason is Reason.BUCKET:
        assert not (flag.rollout_percentage == 0 and answer.enabled)
        assert flag.rollout_percentage != 100 or answer.enabled


@given(flag=flags, more=st.integers(0, 100), subject=subjects)
def test_who_is_in_stays_in_when_the_percentage_grows(flag: Flag, more: int, subject: Subject) -> None:
    """Raising a percentage takes the feature from nobody."""
    higher = Flag(
        flag.name,
        flag.enabled,
        max(flag.rollout_percentage, more),
        flag.allowed_tiers,
        flag.allowed_user_ids,
    )
    assert evaluate(higher, subject).enabled >= evaluate(flag, subject).enabled


@given(flag=flags, many=st.lists(subjects))
def test_a_census_counts_what_evaluate_says(flag: Flag, many: list[Subject]) -> None:
    """As many are counted as were asked, and each rule has those whom it let in."""
    counted = census(flag, iter(many))
    answers = [evaluate(flag, subject) for subject in many]
    assert (counted.users, counted.seen) == (len(many), sum(answer.enabled for answer in answers))
    for reason, count in counted.seen_by_reason.items():
        assert count == sum(answer.enabled and answer.reason is reason for answer in answers) > 0


def test_reasons_have_names_in_openfeature() -> None:
    """DISABLED, TARGETING_MATCH and SPLIT are the specification's words."""
    assert [reason.openfeature for reason in Reason] == [
        "DISABLED",
        "TARGETING_MATCH",
        "TARGETING_MATCH",
        "TARGETING_MATCH",
        "SPLIT",
    ]
