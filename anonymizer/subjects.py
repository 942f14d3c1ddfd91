"""Whose names a text may hold: people of another table, to whom the text's row refers.

A policy writes `"user_id -> public.users(name, email)"`: the row that `user_id` refers to in `public.users`, and the
columns of it whose values stand for somebody. Several columns of a key are written `(tenant, user_id) -> ...`, and a
way over another table `ticket_id -> public.tickets.user_id -> public.users(name)`; names as SQL writes them.
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
_LIST = rf"\(\s*{_NAME}(?:\s*,\s*{_NAME})*\s*\)"
_BY = re.compile(rf"\s*({_NAME}|{_LIST})\s*->\s*")
_TABLE = re.compile(rf"({_NAME}\.{_NAME})(?:\.|\s*(?=\())")
_FIELDS = re.compile(rf"({_LIST})\s*")


@dataclass(frozen=True)
class Step:
    """A reference on the way: the columns that refer, of the table before, and the table that they refer to."""

    by: tuple[str, ...]
    table: TableName


@dataclass(frozen=True)
class Subject:
    """A person of another table.

    Attributes:
        steps: how to get there from the text's own row; one for most.
        fields: the columns there that name the person.
    """

    steps: tuple[Step, ...]
    fields: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.reference}({', '.join(map(identifiers.shown, self.fields))})"

    @property
    def table(self) -> TableName:
        """Whose rows are people."""
        return self.steps[-1].table

    @property
    def reference(self) -> str:
        """Who it is, without what names them: two subjects of one reference are one person."""
        return ".".join(f"{_by(step.by)} -> {step.table}" for step in self.steps)

    @property
    def names(self) -> tuple[str, ...]:
        """What a mask calls the person's columns, beside those of the text's own row."""
        return tuple(named(self.reference, field) for field in self.fields)


def _by(columns: tuple[str, ...]) -> str:
    names = ", ".join(map(identifiers.shown, columns))
    return names if len(columns) == 1 else f"({names})"


def named(reference: str, field: str) -> str:
    """What a mask calls a column of the row that is referred to; no column of the row itself is called so by chance."""
    return f"{reference}({identifiers.shown(field)})"


def parse(text: str) -> Subject:
    """A subject as a policy writes it.

    Raises:
        PolicyError: it is none.
    """
    steps, at = [], 0
    while by := _BY.match(text, at):
        table = _TABLE.match(text, by.end())
        if not table:
            break
        steps.append(Step(_names(by[1]), identifiers.parse(table[1])))
        at = table.end()
        if (fields := _FIELDS.fullmatch(text, at)) and text[at - 1] != ".":
            return Subject(tuple(steps), _names(fields[1]))
    raise PolicyError(
        f"{text!r} is no subject",
        detail="A subject is a column of the same table, the table it refers to, and there the columns of a name.",
        hint='Write subject = "user_id -> public.users(name, email, phone)".',
    )


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
