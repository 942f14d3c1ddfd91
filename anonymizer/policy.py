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
class Policy:
    """A whole policy.

    Attributes:
        digest: the SHA-256 of the file it came from, for the attestation.
        subset: which rows of which tables are chosen; empty for all of all.
    """

    tables: Mapping[TableName, TablePolicy]
    locale: str = DEFAULT_LOCALE
    digest: str = ""
    subset: Mapping[TableName, Rule] = field(default_factory=dict)


def load(path: Path) -> Policy:
    """Read a policy from its file.

    Raises:
        PolicyError: the file cannot be read, is not TOML, or says something that means nothing.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError("the policy cannot be read", detail=f"{path}: {error}.") from None
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
    if document:
        raise PolicyError(
            f"the policy has the unknown key {next(iter(document))!r}",
            detail="It knows version, locale, tables and subset.",
            hint='A table is written [tables."schema.name"].',
        )
    if not isinstance(locale, str) or not isinstance(tables, dict):
        raise PolicyError("locale must be a text and tables a table")
    check_locale(locale)
    return Policy(_tables(tables, locale), locale, hashlib.sha256(text.encode()).hexdigest(), rules)


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
