"""Backups that are known to restore: one is only called a backup once it was restored somewhere and counted."""

from understudy.migrate.backup.create import create
from understudy.migrate.backup.guard import require_fresh
from understudy.migrate.backup.restore import restore
from understudy.migrate.backup.settings import BackupSettings, backup_settings
from understudy.migrate.backup.store import Backup, Store

__all__ = ["Backup", "BackupSettings", "Store", "backup_settings", "create", "require_fresh", "restore"]
