"""What can go wrong with a stack. Pulumi prints these without a traceback.

StackError                     it failed
├── MigrationsError            the migrations did not come to their end
SettingsError (usage)          a setting of the stack is missing or wrong
"""

from __future__ import annotations

import pulumi

from understudy.errors import UnderstudyError, UsageError


class StackError(UnderstudyError, pulumi.RunError):
    """the stack cannot be built"""


class MigrationsError(StackError):
    """the migrations failed, and nothing may use the database"""


class SettingsError(UsageError, pulumi.RunError):
    """the settings of the stack cannot be used"""
