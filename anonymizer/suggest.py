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
        ("user_agent", r"user_?agent|(^|_)browser($|_)"),
        ("mac", r"(^|_)mac($|_)|mac_?addr|hw_?addr"),
        ("ip", r"(^|_)ip($|_|v[46]|addr)|remote_addr"),
        ("user_name", r"(^|_)(user_?name|log_?in|nick_?name|handle|screen_?name)$"),
        ("password", r"passw(or)?d|(^|_)pwd($|_)|pass_?hash"),
        ("token", r"token|secret|api_?key|(^|_)session(_?id|_?key)($|_)|otp|nonce"),
        ("iban", r"(^|_)iban($|_)|bank_?account"),
        ("card", r"card_?(no|num|number)|credit_?card|(^|_)pan$"),
        ("national_id", r"(^|_)(ssn|nir|dni|nie|tax_?id|fiscal_?code|national_?id|codice_?fiscale)($|_)"),
        ("birth_date", r"birth|(^|_)dob($|_)|nascita"),
        ("first_name", r"first_?name|given_?name|fore_?name|(^|_)nome$|vorname|prenom"),
        ("last_name", r"last_?name|sur_?name|family_?name|cognome|nachname"),
        ("phone", r"phone|mobile|(^|_)tel($|_)|(^|_)fax($|_)|cell(ulare)?($|_)|telefono"),
        ("company", r"company|employer|organi[sz]ation|azienda|(^|_)firm($|_)"),
        ("postcode", r"post_?(al_?)?code|(^|_)zip|(^|_)cap$"),
        ("address", r"address|(^|_)addr|indirizzo"),
        ("street", r"street|(^|_)via$"),
        ("city", r"(^|_)(city|town|citta)($|_)|billing_?city"),
        ("country", r"(^|_)(country|nation(ality)?|paese)($|_)"),
        ("job", r"(^|_)(job|occupation|profession|job_?title)($|_)"),
        ("url", r"(^|_)(url|uri|website|homepage|link|avatar|referr?er)($|_)"),
        ("name", r"full_?name|display_?name|contact_?name|(customer|person|author|owner)_?name|ragione_sociale"),
        ("text", r"note|comment|description|message|body|bio|subject"),
    )
)
_BY_KIND = {
    "inet": ("ip", "holds network addresses"),
    "macaddr": ("mac", "holds hardware addresses"),
    "uuid": ("uuid", "UUIDs, which join as before"),
    "bytea": ("bytea", "bytes that nobody can look into"),
    "point": ("geo", "holds coordinates"),
    "tsvector": ("tsvector", "the words of some text"),
}
_NEVER_REPEAT = frozenset({"email", "user_name", "uuid", "token", "card", "iban", "mac", "national_id"})
_HARMLESS = {"number", "time", "boolean", "enum"}
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
    if column.kind in _BY_KIND:
        mask, reason = _BY_KIND[column.kind]
        return _fit(column, Guess(_toml(mask), 0.95 if column.kind == "inet" else 0.7, reason))
    if column.kind in ("hstore", "xml"):
        return Guess(f'{{ mask = "{column.kind}", others = "text" }}', 0.5, f"type {column.type}")
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
    """Numbers, times, truth values and labels: kept, unless the name says that they are about somebody."""
    name = column.name.lower()
    if re.search(r"(^|_)id$", name):
        return Guess(_toml(KEEP), 0.7, "a surrogate key by its name and type")
    if found := _personal(column, name, by_name):
        return found
    if by_name:
        return Guess(_toml(UNKNOWN), 0.0, f"its name speaks of a person, its type is {column.type}")
    return Guess(_toml(KEEP), 0.6, f"type {column.type}, and its name speaks of nobody")


def _personal(column: Column, name: str, by_name: str | None) -> Guess | None:
    """Numbers and dates that are about somebody, and for which there is a mask."""
    if column.unique:
        return None
    if by_name == "birth_date" and column.base in ("", "date", "timestamp", "timestamptz") and column.kind == "time":
        return Guess(_toml("birth_date"), 0.9, "its name and type")
    if column.kind != "number":
        return None
    if found := re.search(r"(^|_)(lat|lon|lng)(itude|gitude|g)?($|_)", name):
        axis = "lat" if found[2] == "lat" else "lon"
        return Guess(f'{{ mask = "geo", axis = "{axis}" }}', 0.9, "its name and type")
    if re.search(r"salary|wage|income|stipendio", name):
        return Guess('{ mask = "noise", percent = 10 }', 0.7, "its name and type")
    return None


def _fit(column: Column, found: Guess) -> Guess:
    """A unique column needs a mask that never repeats itself."""
    mask = json.loads(found.mask)
    if not column.unique or mask in _NEVER_REPEAT:
        return found
    if mask == "ip" and column.kind == "inet":
        return Guess('{ mask = "ip", prefix = true }', found.confidence, found.reason + ", unique")
    if column.kind != "text":
        return Guess(_toml(UNKNOWN), 0.0, f"{found.reason}, but it is unique and {mask} repeats itself")
    return Guess(f"{{ mask = {found.mask}, unique = true }}", found.confidence, found.reason + ", unique")


def _by_values(values: Sequence[str]) -> str | None:
    tests: tuple[tuple[str, Callable[[str], object]], ...] = (
        ("email", _EMAIL.fullmatch),
        ("uuid", re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE).fullmatch),
        ("mac", re.compile(r"([0-9a-f]{2}[:-]){5}[0-9a-f]{2}", re.IGNORECASE).fullmatch),
        ("ip", _is_address),
        ("url", re.compile(r"https?://\S+").fullmatch),
        ("user_agent", re.compile(r"Mozilla/\d.*").fullmatch),
        ("password", re.compile(r"\$2[aby]\$\d\d\$.{53}|pbkdf2_sha\d+\$.*|\$argon2id?\$.*").fullmatch),
        ("iban", re.compile(r"[A-Z]{2}\d{2}( ?[A-Z0-9]){11,30}").fullmatch),
        ("national_id", re.compile(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]|\d{3}-\d{2}-\d{4}").fullmatch),
        ("card", _is_card),
        ("token", re.compile(r"[0-9a-f]{32,}|eyJ[\w-]+\.[\w.-]+|(sk|pk|ghp|xox.)[_-]\w{16,}").fullmatch),
        ("phone", _is_phone),
    )
    for mask, test in tests:
        if values and sum(bool(test(value)) for value in values) >= 0.8 * len(values):
            return mask
    if values and any(_EMAIL.search(value) for value in values):
        return "text"
    return None


def _is_card(value: str) -> bool:
    """Whether it has as many digits as a card and passes Luhn's test."""
    plain = re.sub(r"[ -]", "", value)
    if not re.fullmatch(r"\d{13,19}", plain):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(plain))]
    return sum(digit - 9 * (digit > 9) for digit in doubled) % 10 == 0


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
