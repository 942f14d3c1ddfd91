"""What in an entry of a dump means nothing: the order of options, grants, roles, values of a list partition, and so on.

Nothing else is taken out: a cast or a parenthesis stays where it is. The catalog witness does the same by its queries
(`understudy/catalog/kinds`), and `tests/cases/equivalence` has a pair of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from understudy.parity.pieces import elements

_NAME = r"(?:\w+|\"(?:[^\"]|\"\")+\")"
_NAMES = rf"{_NAME}(?:, {_NAME})*"
_QUALIFIED = rf"{_NAME}(?:\.{_NAME})*"

_OPTIONS = re.compile(r"(?<=\()(?:[\w.\"]+=(?:'(?:[^']|'')*'|[\w.-]+)(?:, )?)+(?=\))")
_OPTION = re.compile(r"[\w.\"]+=(?:'(?:[^']|'')*'|[\w.-]+)")
_SWITCH = re.compile(
    r"((?:toast\.)?(?:autovacuum_enabled|vacuum_truncate|vacuum_index_cleanup|user_catalog_table|security_barrier"
    r"|security_invoker|deduplicate_items|fastupdate|autosummarize))='?(\w+)'?"
)
_NUMBER = re.compile(r"([\w.]+)='?([-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+))'?")
_FOREIGN = re.compile(r"OPTIONS \(\n(.*?)\n\)", re.S)
_TAGS = re.compile(r"(?<=WHEN TAG IN \().*(?=\))")
_ROLES = re.compile(r"(?<= TO )[^()]+?(?= USING \(| WITH CHECK \(|;)")
_SETTING = re.compile(r"^    SET .*\n(?:    SET .*\n)+", re.M)
_TRANSFORMS = re.compile(
    r"(?<= TRANSFORM )FOR TYPE .*?"
    r"(?=\n| (?:WINDOW|IMMUTABLE|STABLE|STRICT|SECURITY|LEAKPROOF|COST|ROWS|SUPPORT|PARALLEL)\b)"
)
_SUBSCRIBED = re.compile(r"(?<= PUBLICATION ).*?(?= WITH \()")
_PUBLISHED = re.compile(rf"(?<= \(){_NAMES}(?=\)(?: WHERE \(.*)?;)", re.S)
_VALUES = re.compile(r"(?<= FOR VALUES IN \().*(?=\);)", re.S)
_PARENTS = re.compile(rf"(?<=\nINHERITS \(){_QUALIFIED}(?:, {_QUALIFIED})+(?=\))")
_INCLUDED = re.compile(rf"(?<= INCLUDE \(){_NAMES}(?=\))")
_UPDATE_OF = re.compile(rf"(?<= UPDATE OF ){_NAMES}(?= ON | OR )")
_SET_COLUMNS = re.compile(rf"( ON DELETE SET (?:NULL|DEFAULT) \()({_NAMES})(?=\))")
_PAIRS = re.compile(
    rf"( FOREIGN KEY \()({_NAMES}(?:, PERIOD {_NAME})?)"
    rf"(\) REFERENCES {_QUALIFIED}\()({_NAMES}(?:, PERIOD {_NAME})?)(?=\))"
)
_MEASURED = re.compile(rf"(CREATE STATISTICS {_QUALIFIED}(?: \([\w, ]+\))? ON )(.*)(?= FROM {_QUALIFIED};)", re.S)
_INITIAL = re.compile(rf"(\n    TEMPLATE = {_QUALIFIED},\n    )(.*)(?= \);)", re.S)


def normal(sort: str, body: str) -> str:
    """The body of an entry without the order that means nothing."""
    if sort in ("TABLE", "INDEX", "CONSTRAINT", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE"):
        body = _OPTIONS.sub(lambda match: ", ".join(sorted(map(_plain, _OPTION.findall(match[0])))), body)
    if "OPTIONS (" in body:
        body = _FOREIGN.sub(lambda match: ",\n".join(sorted(match[1].split(",\n"))), body)
    return _BY_SORT.get(sort, str)(body).strip()


def _plain(option: str) -> str:
    """An option of a relation; `off` and `false` are one value, and so are `0.10` and `.1`."""
    if switch := _SWITCH.fullmatch(option):
        value = switch[2].lower()
        on, off = value in ("1", "on") or value[0] in "ty", value in ("0", "of", "off") or value[0] in "fn"
        return f"{switch[1]}='{'true' if on else 'false'}'" if on or off else f"{switch[1]}='{value}'"
    if number := _NUMBER.fullmatch(option):
        return f"{number[1]}='{Decimal(number[2]).normalize():f}'"
    return option


def _listed(match: re.Match[str]) -> str:
    return ", ".join(sorted(elements(match[0])))


def _second_listed(match: re.Match[str]) -> str:
    return match[1] + ", ".join(sorted(elements(match[2])))


def _pairs(match: re.Match[str]) -> str:
    """A foreign key's columns with those that they refer to; what is compared by PERIOD comes last."""
    pairs = sorted(zip(elements(match[2]), elements(match[4]), strict=True), key=_period_last)
    here, there = (", ".join(side) for side in zip(*pairs, strict=True))
    return f"{match[1]}{here}{match[3]}{there}"


def _period_last(pair: tuple[str, str]) -> tuple[bool, tuple[str, str]]:
    return pair[0].startswith("PERIOD "), pair


def _lines(match: re.Match[str]) -> str:
    return "".join(sorted(match[0].splitlines(keepends=True)))


def _sorted_lines(body: str) -> str:
    return "\n".join(sorted(filter(None, body.splitlines())))


def _by(*rules: tuple[re.Pattern[str], Callable[[re.Match[str]], str]]) -> Callable[[str], str]:
    def apply(body: str) -> str:
        for pattern, write in rules:
            body = pattern.sub(write, body)
        return body

    return apply


_ROUTINE = _by((_SETTING, _lines), (_TRANSFORMS, _listed))

_BY_SORT: dict[str, Callable[[str], str]] = {
    "ACL": _sorted_lines,
    "DEFAULT ACL": _sorted_lines,
    "TABLE": _by((_PARENTS, _listed)),
    "FOREIGN TABLE": _by((_PARENTS, _listed)),
    "TABLE ATTACH": _by((_VALUES, _listed)),
    "CONSTRAINT": _by((_INCLUDED, _listed)),
    "FK CONSTRAINT": _by((_PAIRS, _pairs), (_SET_COLUMNS, _second_listed)),
    "INDEX": _by((_INCLUDED, _listed)),
    "TRIGGER": _by((_UPDATE_OF, _listed)),
    "STATISTICS": _by((_MEASURED, _second_listed)),
    "EVENT TRIGGER": _by((_TAGS, _listed)),
    "POLICY": _by((_ROLES, _listed)),
    "FUNCTION": _ROUTINE,
    "PROCEDURE": _ROUTINE,
    "PUBLICATION TABLE": _by((_PUBLISHED, _listed)),
    "SUBSCRIPTION": _by((_SUBSCRIBED, _listed)),
    "TEXT SEARCH DICTIONARY": _by((_INITIAL, _second_listed)),
}
