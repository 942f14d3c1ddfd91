"""What a text is, by its form and its check digits: an e-mail address, a card, a national id, a name, a secret.

Formats and check digits are those of python-stdnum and phonenumbers, names those of Faker's lists (`peoplenames`). The
texts stay here: an answer is a word, never a part of what was looked at.
"""

from __future__ import annotations

import functools
import importlib
import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import phonenumbers
from stdnum import iban, luhn

from anonymizer import peoplenames

STRONG_IDS = (
    "it.codicefiscale",
    "es.dni",
    "es.nie",
    "fr.nir",
    "mx.curp",
    "fi.hetu",
    "se.personnummer",
    "dk.cpr",
    "ie.pps",
    "in_.pan",
    "cn.ric",
    "kr.rrn",
    "pt.cc",
    "ch.ssn",
    "za.idnr",
    "br.cpf",
    "cl.rut",
)
"""National ids whose form and check digits hardly anything else has; as python-stdnum names their modules."""

WEAK_IDS = (
    "de.idnr",
    "pl.pesel",
    "no.fodselsnummer",
    "be.nn",
    "ro.cnp",
    "bg.egn",
    "ee.ik",
    "lt.asmens",
    "hr.oib",
    "tr.tckimlik",
    "in_.aadhaar",
    "il.idnr",
    "gr.amka",
    "cz.rc",
    "nl.bsn",
    "ca.sin",
    "gb.nhs",
    "at.vnr",
    "us.itin",
    "is_.kennitala",
    "ua.rntrc",
    "th.pin",
    "si.emso",
    "sk.rc",
    "au.tfn",
)
"""National ids of digits with one or two to check them: one number in ten or so passes by chance."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MAC = re.compile(r"([0-9a-f]{2}[:-]){5}[0-9a-f]{2}", re.IGNORECASE)
_URL = re.compile(r"https?://\S+")
_AGENT = re.compile(r"Mozilla/\d.*")
_HASH = re.compile(r"\$2[aby]\$\d\d\$.{53}|pbkdf2_sha\d+\$.*|\$argon2id?\$.*|SCRAM-SHA-256\$.*|md5[0-9a-f]{32}")
_TOKEN = re.compile(r"[0-9a-f]{32,}|eyJ[\w-]+\.[\w.-]+|(sk|pk|rk|ghp|gho|ghs|xox.)[_-]\w{16,}|AKIA[0-9A-Z]{16}")
_SSN = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}")
_NIF_LIKE = re.compile(r"\d{4}-\d\d-\d\d.*")
_PHONE = re.compile(r"\+?\(?\d[\d\s()./-]{5,20}\d(\s?(x|ext\.?)\s?\d{1,6})?")
_CARD = re.compile(r"[2-6]\d{3}([ -]?\d){8,15}")


@dataclass(frozen=True)
class Found:
    """What most of some values are.

    Attributes:
        mask: the mask that is made for it.
        share: how many of the values are it, 0 to 1.
        reason: a few words; never a value.
    """

    mask: str
    share: float
    reason: str


def most(values: Sequence[str], locale: str = "en_US") -> Found | None:
    """What at least four of five values are; None if nothing that has a form of its own.

    Args:
        values: none of them NULL or empty.
        locale: Faker's name of it, whose country's telephone numbers need no prefix.
    """
    if not values:
        return None
    several = len(set(values)) >= _SEVERAL
    region = locale[-2:] if re.fullmatch(r"[a-z]{2,3}_[A-Z]{2}", locale) else None
    tests: tuple[tuple[str, str, Callable[[str], object]], ...] = (
        ("email", "e-mail addresses", _EMAIL.fullmatch),
        ("uuid", "UUIDs", _UUID.fullmatch),
        ("mac", "hardware addresses", _MAC.fullmatch),
        ("ip", "network addresses", is_address),
        ("url", "web addresses", _URL.fullmatch),
        ("user_agent", "browsers", _AGENT.fullmatch),
        ("password", "password hashes", _HASH.fullmatch),
        ("iban", "valid IBANs", iban.is_valid),
        ("national_id", "valid national ids", strong_id),
        ("card", "card numbers that pass Luhn's test", is_card),
        ("token", "tokens", _TOKEN.fullmatch),
        ("phone", "telephone numbers", functools.partial(is_phone, region=region)),
        *((("national_id", "national ids with valid check digits", weak_id),) if several else ()),
    )
    for mask, reason, test in tests:
        share = sum(bool(test(value)) for value in values) / len(values)
        if share >= _MOST:
            return Found(mask, share, reason)
    return None


_MOST = 0.8
_TELLING_DIGITS = (13, 15, 18)
"""Digits alone need so many: of fewer one number in ten passes somebody's check by chance, and 16 are a card."""
_SEVERAL = 5
"""Fewer different values than this may pass a short check by chance."""


def people(values: Sequence[str]) -> Found | None:
    """Whether values are names of people, by Faker's lists; None if they are not."""
    distinct = sorted({value.strip() for value in values})
    if len(distinct) < 2:
        return None
    shares = {
        "first_name": sum(peoplenames.is_first(value) for value in distinct) / len(distinct),
        "last_name": sum(peoplenames.is_last(value) for value in distinct) / len(distinct),
        "name": sum(peoplenames.is_full(value) for value in distinct) / len(distinct),
    }
    mask, share = max(shares.items(), key=lambda item: item[1])
    if share >= _NAMES:
        return Found(mask, share, f"{share:.0%} of them are {mask.replace('_', ' ')}s in Faker's lists")
    return None


