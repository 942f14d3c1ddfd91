"""`[migrations.verify]` of understudy.toml: what the release needs of the schema."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.environments import FILE_NAME, Configuration, ConfigurationError

_LISTS = ("tables", "privileges", "roles", "journal")
JOURNALS = (
    "alembic_version",
    "schema_migrations",
    "flyway_schema_history",
    "django_migrations",
    "databasechangelog",
    "databasechangeloglock",
    "goose_db_version",
    "knex_migrations",
    "knex_migrations_lock",
    "_prisma_migrations",
    "atlas_schema_revisions",
    "pgmigrations",
    "ar_internal_metadata",
)
"""The tables in which other tools keep what they have applied, without their schema."""


@dataclass(frozen=True)
class VerifySettings:
    """What the release needs.

    Args:
        queries: a file of the previous release's queries, with $1, $2 for parameters.
        tables: tables that must exist at the top, as SQL writes them.
        role: the application's role, which must hold `privileges` on them.
        roles: roles that the migrations grant to; made on the scratch server where it lacks them.
        journal: the tables that another tool keeps its own records in, without their schema.
    """

    queries: Path | None = None
    tables: tuple[str, ...] = ()
    role: str | None = None
    privileges: tuple[str, ...] = ("SELECT", "INSERT", "UPDATE", "DELETE")
    roles: tuple[str, ...] = ()
    journal: tuple[str, ...] = JOURNALS


def verify_settings(configuration: Configuration) -> VerifySettings:
    """Read the table.

    Raises:
        ConfigurationError: a key is not known, or its value is of the wrong kind.
    """
    table = dict(configuration.tables.get("migrations", {}).get("verify", {}))
    given: dict[str, Any] = {}
    for key, value in table.items():
        if key in _LISTS and isinstance(value, list) and all(isinstance(item, str) for item in value):
            given[key] = tuple(value)
        elif key == "role" and isinstance(value, str):
            given[key] = value
        elif key == "queries" and isinstance(value, str):
            given[key] = configuration.folder / value
        else:
            raise ConfigurationError(
                detail=f"{FILE_NAME}: migrations.verify.{key} is not known, or not of the right kind.",
                hint="It may have queries and role (texts), tables, privileges, roles and journal (lists of texts).",
            )
    return VerifySettings(**given)
