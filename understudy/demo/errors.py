"""What can go wrong with the demonstration.

UnderstudyError
├── DemoError          exit 1   the demonstration failed
├── TooSmallError      exit 2   fewer rows asked for than the figures need
├── NotProvenError     exit 3   it ran, and a proof did not hold
└── NotEmptyError      exit 4   the database to fill is not an empty one
"""

from __future__ import annotations

from understudy.errors import RefusedError, UnderstudyError, UnsafeError, UsageError


class DemoError(UnderstudyError):
    """the demonstration failed"""


class TooSmallError(UsageError):
    """the practice production is too small"""


class NotProvenError(UnsafeError):
    """the clone is not proven"""


class NotEmptyError(RefusedError):
    """the database already has rows"""
