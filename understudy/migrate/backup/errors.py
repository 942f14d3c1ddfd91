"""What can go wrong with backups.

BackupError                    it failed; nothing of it is kept
BackupRefused                  nothing was touched
├── NoBackupError              there is none, or none that is fresh enough
└── DamagedBackupError         its files are not those that were written
"""

from __future__ import annotations

from understudy.errors import RefusedError, UnderstudyError


class BackupError(UnderstudyError):
    """the backup failed"""


class BackupRefused(RefusedError):
    """the backup was refused"""


class NoBackupError(BackupRefused):
    """there is no such backup"""


class DamagedBackupError(BackupRefused):
    """the backup is damaged"""
