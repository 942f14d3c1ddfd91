"""What can go wrong with the demonstration.

UnderstudyError
├── DemoError          exit 1   the demonstration failed
├── ReportError        exit 2   the report cannot be written where it is wanted
├── TooSmallError      exit 2   fewer rows asked for than the figures need
├── NotEmptyError      exit 4   the database to fill is not an empty one
└── DemoBusy           exit 4   another demonstration is using the two databases
"""

from __future__ import annotations

from understudy.errors import RefusedError, UnderstudyError, UsageError


class DemoError(UnderstudyError):
    """the demonstration failed"""


class TooSmallError(UsageError):
    """the practice production is too small"""


class ReportError(UsageError):
    """the report cannot be written"""


class NotEmptyError(RefusedError):
    """the database already has rows"""


class DemoBusy(RefusedError):
    """another demonstration is running"""
