"""Table names as SQL writes them: read from a policy, and written into statements and messages."""

from __future__ import annotations

import re
from typing import NamedTuple

from anonymizer.errors import PolicyError

_PART = re.compile(r'"((?:[^"\0]|"")+)"|([^\W\d][\w$]*)')
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")


class TableName(NamedTuple):
    """A table: its schema and its own name, both as the catalog has them."""

    schema: str
    name: str

    def __str__(self) -> str:
        """As SQL would write it, quoted only where it must be."""
        return f"{shown(self.schema)}.{shown(self.name)}"

    @property
    def sql(self) -> str:
        """For a statement: always quoted, so that no keyword and no capital letter matters."""
        return f"{quote(self.schema)}.{quote(self.name)}"


def parse(text: str) -> TableName:
    """A table name with its schema; an unquoted part is folded to lower case, as PostgreSQL does.

    Raises:
        PolicyError: it is no such name.
    """
    parts, at = [], 0
    while found := _PART.match(text, at):
        parts.append(found[1].replace('""', '"') if found[1] is not None else folded(found[2]))
        at = found.end()
        if at == len(text) or text[at] != ".":
            break
        at += 1
    if at != len(text) or len(parts) != 2:
        raise PolicyError(
            f"{text!r} names no table",
            detail="A table is named with its schema, as SQL writes it.",
            hint='Write [tables."public.users"], or [tables.\'"Sales 24"."Orders"\'] where SQL needs quotes.',
        )
    return TableName(parts[0], parts[1])


def folded(name: str) -> str:
    """In lower case as PostgreSQL folds it: in UTF-8 only the letters of ASCII."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def quote(identifier: str) -> str:
    """An identifier for a statement."""
    return '"' + identifier.replace('"', '""') + '"'


def shown(identifier: str) -> str:
    """An identifier for a person: quoted only where it must be."""
    return identifier if _PLAIN.fullmatch(identifier) else quote(identifier)
