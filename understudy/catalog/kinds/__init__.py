"""Every kind of object that a schema has."""

from understudy.catalog.kinds import (
    access,
    databases,
    foreign,
    parts,
    relations,
    replication,
    routines,
    search,
    types,
)

KINDS = (
    *databases.KINDS,
    *relations.KINDS,
    *parts.KINDS,
    *routines.KINDS,
    *types.KINDS,
    *access.KINDS,
    *search.KINDS,
    *foreign.KINDS,
    *replication.KINDS,
)
