"""The policy: what may leave, column by column. The model and its loading.

    version = 1
    locale = "it_IT"
    [tables."public.users"]
    id        = "keep"
    email     = "email"                      # a mask by its name
    full_name = { mask = "name" }            # or with options
    [tables."public.audit_log"]
    "*" = "drop-rows"                        # structure only
    [tables."public.genre"]
    "*" = "keep"                             # all remaining columns, said aloud
    [subset]
    "public.users" = "5%"                    # which rows may leave; without it, all

A policy says what may leave. What it does not name does not: there is no default mask and no default keep.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anonymizer import identifiers, maskers
from anonymizer.errors import PolicyError
from anonymizer.identifiers import TableName
from anonymizer.maskers import DROP_ROWS, Mask
from anonymizer.subset import rules as subset
from anonymizer.subset.rules import Rule

REST = "*"
DEFAULT_LOCALE = "en_US"


@dataclass(frozen=True)
class TablePolicy:
    """What happens to one table.

    Attributes:
        columns: the masks of the columns that are named.
        rest: the mask of all others, None where the policy does not say.
    """

    columns: Mapping[str, Mask] = field(default_factory=dict)
    rest: Mask | None = None

    @property
    def drops_rows(self) -> bool:
        """Whether the table arrives empty."""
        return self.rest is not None and self.rest.name == DROP_ROWS

    def mask_of(self, column: str) -> Mask | None:
        """The mask of a column; None where the policy says nothing, and the column must not leave."""
        return self.columns.get(column, self.rest)


@dataclass(frozen=True)
class Accepted:
    """Something outside of columns that looks personal, and that somebody looked at and let leave.

    Attributes:
        where: the object, as `policy check` names it: "comment on table public.users".
        what: what it looks like, in the same words: "an e-mail address".
        reason: why it may leave.
    """

    where: str
    what: str
    reason: str


@dataclass(frozen=True)
class Policy:
    """A whole policy.

    Attributes:
        tables: what happens to each.
        locale: of the names that masks invent.
        digest: the SHA-256 of the file it came from, for the attestation.
        types: the type of each column when somebody last decided on it, as SQL writes it; empty where not recorded.
        accepted: literals of the schema that look personal and may leave.
        quasi_identifiers: by table, the sets of columns that could tell somebody apart together.
        k: how many rows must at least agree in each such set.
        elsewhere: originals that may stand in another column: where, whose ("*" for anybody's), and why.
        subset: which rows of which tables are chosen; empty for all of all.
        paths: what stood inside of documents where they are kept, when somebody last looked; empty where not recorded.
    """

    tables: Mapping[TableName, TablePolicy]
    locale: str = DEFAULT_LOCALE
    digest: str = ""
    subset: Mapping[TableName, Rule] = field(default_factory=dict)
    types: Mapping[TableName, Mapping[str, str]] = field(default_factory=dict)
    accepted: tuple[Accepted, ...] = ()
    quasi_identifiers: Mapping[TableName, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    k: int = 1
    elsewhere: Mapping[tuple[str, str], str] = field(default_factory=dict)
    paths: Mapping[TableName, Mapping[str, frozenset[str]]] = field(default_factory=dict)

    def reason(self, where: str, of: str) -> str | None:
        """Why originals of one column may stand in another, None if they may not. A canary never may."""
        if of.startswith("canary "):
            return None
        return self.elsewhere.get((where, of)) or self.elsewhere.get((where, "*"))

    def accepts(self, where: str, what: str) -> bool:
        """Whether somebody looked at what looks like this in an object of the schema, and let it leave."""
        return any(entry.where == where and entry.what == what for entry in self.accepted)


def load(path: Path) -> Policy:
    """Read a policy from its file.

    Raises:
        PolicyError: the file cannot be read, is not TOML, or says something that means nothing.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(
            "the policy cannot be read",
            detail=f"{path}: {getattr(error, 'strerror', None) or error}.",
            hint="Name one with --policy, or draft one with `understudy policy init`.",
        ) from None
    try:
        return parse(text)
    except PolicyError as error:
        detail = f"{path}: {error.detail}" if error.detail else f"It stands in {path}."
        raise type(error)(error.message, detail=detail, hint=error.hint) from None


def parse(text: str) -> Policy:
    """Read a policy from TOML text.

    Raises:
        PolicyError: it is not TOML, or says something that means nothing.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError("the policy is not TOML", detail=f"{error}.") from None
    version = document.pop("version", None)
    if version is None:
        raise PolicyError("the policy does not say its version", hint="Begin it with: version = 1")
    if version != 1 or not isinstance(version, int) or isinstance(version, bool):
        raise PolicyError(f"the policy has the version {version!r}", detail="This program reads version 1.")
    locale = document.pop("locale", DEFAULT_LOCALE)
    tables = document.pop("tables", {})
    rules = subset.section(document.pop("subset", {}))
    types, accepted = _types(document.pop("types", {})), _accepted(document.pop("accepted", []))
    quasi, k = _quasi_identifiers(document.pop("quasi_identifiers", {})), _k(document.pop("k", 1))
    elsewhere = _elsewhere(document.pop("elsewhere", []))
    paths = _paths(document.pop("paths", {}))
    if document:
        raise PolicyError(
            f"the policy has the unknown key {next(iter(document))!r}",
            detail="It knows version, locale, tables, subset, types, paths, accepted, elsewhere, "
            "quasi_identifiers and k.",
            hint='A table is written [tables."schema.name"].',
        )
    if not isinstance(locale, str) or not isinstance(tables, dict):
        raise PolicyError("locale must be a text and tables a table")
    check_locale(locale)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Policy(_tables(tables, locale), locale, digest, rules, types, accepted, quasi, k, elsewhere, paths)


def _k(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise PolicyError("k must be a whole number from 1 on", detail="It says how many rows must hide together.")
    return value


def _quasi_identifiers(given: object) -> dict[TableName, tuple[tuple[str, ...], ...]]:
    wrong = PolicyError(
        "quasi_identifiers must name tables, each with a list of lists of columns",
        hint='Write [quasi_identifiers], then "public.users" = [["birth_date", "postcode", "gender"]].',
    )
    if not isinstance(given, dict):
        raise wrong
    for some in given.values():
        if not isinstance(some, list) or not all(isinstance(one, list) and one for one in some):
            raise wrong
        if not all(isinstance(column, str) for one in some for column in one):
            raise wrong
    return {identifiers.parse(name): tuple(tuple(one) for one in some) for name, some in given.items()}


def _elsewhere(given: object) -> dict[tuple[str, str], str]:
    wrong = PolicyError(
        "an entry of elsewhere says in which column originals may stand, of whose if not of all, and why",
        hint='Write [[elsewhere]], then in = "public.reviews.body", of = "public.users.full_name", reason = "signed".',
    )
    found = {}
    for entry in given if isinstance(given, list) else [None]:
        if not isinstance(entry, dict) or not {"in", "reason"} <= set(entry) <= {"in", "of", "reason"}:
            raise wrong
        if not all(isinstance(value, str) and value.strip() for value in entry.values()):
            raise wrong
        found[entry["in"], entry.get("of", "*")] = entry["reason"]
    return found


def _types(document: object) -> dict[TableName, Mapping[str, str]]:
    if not isinstance(document, dict):
        raise PolicyError("types must be a table", hint="`understudy policy record` writes it.")
    for text, columns in document.items():
        if not isinstance(columns, dict) or not all(isinstance(type_, str) for type_ in columns.values()):
            raise PolicyError(
                f"the types of {text} are no table of texts", hint="`understudy policy record` writes them anew."
            )
    return {identifiers.parse(text): columns for text, columns in document.items()}


def _paths(document: object) -> dict[TableName, Mapping[str, frozenset[str]]]:
    wrong = PolicyError(
        "paths must name tables, each with a list of paths for a column",
        hint="`understudy policy record` writes them anew.",
    )
    if not isinstance(document, dict) or not all(isinstance(columns, dict) for columns in document.values()):
        raise wrong
    for columns in document.values():
        for paths in columns.values():
            if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
                raise wrong
    return {
        identifiers.parse(table): {column: frozenset(paths) for column, paths in columns.items()}
        for table, columns in document.items()
    }


def _accepted(entries: object) -> tuple[Accepted, ...]:
    if not isinstance(entries, list):
        raise PolicyError("accepted must be a list of tables", hint=_ACCEPTED_HINT)
    found = []
    for entry in entries:
        if not isinstance(entry, dict) or set(entry) != {"where", "what", "reason"}:
            raise PolicyError("an entry of accepted says where, what and reason", hint=_ACCEPTED_HINT)
        if not all(isinstance(value, str) and value.strip() for value in entry.values()):
            raise PolicyError("an entry of accepted is made of texts that say something", hint=_ACCEPTED_HINT)
        if entry["reason"].strip() != "?":
            found.append(Accepted(**entry))
    return tuple(found)


_ACCEPTED_HINT = (
    "Write [[accepted]] and three lines below it: "
    'where = "comment on table public.users", what = "an e-mail address", reason = "a shared mailbox".'
)


def check_locale(locale: str) -> None:
    """Refuse a locale that there is none of.

    Raises:
        PolicyError: Faker has no such locale, and we have no names of it.
    """
    from anonymizer import pools

    if not locale.isidentifier() or not (pools.FOLDER / f"{locale}.json").exists():
        from faker.config import AVAILABLE_LOCALES

        if locale not in AVAILABLE_LOCALES:
            raise PolicyError(f"there is no locale {locale!r}", hint="Write it as Faker does: it_IT, en_US, de_DE, ...")


def _tables(tables: Mapping[str, Any], locale: str) -> dict[TableName, TablePolicy]:
    found: dict[TableName, TablePolicy] = {}
    for text, columns in tables.items():
        name = identifiers.parse(text)
        if name in found:
            raise PolicyError(f"the table {name} is named twice")
        if not isinstance(columns, dict):
            raise PolicyError(f"the entry of {name} is not a table", hint=f'Write [tables."{name}"].')
        found[name] = _table(name, columns, locale)
    return found


def _table(name: TableName, columns: Mapping[str, Any], locale: str) -> TablePolicy:
    masks: dict[str, Mask] = {}
    for column, spec in columns.items():
        try:
            masks[column] = maskers.parse(spec)
            maskers.check(masks[column], locale)
        except PolicyError as error:
            where = f"{name}, column {column!r}."
            detail = f"{where} {error.detail}" if error.detail else where
            raise PolicyError(error.message, detail=detail, hint=error.hint) from None
    rest = masks.pop(REST, None)
    dropped = any(mask.name == DROP_ROWS for mask in masks.values())
    if dropped or (rest is not None and rest.name == DROP_ROWS and masks):
        raise PolicyError(
            "drop-rows is about whole tables",
            detail=f"{name} names columns beside it.",
            hint='Write "*" = "drop-rows" as the only line of the table.',
        )
    return TablePolicy(masks, rest)
