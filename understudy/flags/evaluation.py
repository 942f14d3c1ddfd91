"""Does this user see this flag, and why? Pure: no database, no clock, no chance.

The rules, the first that applies decides:

1. off            the flag is not enabled: nobody sees it
2. override       the user has a row in user_feature_flags: it says who sees it and who does not
3. allowed user   allowed_user_ids lists the user
4. tier           allowed_tiers lists the user's tier
5. bucket         the user's bucket lies below rollout_percentage, or it does not
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from understudy.flags.bucketing import STEPS_PER_PERCENT, bucket_of
from understudy.flags.model import Flag, Subject


class Reason(StrEnum):
    """The rule that decided. `openfeature` is the same in the words of the OpenFeature specification."""

    OFF = "off"
    OVERRIDE = "override"
    ALLOWED_USER = "allowed user"
    TIER = "tier"
    BUCKET = "bucket"

    @property
    def openfeature(self) -> str:
        """DISABLED, TARGETING_MATCH or SPLIT."""
        return {Reason.OFF: "DISABLED", Reason.BUCKET: "SPLIT"}.get(self, "TARGETING_MATCH")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An answer with its reason.

    `bucket` is None unless the bucket decided; then it is 0 to 99,999, thousandths of a percent.
    """

    flag: str
    enabled: bool
    reason: Reason
    bucket: int | None = None

    @property
    def variant(self) -> str:
        """The answer's name: `on` or `off`."""
        return "on" if self.enabled else "off"


def evaluate(flag: Flag, subject: Subject) -> Evaluation:
    """Whether the subject sees the flag, by the rules above."""
    if not flag.enabled:
        return Evaluation(flag.name, False, Reason.OFF)
    if subject.override is not None:
        return Evaluation(flag.name, subject.override.shows, Reason.OVERRIDE)
    if str(subject.user_id) in flag.allowed_user_ids:
        return Evaluation(flag.name, True, Reason.ALLOWED_USER)
    if subject.tier in flag.allowed_tiers:
        return Evaluation(flag.name, True, Reason.TIER)
    bucket = bucket_of(flag.name, subject.user_id)
    return Evaluation(flag.name, bucket < flag.rollout_percentage * STEPS_PER_PERCENT, Reason.BUCKET, bucket)


@dataclass(frozen=True)
class Census:
    """How many were asked, and by which rule how many of them see the flag; a rule that lets nobody in is absent."""

    users: int
    seen_by_reason: Mapping[Reason, int]

    @property
    def seen(self) -> int:
        """How many see the flag."""
        return sum(self.seen_by_reason.values())


def census(flag: Flag, subjects: Iterable[Subject]) -> Census:
    """Evaluate the flag for each subject, one at a time, and count."""
    seen: Counter[Reason] = Counter()
    users = 0
    for subject in subjects:
        users += 1
        answer = evaluate(flag, subject)
        if answer.enabled:
            seen[answer.reason] += 1
    return Census(users, {reason: seen[reason] for reason in Reason if seen[reason]})
