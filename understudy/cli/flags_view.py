"""How flags, answers and exposures are printed, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from understudy.cli.output import result
from understudy.flags import Evaluation, Exposure, Flag
from understudy.flags.bucketing import STEPS_PER_PERCENT
from understudy.flags.errors import MalformedFlagError
from understudy.flags.evaluation import Reason
from understudy.flags.store import Overrides

_WHY = {
    Reason.OFF: "the flag is off",
    Reason.OVERRIDE: "an override says so",
    Reason.ALLOWED_USER: "they are a listed user",
    Reason.TIER: "their tier is listed",
}


def print_list(flags: Sequence[Flag], malformed: Sequence[MalformedFlagError], *, as_json: bool) -> None:
    """All flags, one a line."""
    table = Table("flag", "state", "rollout", "tiers", "users", "description")
    for flag in flags:
        listed = str(len(flag.allowed_user_ids) or "")
        cells = (flag.name, _state(flag), f"{flag.rollout_percentage} %", _tiers(flag), listed, flag.description or "")
        table.add_row(*map(Text, cells))
    data = {
        "flags": [_flag(flag) for flag in flags],
        "malformed": [{"message": error.message, "detail": error.detail} for error in malformed],
    }
    result(data, table if flags else "no flags", as_json=as_json)


def print_flag(flag: Flag, overrides: Overrides, *, as_json: bool) -> None:
    """One flag, whole."""
    table = Table.grid(padding=(0, 2))
    for title, value in (
        ("flag", flag.name),
        ("description", flag.description or ""),
        ("state", _state(flag)),
        ("rollout", f"{flag.rollout_percentage} %"),
        ("tiers", _tiers(flag) or "none"),
        ("users", f"{len(flag.allowed_user_ids)} listed"),
        ("overrides", f"{overrides.shown} shown, {overrides.hidden} hidden"),
    ):
        table.add_row(title, Text(value))
    counted = {"shown": overrides.shown, "hidden": overrides.hidden}
    result(_flag(flag) | {"overrides": counted}, table, as_json=as_json)


def print_answer(user: str, answer: Evaluation, *, as_json: bool) -> None:
    """What one user sees of a flag, and why."""
    data = {
        "flag": answer.flag,
        "user": int(user),
        "enabled": answer.enabled,
        "variant": answer.variant,
        "reason": answer.reason.value,
        "openfeature_reason": answer.reason.openfeature,
        "bucket": None if answer.bucket is None else answer.bucket / STEPS_PER_PERCENT,
    }
    if answer.bucket is not None:
        where = "below" if answer.enabled else "not below"
        why = f"bucket {answer.bucket / STEPS_PER_PERCENT:.3f} % is {where} the rollout"
    else:
        why = _WHY[answer.reason]
    sees = "sees" if answer.enabled else "does not see"
    result(data, Text(f"user {user} {sees} {answer.flag}: {why} ({answer.reason})"), as_json=as_json)


def print_exposures(exposures: Sequence[Exposure], *, as_json: bool) -> None:
    """Who sees some flags: nobody, one hopes."""
    data = {"hidden": all(exposure.hidden for exposure in exposures), "flags": list(map(_exposure, exposures))}
    result(data, Text("\n".join(map(_exposed, exposures))), as_json=as_json)


def _exposed(exposure: Exposure) -> str:
    users = f"{exposure.census.users:,} user{'' if exposure.census.users == 1 else 's'}"
    if exposure.hidden:
        return f"{exposure.flag.name}: hidden, none of {users} sees it"
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in exposure.census.seen_by_reason.items())
    return f"{exposure.flag.name}: NOT hidden, {exposure.census.seen:,} of {users} see it ({reasons})"


def _exposure(exposure: Exposure) -> dict[str, Any]:
    return {
        "flag": exposure.flag.name,
        "hidden": exposure.hidden,
        "users": exposure.census.users,
        "seen_by": exposure.census.seen,
        "reasons": {reason.value: count for reason, count in exposure.census.seen_by_reason.items()},
        "open_to_new_users": exposure.open_to_new_users,
    }


def _flag(flag: Flag) -> dict[str, Any]:
    return {
        "name": flag.name,
        "description": flag.description,
        "enabled": flag.enabled,
        "rollout_percentage": flag.rollout_percentage,
        "allowed_tiers": sorted(flag.allowed_tiers),
        "allowed_user_ids": sorted(flag.allowed_user_ids, key=lambda user: (len(user), user)),
        "created_at": _time(flag.created_at),
        "updated_at": _time(flag.updated_at),
    }


def _state(flag: Flag) -> str:
    return "on" if flag.enabled else "off"


def _tiers(flag: Flag) -> str:
    return ", ".join(sorted(flag.allowed_tiers))


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
