"""Data that lives elsewhere: foreign-data wrappers, servers, user mappings."""

from __future__ import annotations

from understudy.catalog import sqltext as s
from understudy.catalog.kinds.routines import function
from understudy.catalog.model import Attribute, Kind


def _options(column: str, needs: str = "") -> tuple[Attribute, Attribute]:
    """Options may hold passwords: their names are shown, their values only compared."""
    return (
        Attribute("options", s.option_names(column), needs=needs),
        Attribute("option values", s.sorted_list(column), secret=True, needs=needs),
    )


WRAPPER = Kind(
    name="foreign-data wrapper",
    catalog="pg_foreign_data_wrapper",
    source=f"pg_foreign_data_wrapper x WHERE {s.scope('x.oid', 'pg_foreign_data_wrapper')}",
    path="quote_ident(x.fdwname)",
    attributes=(
        Attribute("owner", s.role("x.fdwowner")),
        Attribute("privileges", s.privileges("x.fdwacl", "F", "x.fdwowner")),
        Attribute("handler", function("x.fdwhandler")),
        Attribute("validator", function("x.fdwvalidator")),
        *_options("x.fdwoptions"),
    ),
)

SERVER = Kind(
    name="server",
    catalog="pg_foreign_server",
    source=f"pg_foreign_server x WHERE {s.scope('x.oid', 'pg_foreign_server')}",
    path="quote_ident(x.srvname)",
    attributes=(
        Attribute("owner", s.role("x.srvowner")),
        Attribute("privileges", s.privileges("x.srvacl", "S", "x.srvowner")),
        Attribute("wrapper", s.name_of("pg_foreign_data_wrapper", "fdwname", "x.srvfdw")),
        Attribute("type", "x.srvtype"),
        Attribute("version", "x.srvversion"),
        *_options("x.srvoptions"),
    ),
)

USER_MAPPING = Kind(
    name="user mapping",
    catalog="pg_user_mapping",
    source="pg_user_mappings x",
    path="CASE x.umuser WHEN 0 THEN 'public' ELSE x.umuser::regrole::text END || ' server ' || "
    "(SELECT quote_ident(n.srvname) FROM pg_foreign_server n WHERE n.oid = x.srvid)",
    parent="'server ' || (SELECT quote_ident(n.srvname) FROM pg_foreign_server n WHERE n.oid = x.srvid)",
    described=False,
    oid="x.umid",
    attributes=_options("x.umoptions", needs="pg_user_mapping.umoptions"),
)

KINDS = (WRAPPER, SERVER, USER_MAPPING)
