"""One thing that speaks against a policy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that speaks against a policy.

    Attributes:
        kind: a word for programs: unnamed, unknown, gone, retyped, unsuitable, not-null, unique, foreign-key,
            partition, json-path, hstore-key, check, literal, subset.
        table: the table, as the policy would name it.
        column: the column, None where it is about the table.
        message: the same for a person, as a sentence without its full stop.
        suggestion: a line for the policy that would settle it, None where there is none.
    """

    kind: str
    table: str
    column: str | None
    message: str
    suggestion: str | None = None
