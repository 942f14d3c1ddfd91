"""The values that an evaluation is about, and what each of them may be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from understudy.flags.errors import FlagValueError

NAME_LENGTH = 100
"""Of `feature_flags.name`, a varchar(100)."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*")
_TIER = re.compile(r"[a-z][a-z0-9_]{0,31}")
_USER = re.compile(r"[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Flag:
    """A row of `feature_flags`. `allowed_user_ids` holds decimal texts, whichever way the row writes its numbers."""

    name: str
    enabled: bool = False
    rollout_percentage: int = 0
    allowed_tiers: frozenset[str] = field(default_factory=frozenset)
    allowed_user_ids: frozenset[str] = field(default_factory=frozenset)
    description: str | None = None
    id: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A row of `user_feature_flags`: what one user gets of one flag, whatever the flag's rules say."""

    enabled: bool
    enabled_at: datetime | None = None
    disabled_at: datetime | None = None

    @property
    def shows(self) -> bool:
        """Whether the user sees the feature.

        `enabled = false` hides it. So does a `disabled_at` that no later `enabled_at` takes back: a program that
        records only the time of the removal has removed the user all the same.
        """
        if not self.enabled:
            return False
        return self.disabled_at is None or (self.enabled_at is not None and self.enabled_at > self.disabled_at)


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody for whom a flag is evaluated: `users.id`, `users.tier`, and their override of this flag, if any."""

    user_id: int | str
    tier: str | None = None
    override: Override | None = None


def flag_name(text: str) -> str:
    """The text, if a flag may be called so.

    Raises:
        FlagValueError: it may not.
    """
    if len(text) > NAME_LENGTH:
        raise FlagValueError(
            "the flag's name is too long",
            detail=f"It has {len(text)} characters; feature_flags.name holds {NAME_LENGTH}.",
        )
    if not _NAME.fullmatch(text):
        raise FlagValueError(
            f"{text!r} is not the name of a flag",
            detail="A name is words of lower-case letters and digits, joined by one of . _ - and begun by a letter.",
            hint="For example: onboarding_v2, search.fuzzy, new-dashboard.",
        )
    return text


def percentage(value: int) -> int:
    """The number, if `rollout_percentage` may hold it.

    Raises:
        FlagValueError: it is below 0 or above 100.
    """
    if not 0 <= value <= 100:
        raise FlagValueError(
            f"{value} is not a percentage",
            detail="A rollout is a whole number from 0 (nobody) to 100 (everybody).",
        )
    return value


def tiers(values: Iterable[str]) -> frozenset[str]:
    """The set, if each may stand in `allowed_tiers`.

    Raises:
        FlagValueError: one cannot be any user's tier.
    """
    found = frozenset(values)
    for tier in sorted(found):
        if not _TIER.fullmatch(tier):
            raise FlagValueError(
                f"{tier!r} is not the name of a tier",
                detail="A tier is a lower-case word of up to 32 letters, digits and underscores, as users.tier holds.",
            )
    return found


def user_id(text: str) -> int:
    """The number of a user as somebody typed it.

    Raises:
        FlagValueError: it is no number that users.id can hold.
    """
    if not _USER.fullmatch(text) or int(text) >= 2**63:
        raise FlagValueError(f"{text!r} is not a user", detail="A user is named by the number in users.id.")
    return int(text)
