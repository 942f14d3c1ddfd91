"""What can go wrong before there is a verdict; a verdict itself is never an error.

ParityError
├── LoadError            a schema from files cannot be loaded
└── WaiverError (usage)  the file of waivers cannot be used
"""

from __future__ import annotations

from understudy.errors import UnderstudyError, UsageError


class ParityError(UnderstudyError):
    """the schemas cannot be compared"""


class LoadError(ParityError):
    """the schema cannot be loaded"""


class WaiverError(UsageError):
    """the file of waivers cannot be used"""
