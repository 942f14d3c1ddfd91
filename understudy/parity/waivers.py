"""Waivers: differences that somebody accepted, with a reason and an expiry.

version = 1
[[waivers]]
object = "index public.users_*"      # kind and path; * and ? stand for anything
attribute = "presence"               # * for any
reason = "made by hand for the report of March; goes with PROD-12"
expires = 2026-12-31
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from understudy.parity.errors import WaiverError
from understudy.parity.verdict import Answer, Difference, Verdict

_KEYS = {"object", "attribute", "reason", "expires"}


@dataclass(frozen=True)
class Waiver:
    """One entry of the file."""

    object: str
    attribute: str
    reason: str
    expires: datetime.date

    def covers(self, difference: Difference) -> bool:
        """Whether it speaks of a difference, expired or not."""
        return fnmatchcase(difference.key, self.object) and fnmatchcase(difference.attribute, self.attribute)

    def __str__(self) -> str:
        return f"{self.object}: {self.attribute} ({self.reason})"


def load(path: Path) -> list[Waiver]:
    """Read a file of waivers.

    Raises:
        WaiverError: it cannot be read, or an entry lacks something, has something unknown or no reason.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WaiverError(detail=f"{path}: {error}.") from None
    entries = document.get("waivers", [])
    if document.get("version") != 1 or set(document) - {"version", "waivers"} or not isinstance(entries, list):
        raise WaiverError(detail=f"{path} is not version = 1 with [[waivers]].", hint="See docs/commands/parity.md.")
    return [_waiver(path, place, entry) for place, entry in enumerate(entries, 1)]


def _waiver(path: Path, place: int, entry: object) -> Waiver:
    if not isinstance(entry, dict) or set(entry) != _KEYS:
        what = sorted(_KEYS ^ set(entry)) if isinstance(entry, dict) else ["everything"]
        raise WaiverError(
            detail=f"{path}: in waiver {place}, {what[0]} is missing or unknown.",
            hint="A waiver has object, attribute, reason and expires (a date).",
        )
    if not all(isinstance(entry[key], str) and entry[key].strip() for key in ("object", "attribute", "reason")):
        raise WaiverError(detail=f"{path}: in waiver {place}, object, attribute and reason must be texts.")
    expires = entry["expires"]
    if not isinstance(expires, datetime.date) or isinstance(expires, datetime.datetime):
        raise WaiverError(detail=f"{path}: in waiver {place}, expires is no date.", hint="Write expires = 2026-12-31.")
    return Waiver(entry["object"], entry["attribute"], entry["reason"], expires)


def apply(verdict: Verdict, waivers: Sequence[Waiver], today: datetime.date) -> Verdict:
    """The verdict without the differences that waivers accept; expired and unused waivers are reported in it."""
    valid = [waiver for waiver in waivers if waiver.expires >= today]
    stay = [d for d in verdict.differences if not any(waiver.covers(d) for waiver in valid)]
    waived = [d for d in verdict.differences if d not in stay]
    said = [f"The waiver of {waiver} expired on {waiver.expires}." for waiver in waivers if waiver.expires < today] + [
        f"The waiver of {waiver} is not used: there is no such difference."
        for waiver in valid
        if not any(waiver.covers(d) for d in verdict.differences)
    ]
    answer = verdict.answer
    if answer is Answer.DIFFER and not stay:
        answer = Answer.CANNOT_TELL if verdict.reasons or verdict.defects else Answer.SAME
    return replace(verdict, answer=answer, differences=stay, waived=waived, waivers=said)
