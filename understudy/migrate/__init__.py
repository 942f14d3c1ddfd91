"""Migrations: plain SQL, applied once, provable and reversible."""

from understudy.catalog.names import JOURNAL_SCHEMA
from understudy.migrate.files import Migration, read_folder
from understudy.migrate.options import MigrationSettings, Options, settings
from understudy.migrate.psql import psql_script
from understudy.migrate.runner import Applied, down, up
from understudy.migrate.status import Status, status

__all__ = [
    "JOURNAL_SCHEMA",
    "Applied",
    "Migration",
    "MigrationSettings",
    "Options",
    "Status",
    "down",
    "psql_script",
    "read_folder",
    "settings",
    "status",
    "up",
]
