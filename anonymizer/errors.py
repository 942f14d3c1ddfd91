"""The anonymizer's errors, in the shape that understudy's have: message, detail, hint, exit code.

    AnonymizerError              exit 1   it failed; the target is what it was
    ├── PolicyError              exit 2   the policy file says something that means nothing
    ├── LeakError                exit 3   an original value survives
    └── CloneRefused             exit 4   nothing was touched; the hint says what would allow it

The base is written anew rather than imported: this package imports nothing of ours, so that whoever reviews what
sees unmasked rows reads one folder.
"""

from __future__ import annotations

import inspect


class AnonymizerError(Exception):
    """the anonymizer failed"""

    exit_code = 1

    def __init__(self, message: str | None = None, *, detail: str | None = None, hint: str | None = None) -> None:
        """Keeps the three parts apart. None of them may hold a value of a row, a key or a password."""
        self.message = message or (inspect.getdoc(type(self)) or "the anonymizer failed").splitlines()[0]
        self.detail = detail
        self.hint = hint
        super().__init__(self.message)

    def __str__(self) -> str:
        """The three parts, one a line."""
        lines = [self.message]
        if self.detail:
            lines.append(f"detail: {self.detail}")
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class PolicyError(AnonymizerError):
    """the policy cannot be used"""

    exit_code = 2


class LeakError(AnonymizerError):
    """an original value survives in the clone"""

    exit_code = 3


class CloneRefused(AnonymizerError):
    """the clone is refused"""

    exit_code = 4
