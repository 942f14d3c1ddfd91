"""Every change, by the kind of the catalog model that it is of."""

from __future__ import annotations

from collections.abc import Mapping

from understudy.parity.sensitivity.changes import (
    access,
    columns,
    constraints,
    databases,
    indexes,
    parts,
    relations,
    routines,
    types,
)
from understudy.parity.sensitivity.model import Change

CHANGES: Mapping[str, tuple[Change, ...]] = {
    "database": databases.DATABASES,
    "setting": databases.SETTINGS,
    "schema": databases.SCHEMAS,
    "extension": databases.EXTENSIONS,
    "default privileges": databases.DEFAULT_PRIVILEGES,
    "system object": databases.SYSTEM_OBJECTS,
    "table": relations.RELATIONS,
    "column": columns.COLUMNS,
    "sequence": relations.SEQUENCES,
    "constraint": constraints.CONSTRAINTS,
    "index": indexes.INDEXES,
    "trigger": parts.TRIGGERS,
    "rule": parts.RULES,
    "policy": parts.POLICIES,
    "statistics": parts.STATISTICS,
    "function": (*routines.ROUTINE, *routines.AGGREGATES),
    "language": routines.LANGUAGES,
    "transform": routines.TRANSFORMS,
    "event trigger": routines.EVENT_TRIGGERS,
    "type": types.TYPES,
    "collation": types.COLLATIONS,
    "cast": types.CASTS,
    "conversion": types.CONVERSIONS,
    "operator": access.OPERATORS,
    "operator class": access.CLASSES,
    "operator family": access.FAMILIES,
    "access method": access.ACCESS_METHODS,
    "text search configuration": access.CONFIGURATIONS,
    "text search dictionary": access.DICTIONARIES,
    "text search parser": access.PARSERS,
    "text search template": access.TEMPLATES,
    "foreign-data wrapper": databases.WRAPPERS,
    "server": databases.SERVERS,
    "user mapping": databases.USER_MAPPINGS,
    "publication": databases.PUBLICATIONS,
    "published table": databases.PUBLISHED_TABLES,
    "subscription": databases.SUBSCRIPTIONS,
}

_NO_LABELS = (
    "extension",
    "constraint",
    "index",
    "trigger",
    "rule",
    "policy",
    "statistics",
    "transform",
    "collation",
    "cast",
    "conversion",
    "operator",
    "operator class",
    "operator family",
    "access method",
    "text search configuration",
    "text search dictionary",
    "text search parser",
    "text search template",
    "foreign-data wrapper",
    "server",
)
UNCHANGED: Mapping[tuple[str, str], str] = {
    **{(kind, "security labels"): "SECURITY LABEL knows no such kind of object" for kind in _NO_LABELS},
    ("database", "presence"): "a schema without a database cannot be compared",
}
"""What no change is declared for, and why."""
