"""The filter's refusals. None of them holds a word of a row: a line number is what they have."""

from __future__ import annotations

from anonymizer.errors import CloneRefused


class SubsetOfADump(CloneRefused):
    """a dump cannot be cut to a subset"""


class LookupOfADump(CloneRefused):
    """a dump cannot be asked for rows of another table"""


class EmptyDump(CloneRefused):
    """the dump is empty"""


class DumpRefused(CloneRefused):
    """the dump is refused"""

    def __init__(self, line: int, why: str, hint: str | None = None) -> None:
        """Takes where it stands (lines count from 1), why as a sentence without its full stop, and what would help."""
        self.line = line
        super().__init__(detail=f"Line {line}: {why}.", hint=hint)
