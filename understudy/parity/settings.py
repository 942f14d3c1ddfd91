"""A function's settings in a dump, each in one spelling.

PostgreSQL keeps what was written: `SET work_mem TO '9MB'` and `SET work_mem TO '9216'` are two texts of one setting.
What a parameter's values mean the server knows, so it is asked for types and units; the rest is arithmetic. A parameter
that it does not know, and one that is a text, stays as it is. The catalog witness does the same by its queries
(`understudy/catalog/sqltext.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

from understudy.postgres import connect

Known: TypeAlias = Mapping[str, tuple[str, str | None]]
"""By a parameter's name its type and the unit of a bare number, as pg_settings has them."""

_HEAD_ENDS = re.compile(r"^    (?:AS|RETURN|BEGIN)\b", re.M)
_SETTING = re.compile(r"^    SET (\"?)([\w.]+)\1 TO '([^'\n]*)'$", re.M)
_QUANTITY = re.compile(r"([-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?) *(us|ms|s|min|h|d|B|kB|MB|GB|TB)?")
_UNIT = re.compile(r"([0-9]*)(\w+)")
_MEMORY = {"B": Decimal(1) / 1024, "kB": Decimal(1), **{f"{m}B": Decimal(1024**n) for n, m in enumerate("MGT", 1)}}
_TIME = {"us": 1, "ms": 1000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_FACTORS = _MEMORY | {unit: Decimal(micro) / 1000 for unit, micro in _TIME.items()}


def are_in(script: str) -> bool:
    """Whether a dump may have settings whose spelling matters."""
    return any(match[2] != "search_path" for match in _SETTING.finditer(script))


def known(dsn: str) -> Known:
    """What a server says of its parameters that are no texts."""
    with connect(dsn) as connection:
        # one with a dot is a library's, known only to a server that has loaded it
        rows = connection.execute(
            "SELECT name, vartype, unit FROM pg_settings WHERE vartype <> 'string' AND strpos(name, '.') = 0"
        ).fetchall()
    return {str(name): (str(sort), str(unit) if unit else None) for name, sort, unit in rows}


def spelled(body: str, parameters: Known) -> str:
    """The body of a function's entry, with each setting in one spelling; what the function does is left alone."""
    end = _HEAD_ENDS.search(body)
    head, rest = (body[: end.start()], body[end.start() :]) if end else (body, "")

    def write(match: re.Match[str]) -> str:
        sort, unit = parameters.get(match[2], ("string", None))
        return f"    SET {match[1]}{match[2]}{match[1]} TO '{_value(match[3], sort, unit)}'"

    return _SETTING.sub(write, head) + rest


def _value(text: str, sort: str, unit: str | None) -> str:
    if sort == "enum":
        return text.lower()
    if sort == "bool":
        truth = _truth(text.lower())
        return text if truth is None else ("on" if truth else "off")
    found = _QUANTITY.fullmatch(text)
    if found is None or sort not in ("integer", "real"):
        return text
    number, own = Decimal(found[1]), found[2]
    if unit is None:
        return text if own else _number(number)
    times = _UNIT.fullmatch(unit)
    if times is None or times[2] not in _FACTORS:
        return text
    factor = _FACTORS[own] if own else int(times[1] or 1) * _FACTORS[times[2]]
    return _number(number * factor) + ("kB" if times[2] in _MEMORY else "ms")


def _truth(word: str) -> bool | None:
    """What PostgreSQL takes for a truth value: the words and what they begin with, as far as that is clear."""
    if word in ("1", "on") or (word and ("true".startswith(word) or "yes".startswith(word))):
        return True
    if word in ("0", "of", "off") or (word and ("false".startswith(word) or "no".startswith(word))):
        return False
    return None


def _number(number: Decimal) -> str:
    return f"{number.normalize() + 0:f}"
