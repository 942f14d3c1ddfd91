"""A first guess for a column's mask, from its name, its type and a few of its values. A person decides.

The values stay here: a guess carries its reason, never a value.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from anonymizer.catalog import Column
from anonymizer.identifiers import TableName
from anonymizer.maskers import KEEP, UNKNOWN

_BARE = re.compile(r"[A-Za-z0-9_-]+")

_NAMES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (mask, re.compile(pattern))
    for mask, pattern in (
        ("email", r"e_?mail|(^|_)mail($|_)"),
        ("ip", r"(^|_)ip($|_|v[46]|addr)|remote_addr"),
        ("first_name", r"first_?name|given_?name|fore_?name|(^|_)nome$|vorname|prenom"),
        ("last_name", r"last_?name|sur_?name|family_?name|cognome|nachname"),
        ("phone", r"phone|mobile|(^|_)tel($|_)|(^|_)fax($|_)|cell(ulare)?($|_)|telefono"),
        ("company", r"company|employer|organi[sz]ation|azienda|(^|_)firm($|_)"),
        ("address", r"address|street|(^|_)addr|indirizzo"),
        ("city", r"(^|_)(city|town|citta)($|_)|billing_?city"),
        ("name", r"full_?name|display_?name|contact_?name|(customer|person|user|author|owner)_?name|ragione_sociale"),
        ("text", r"note|comment|description|message|body|bio|subject|post_?code|zip|token|secret|password|iban|ssn"),
    )
)
_HARMLESS = {"number", "time", "boolean"}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE)
_PHONE = re.compile(r"\+?\(?\d[\d\s()./-]{6,18}\d")


@dataclass(frozen=True)
class Guess:
    """A mask, how sure we are, and why.

    Attributes:
        mask: what would stand in the policy, as TOML.
        confidence: 0 to 1.
        reason: a few words for the comment.
    """

    mask: str
    confidence: float
    reason: str


def header(name: TableName) -> str:
    """The TOML header of a table's entry."""
    text = str(name)
    return f"[tables.{_toml(text)}]"


def key(column: str) -> str:
    """A column's name as a TOML key."""
    return column if _BARE.fullmatch(column) else _toml(column)


def line(column: Column) -> str:
    """The suggested mask of a column, as TOML, from its name and type alone."""
    return guess(column, ()).mask


def guess(column: Column, values: Sequence[str]) -> Guess:
    """The likeliest mask of a column.

    Args:
        column: the column.
        values: some of its values as text, none of them NULL or empty. They are looked at and forgotten.
    """
    if column.kind == "json":
        return _json(values)
    by_value = _by_values(values)
    by_name = next((mask for mask, pattern in _NAMES if pattern.search(column.name.lower())), None)
    if column.kind == "inet":
        return _fit(column, Guess(_toml("ip"), 0.95, "holds network addresses"))
    if column.kind in _HARMLESS:
        return _harmless(column, by_name)
    if column.kind != "text":
        return Guess(_toml(UNKNOWN), 0.0, f"type {column.type}")
    if by_value and by_value == by_name:
        return _fit(column, Guess(_toml(by_value), 0.98, "its name and its values"))
    if by_value:
        return _fit(column, Guess(_toml(by_value), 0.9, "its values"))
    if by_name:
        return _fit(column, Guess(_toml(by_name), 0.7, "its name"))
    return Guess(_toml(UNKNOWN), 0.0, "nothing tells what it holds")


def _harmless(column: Column, by_name: str | None) -> Guess:
    """Numbers, times and truth values: kept, unless the name says that they are about somebody."""
    if re.search(r"(^|_)id$", column.name.lower()):
        return Guess(_toml(KEEP), 0.7, "a surrogate key by its name and type")
    if by_name or re.search(r"birth|(^|_)dob($|_)|salary|(^|_)lat($|_)|(^|_)lon(g)?($|_)", column.name.lower()):
        return Guess(_toml(UNKNOWN), 0.0, f"its name speaks of a person, its type is {column.type}")
    return Guess(_toml(KEEP), 0.6, f"type {column.type}, and its name speaks of nobody")


def _fit(column: Column, found: Guess) -> Guess:
    """A unique column needs a mask that never repeats itself."""
    if column.unique and found.mask != _toml("email"):
        return Guess(f"{{ mask = {found.mask}, unique = true }}", found.confidence, found.reason + ", unique")
    return found


def _by_values(values: Sequence[str]) -> str | None:
    tests: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("email", _EMAIL.fullmatch),
        ("ip", _is_address),
        ("phone", _is_phone),
    )
    for mask, test in tests:
        if values and sum(bool(test(value)) for value in values) >= 0.8 * len(values):
            return mask
    if values and any(_EMAIL.search(value) for value in values):
        return "text"
    return None


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_interface(value)
    except ValueError:
        return False
    return not value.isdigit()


def _is_phone(value: str) -> bool:
    plain = sum(character.isdigit() for character in value)
    return bool(_PHONE.fullmatch(value)) and 7 <= plain <= 15 and not re.fullmatch(r"\d{4}-\d\d-\d\d.*", value)


def _json(values: Sequence[str]) -> Guess:
    """The paths that the sampled documents have, each with a guess of its own; all others masked as text."""
    leaves: dict[str, list[str]] = {}
    for value in values:
        try:
            _collect("$", json.loads(value), leaves)
        except (ValueError, RecursionError):
            continue
    entries = []
    for path, found in sorted(leaves.items()):
        name = re.split(r"[.\[\]'\"*]+", path.rstrip("]'*["))[-1]
        column = Column(name, "text", "text", False, None, False, True, False)
        inner = guess(column, [text for text in found if text])
        if inner.mask != _toml(UNKNOWN):
            entries.append(f"{_toml(path)} = {inner.mask}")
    paths = f"paths = {{ {', '.join(entries)} }}, " if entries else ""
    return Guess(f'{{ mask = "json", {paths}others = "text" }}', 0.5, f"{len(leaves)} paths in the samples")


def _collect(path: str, node: Any, leaves: dict[str, list[str]]) -> None:
    if isinstance(node, dict):
        for name, item in node.items():
            step = f".{name}" if re.fullmatch(r"[A-Za-z_]\w*", name) else "['" + _escaped(name) + "']"
            _collect(path + step, item, leaves)
    elif isinstance(node, list):
        for item in node:
            _collect(path + "[*]", item, leaves)
    elif isinstance(node, str):
        leaves.setdefault(path, []).append(node)


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "\\'")


def _toml(text: str) -> str:
    """A TOML basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
