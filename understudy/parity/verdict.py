"""The answer: same, differ or cannot tell, with every difference and every reason."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from understudy.catalog import Impact, Key

PRESENCE = "presence"
"""The attribute of a difference that says that one side lacks the object."""

PRESENT, ABSENT = "present", "absent"
HIDDEN = "(hidden)"
"""Stands for a value that may hold a password."""


class Answer(enum.Enum):
    """The three answers; only the first is GO."""

    SAME = "same"
    DIFFER = "differ"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Difference:
    """One attribute of one object that is not the same on both sides.

    Args:
        key: the object's kind and path.
        kind: its kind, as `key` begins.
        attribute: what differs; `presence` when one side lacks the object.
        left: the value on the left, as JSON knows values.
        right: the value on the right.
        impact: what the difference does to whoever uses the schema.
        mend: a statement that makes LEFT like RIGHT, where a safe one can be written.
    """

    key: Key
    kind: str
    attribute: str
    left: Any
    right: Any
    impact: Impact
    mend: str | None = None

    @property
    def path(self) -> str:
        """The object's name among those of its kind."""
        return self.key.removeprefix(self.kind + " ")


@dataclass(frozen=True)
class Verdict:
    """What came out.

    Args:
        answer: same, differ, or cannot tell.
        differences: each difference that nobody waived, in a stable order.
        reasons: why it cannot be told, a sentence each.
        notes: what was left out of the comparison, a sentence each.
        defects: where the two witnesses contradict each other: defects of this program.
        versions: the major versions of LEFT's and RIGHT's server.
        objects: how many objects LEFT and RIGHT have.
        waived: the differences that waivers accept.
        waivers: which waivers have expired or are not used, a sentence each.
    """

    answer: Answer
    differences: Sequence[Difference] = ()
    reasons: Sequence[str] = ()
    notes: Sequence[str] = ()
    defects: Sequence[str] = ()
    versions: tuple[int, int] = (0, 0)
    objects: tuple[int, int] = (0, 0)
    waived: Sequence[Difference] = ()
    waivers: Sequence[str] = ()

    def __bool__(self) -> bool:
        """True only for "same"."""
        return self.answer is Answer.SAME
