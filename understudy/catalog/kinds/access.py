"""How values are compared and found: operators, their classes and families, access methods."""

from __future__ import annotations

from understudy.catalog import sqltext as s
from understudy.catalog.kinds.routines import function
from understudy.catalog.model import Attribute, Impact, Kind


def _operator(column: str) -> str:
    return f"CASE WHEN {column} <> 0 THEN {column}::regoperator::text END"


def _with_method(name: str, method: str) -> str:
    return f"{name} || ' using ' || (SELECT quote_ident(n.amname) FROM pg_am n WHERE n.oid = {method})"


OPERATOR = Kind(
    name="operator",
    catalog="pg_operator",
    source=f"pg_operator x WHERE {s.scope('x.oid', 'pg_operator')}",
    path="x.oid::regoperator::text",
    impact=Impact.BREAKS,
    attributes=(
        Attribute("owner", s.role("x.oprowner")),
        Attribute("sort", "x.oprkind"),
        Attribute("function", function("x.oprcode")),
        Attribute("result", "x.oprresult::regtype::text"),
        Attribute("commutator", _operator("x.oprcom"), Impact.PERFORMANCE),
        Attribute("negator", _operator("x.oprnegate"), Impact.PERFORMANCE),
        Attribute("restriction estimator", function("x.oprrest"), Impact.PERFORMANCE),
        Attribute("join estimator", function("x.oprjoin"), Impact.PERFORMANCE),
        Attribute("merges", "x.oprcanmerge", Impact.PERFORMANCE),
        Attribute("hashes", "x.oprcanhash", Impact.PERFORMANCE),
    ),
)

OPERATOR_CLASS = Kind(
    name="operator class",
    catalog="pg_opclass",
    source=f"pg_opclass x WHERE {s.scope('x.oid', 'pg_opclass')}",
    path=_with_method("x.opcnamespace::regnamespace::text || '.' || quote_ident(x.opcname)", "x.opcmethod"),
    attributes=(
        Attribute("owner", s.role("x.opcowner")),
        Attribute("family", s.qualified("pg_opfamily", "opfname", "opfnamespace", "x.opcfamily")),
        Attribute("type", "x.opcintype::regtype::text"),
        Attribute("default", "x.opcdefault"),
        Attribute("storage type", "CASE WHEN x.opckeytype <> 0 THEN x.opckeytype::regtype::text END"),
    ),
)

OPERATOR_FAMILY = Kind(
    name="operator family",
    catalog="pg_opfamily",
    source=f"pg_opfamily x WHERE {s.scope('x.oid', 'pg_opfamily')}",
    path=_with_method("x.opfnamespace::regnamespace::text || '.' || quote_ident(x.opfname)", "x.opfmethod"),
    attributes=(
        Attribute("owner", s.role("x.opfowner")),
        Attribute(
            "operators",
            f"""ARRAY(SELECT m.amopstrategy || ' ' || m.amopopr::regoperator::text || ' for ' ||
              m.amoplefttype::regtype::text || ', ' || m.amoprighttype::regtype::text ||
              CASE m.amoppurpose WHEN 'o' THEN ' order by ' ||
              {s.qualified("pg_opfamily", "opfname", "opfnamespace", "m.amopsortfamily")} ELSE '' END COLLATE "C"
              FROM pg_amop m WHERE m.amopfamily = x.oid ORDER BY 1)""",
        ),
        Attribute(
            "functions",
            """ARRAY(SELECT m.amprocnum || ' ' || m.amproc::oid::regprocedure::text || ' for ' ||
              m.amproclefttype::regtype::text || ', ' || m.amprocrighttype::regtype::text COLLATE "C"
              FROM pg_amproc m WHERE m.amprocfamily = x.oid ORDER BY 1)""",
        ),
    ),
)

ACCESS_METHOD = Kind(
    name="access method",
    catalog="pg_am",
    source=f"pg_am x WHERE {s.scope('x.oid', 'pg_am')}",
    path="quote_ident(x.amname)",
    attributes=(Attribute("handler", function("x.amhandler")), Attribute("type", "x.amtype")),
)

KINDS = (OPERATOR, OPERATOR_CLASS, OPERATOR_FAMILY, ACCESS_METHOD)
