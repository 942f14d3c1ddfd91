"""What can go wrong with migrations.

MigrateError                   it failed
├── StatementError             the server refused a statement; the detail says which one, and what was kept
└── LockTimeoutError           a statement's lock was not to be had within the attempts allowed
MigrationRefused               nothing was touched
├── MigrationFileError         the files themselves cannot be used
├── JournalMismatchError       files and journal do not tell the same story
├── SchemaDiffersError         the database has not the schema that a baseline would say it has
├── LockedError                another runner is at work
└── PoolerError                between us and the server is a pooler that shares sessions
MigrationUnsafe                it ran, and the answer is no
"""

from __future__ import annotations

from understudy.errors import RefusedError, UnderstudyError, UnsafeError


class MigrateError(UnderstudyError):
    """the migration failed"""


class StatementError(MigrateError):
    """a statement of the migration failed"""


class LockTimeoutError(MigrateError):
    """a lock was not to be had in time"""


class MigrationRefused(RefusedError):
    """the migration was refused"""


class MigrationFileError(MigrationRefused):
    """the migration files cannot be used"""


class JournalMismatchError(MigrationRefused):
    """the migration files and the journal do not agree"""


class SchemaDiffersError(MigrationRefused):
    """the database has not the schema that the migrations make"""


class LockedError(MigrationRefused):
    """another migration is running on this database"""


class PoolerError(MigrationRefused):
    """migrations cannot run through a pooler in transaction mode"""


class MigrationUnsafe(UnsafeError):
    """the migration is not safe"""
