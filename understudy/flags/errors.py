"""What can go wrong with a flag.

FlagError                    the family
├── NoSuchFlagError          no row of that name
├── NoSuchUserError          no row of that id
├── FlagExistsError          a second one of that name
├── MalformedFlagError       a row that does not mean anything, so that nobody can be told what it says
└── FlagTablesMissingError   a database without the tables
FlagValueError (usage)       a name, percentage, tier or user that no flag can have
"""

from __future__ import annotations

from understudy.errors import UnderstudyError, UsageError


class FlagError(UnderstudyError):
    """the flag cannot be used"""


class NoSuchFlagError(FlagError):
    """there is no such flag"""


class NoSuchUserError(FlagError):
    """there is no such user"""


class FlagExistsError(FlagError):
    """there already is such a flag"""


class MalformedFlagError(FlagError):
    """the flag's row is malformed"""


class FlagTablesMissingError(FlagError):
    """the database has no feature flags"""


class FlagValueError(UsageError):
    """no flag can have this value"""
