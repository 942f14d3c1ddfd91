"""The tables that `understudy migrate` keeps in a database: ours, and nobody's. A draft decides on them by itself.

Staging must know which migrations it has, so their rows come with it. Of a column that is not listed here (of another
version, or of somebody else's schema of that name) nothing is known.
"""

from __future__ import annotations

from anonymizer.identifiers import TableName
from anonymizer.suggest import Guess

_SCHEMA = "understudy"
_KEEP = '"keep"'
_ROLE = '{ mask = "constant", value = "production" }'
_WHY = "the journal of `understudy migrate`: staging must know which migrations it has"
_COLUMNS = {
    "migrations": (
        "version",
        "name",
        "checksum",
        "place",
        "applied_at",
        "seconds",
        "applied_by",
        "program",
        "baseline",
    ),
    "migration_statements": ("version", "direction", "place", "checksum", "begun_at", "done_at"),
}


def decided(table: TableName, column: str) -> Guess | None:
    """What happens to a column of the journal; None if it is none."""
    if table.schema != _SCHEMA or column not in _COLUMNS.get(table.name, ()):
        return None
    if column == "applied_by":
        return Guess(_ROLE, 1.0, "the journal of `understudy migrate`: a role may be called like its owner")
    return Guess(_KEEP, 1.0, _WHY)