_NAMES = 0.6


def is_address(value: str) -> bool:
    """Whether it is an IPv4 or IPv6 address, a prefix length or none behind it."""
    try:
        ipaddress.ip_interface(value)
    except ValueError:
        return False
    return not value.isdigit()


def is_card(value: str) -> bool:
    """Whether it has the form of a payment card's number and passes Luhn's test."""
    return bool(_CARD.fullmatch(value)) and len(set(value)) > 2 and luhn.is_valid(re.sub(r"[ -]", "", value))


def is_phone(value: str, region: str | None = None) -> bool:
    """Whether it is a telephone number: with a prefix a possible one, without it a valid one of the region."""
    if not _PHONE.fullmatch(value.strip()) or _NIF_LIKE.match(value):
        return False
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return False
    if value.lstrip().startswith("+"):
        return phonenumbers.is_possible_number(number)
    return phonenumbers.is_valid_number(number)


def strong_id(value: str) -> str | None:
    """The country's module if it is a valid national id of a telling form."""
    if _SSN.fullmatch(value):
        return "us.ssn"
    if not 8 <= len(value) <= 22 or ((bare := value.replace(" ", "")).isdigit() and len(bare) not in _TELLING_DIGITS):
        return None
    return _first_valid(STRONG_IDS, value)


def weak_id(value: str) -> str | None:
    """The country's module if it is digits that check."""
    return _first_valid((*STRONG_IDS, *WEAK_IDS), value) if 8 <= len(value) <= 22 else None


def _first_valid(names: tuple[str, ...], value: str) -> str | None:
    return next((name for name in names if _module(name).is_valid(value)), None)


@functools.cache
def _module(name: str) -> _Module:
    found: _Module = importlib.import_module(f"stdnum.{name}")  # type: ignore[assignment]
    return found


class _Module:
    """A module of python-stdnum."""

    is_valid: Callable[[str], bool]


_INSIDE: tuple[tuple[str, re.Pattern[str], Callable[[str], object]], ...] = (
    ("an e-mail address", re.compile(r"[\w.+'%-]+@[\w-]+(?:\.[\w-]+)+"), bool),
    ("an IBAN", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b"), iban.is_valid),
    ("a card number", re.compile(r"(?<![\w.-])[2-6]\d{3}(?:[ -]?\d){8,15}(?![\w-])"), is_card),
    ("a national id", re.compile(r"(?<![\w.-])(?:\d{3}-\d\d-\d{4}|[A-Z0-9]{8,18})(?![\w-])"), strong_id),
    (
        "a password's hash",
        re.compile(r"\$2[aby]\$\d\d\$.{53}|pbkdf2_sha\d+\$\S+|\$argon2id?\$\S+|SCRAM-SHA-256\$\S+"),
        bool,
    ),
    ("a secret", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|(?<!\w)(?:eyJ[\w-]{8,}\.[\w.-]+|AKIA[0-9A-Z]{16})"), bool),
    ("a secret", re.compile(r"(?<!\w)(?:sk|pk|rk|ghp|gho|ghs|xox.|glpat)[_-][\w-]{16,}"), bool),
    ("a secret", re.compile(r"(?<![0-9A-Za-z])(?:[0-9a-f]{40,}|[0-9A-F]{40,})(?![0-9A-Za-z])"), bool),
    ("a password", re.compile(r"\w://[^\s:/@]+:[^\s@/]+@"), bool),
    ("a password", re.compile(r"(?i)\b(?:password|passwd|pwd|secret|api_?key)\s*=\s*'?[^\s'\";,)]{4,}"), bool),
    (
        "a network address",
        re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])|(?<![\w:])[0-9a-fA-F:]{7,39}(?![\w:])"),
        lambda text: _host(text),
    ),
)


def inside(text: str, locale: str = "en_US") -> list[str]:
    """What in a text looks personal or secret, as words for a person, each once: "an e-mail address", "a name", ...

    Cautious the other way round than `most`: what is looked at is code and comments, so a number needs a form.
    """
    found = [word for word, pattern, test in _INSIDE if any(test(match[0]) for match in pattern.finditer(text))]
    if any(_phones(text, locale)):
        found.append("a telephone number")
    if peoplenames.in_text(text, locale):
        found.append("a person's name")
    return list(dict.fromkeys(found))


def _host(text: str) -> bool:
    """An address that may be somebody's: not a mask, not this machine."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast or text.startswith("255."))


def _phones(text: str, locale: str) -> Iterator[bool]:
    region = locale[-2:] if re.fullmatch(r"[a-z]{2,3}_[A-Z]{2}", locale) else None
    if not re.search(r"\d(?:[\s()./-]{0,2}\d){6}", text):
        return
    for match in phonenumbers.PhoneNumberMatcher(text, region):
        raw = match.raw_string
        yield raw.startswith("+") or bool(re.search(r"\d[ ()-]+\d", raw))
