"""Errors in PostgreSQL's shape: a message, a detail and a hint, and the exit code they end a command with.

    UnderstudyError          exit 1   it failed
    ├── UsageError           exit 2   the command was not understood
    ├── UnsafeError          exit 3   an honest no: it ran, and the answer is not the one hoped for
    └── RefusedError         exit 4   nothing was touched; the hint says what would allow it

Each package derives its own family from these. The first line of a class's docstring is its default message:
lower case, no full stop. `detail` and `hint` are sentences.
"""

from __future__ import annotations

import inspect


class UnderstudyError(Exception):
    """understudy failed"""

    exit_code = 1

    def __init__(self, message: str | None = None, *, detail: str | None = None, hint: str | None = None) -> None:
        """Keeps the three parts apart, so that text, JSON and logs can each show them their own way."""
        self.message = message or (inspect.getdoc(type(self)) or "understudy failed").splitlines()[0]
        self.detail = detail
        self.hint = hint
        super().__init__(self.message)

    def __str__(self) -> str:
        """The three parts as PostgreSQL's psql prints them, one a line."""
        lines = [self.message]
        if self.detail:
            lines.append(f"detail: {self.detail}")
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class UsageError(UnderstudyError):
    """the command was not understood"""

    exit_code = 2


class UnsafeError(UnderstudyError):
    """the answer is no"""

    exit_code = 3


class RefusedError(UnderstudyError):
    """refused, nothing was touched"""

    exit_code = 4
