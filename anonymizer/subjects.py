"""Whose names a text may hold: people of another table, to whom the text's row refers.

A policy writes `"user_id -> public.users(name, email)"`: the row that `user_id` refers to in `public.users`, and the
columns of it whose values stand for somebody. Several columns of a key are written `(tenant, user_id) -> ...`, names as
SQL writes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from anonymizer import identifiers
from anonymizer.errors import PolicyError
from anonymizer.identifiers import TableName

_NAME = r'(?:"(?:[^"\0]|"")+"|[^\W\d][\w$]*)'
_LIST = rf"{_NAME}(?:\s*,\s*{_NAME})*"
_SUBJECT = re.compile(
    rf"\s*(?:(?P<one>{_NAME})|\((?P<several>\s*{_LIST}\s*)\))\s*->\s*"
    rf"(?P<table>{_NAME}\.{_NAME})\s*\((?P<fields>\s*{_LIST}\s*)\)\s*"
)


@dataclass(frozen=True)
class Subject:
    """A person of another table.

    Attributes:
        by: the columns of the text's own table that refer to the person.
        table: whose rows are people.
        fields: the columns of it that name one.
    """

    by: tuple[str, ...]
    table: TableName
    fields: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.reference}({', '.join(map(identifiers.shown, self.fields))})"

    @property
    def reference(self) -> str:
        """Who it is, without what names them: two subjects of one reference are one person."""
        by = ", ".join(map(identifiers.shown, self.by))
        return f"{by if len(self.by) == 1 else f'({by})'} -> {self.table}"

    @property
    def names(self) -> tuple[str, ...]:
        """What a mask calls the person's columns, beside those of the text's own row."""
        return tuple(named(self.reference, field) for field in self.fields)


def named(reference: str, field: str) -> str:
    """What a mask calls a column of the row that is referred to; no column of the row itself is called so by chance."""
    return f"{reference}({identifiers.shown(field)})"


def parse(text: str) -> Subject:
    """A subject as a policy writes it.

    Raises:
        PolicyError: it is none.
    """
    found = _SUBJECT.fullmatch(text)
    if not found:
        raise PolicyError(
            f"{text!r} is no subject",
            detail="A subject is a column of the same table, the table it refers to, and there the columns that name "
            "somebody.",
            hint='Write subject = "user_id -> public.users(name, email, phone)".',
        )
    by = _names(found["one"] or found["several"])
    return Subject(by, identifiers.parse(found["table"]), _names(found["fields"]))


def of(options: Mapping[str, Any]) -> tuple[Subject, ...]:
    """The people that a mask's option `subject` names: in one text, or in a list of such.

    Raises:
        PolicyError: it is neither.
    """
    given = options.get("subject", [])
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise PolicyError("the option 'subject' must be a text or a list of texts")
    return tuple(map(parse, texts))


def _names(text: str) -> tuple[str, ...]:
    return tuple(
        name[1:-1].replace('""', '"') if name.startswith('"') else identifiers.folded(name)
        for name in re.findall(_NAME, text)
    )
