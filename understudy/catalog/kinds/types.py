"""Types of every sort, and what belongs to them: domains, enums, composites, ranges, base types, collations, casts."""

from __future__ import annotations

from understudy.catalog import sqltext as s
from understudy.catalog.kinds.routines import function
from understudy.catalog.model import Attribute, Impact, Kind


def _base(name: str, sql: str, impact: Impact = Impact.BEHAVIOUR) -> Attribute:
    """An attribute that only a base type states for itself; every other sort of type has it from what it is made of."""
    return Attribute(name, f"CASE WHEN x.typtype = 'b' THEN {sql} END", impact)


def _range(name: str, sql: str, impact: Impact = Impact.BEHAVIOUR) -> Attribute:
    return Attribute(name, f"CASE WHEN x.typtype = 'r' THEN {sql} END", impact)


TYPE = Kind(
    name="type",
    catalog="pg_type",
    # a table's row type, an array of something and the multirange of a range come with what they belong to
    source=f"""pg_type x LEFT JOIN pg_range r ON r.rngtypid = x.oid LEFT JOIN pg_class c ON c.oid = x.typrelid
      WHERE (x.typrelid = 0 OR c.relkind = 'c') AND x.typtype <> 'm'
      AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = x.typelem AND e.typarray = x.oid)
      AND {s.scope("x.oid", "pg_type")}""",
    path="x.oid::regtype::text",
    attributes=(
        Attribute("owner", s.role("x.typowner")),
        Attribute("privileges", s.privileges("x.typacl", "T", "x.typowner")),
        Attribute("sort", "x.typtype", Impact.BREAKS),
        Attribute("defined", "x.typisdefined", Impact.BREAKS),
        Attribute(
            "labels",
            "CASE WHEN x.typtype = 'e' THEN ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = x.oid "
            "ORDER BY e.enumsortorder) END",
            Impact.BREAKS,
        ),
        Attribute(
            "column order",
            "CASE WHEN x.typtype = 'c' THEN ARRAY(SELECT quote_ident(n.attname) FROM pg_attribute n "
            "WHERE n.attrelid = x.typrelid AND n.attnum > 0 AND NOT n.attisdropped ORDER BY n.attnum) END",
            Impact.BREAKS,
        ),
        Attribute(
            "base type", "CASE WHEN x.typtype = 'd' THEN format_type(x.typbasetype, x.typtypmod) END", Impact.BREAKS
        ),
        Attribute("not null", "x.typnotnull"),
        Attribute("default", "coalesce(pg_get_expr(x.typdefaultbin, 0), x.typdefault)", deparsed=True),
        Attribute(
            "collation",
            "CASE WHEN x.typtype IN ('b', 'd') AND x.typcollation <> 0 THEN x.typcollation::regcollation::text END",
        ),
        _range("subtype", "r.rngsubtype::regtype::text", Impact.BREAKS),
        _range("subtype operator class", s.qualified("pg_opclass", "opcname", "opcnamespace", "r.rngsubopc")),
        _range("range collation", "CASE WHEN r.rngcollation <> 0 THEN r.rngcollation::regcollation::text END"),
        _range("canonical function", function("r.rngcanonical")),
        _range("difference function", function("r.rngsubdiff"), Impact.PERFORMANCE),
        _range("multirange", "r.rngmultitypid::regtype::text", Impact.BREAKS),
        _base("input function", function("x.typinput")),
        _base("output function", function("x.typoutput")),
        _base("receive function", function("x.typreceive")),
        _base("send function", function("x.typsend")),
        _base("modifier input function", function("x.typmodin")),
        _base("modifier output function", function("x.typmodout")),
        _base("analyze function", function("x.typanalyze"), Impact.PERFORMANCE),
        _base("subscript function", function("x.typsubscript")),
        _base("length", "x.typlen"),
        _base("by value", "x.typbyval"),
        _base("alignment", "x.typalign"),
        _base("storage", "x.typstorage", Impact.PERFORMANCE),
        _base("category", "x.typcategory"),
        _base("preferred", "x.typispreferred"),
        _base("delimiter", "x.typdelim"),
        _base("element", "CASE WHEN x.typelem <> 0 THEN x.typelem::regtype::text END"),
    ),
)

COLLATION = Kind(
    name="collation",
    catalog="pg_collation",
    source=f"pg_collation x WHERE {s.scope('x.oid', 'pg_collation')}",
    path="x.oid::regcollation::text",
    attributes=(
        Attribute("owner", s.role("x.collowner")),
        Attribute("provider", "x.collprovider"),
        Attribute("deterministic", "x.collisdeterministic"),
        Attribute("encoding", "CASE WHEN x.collencoding >= 0 THEN pg_encoding_to_char(x.collencoding) END"),
        Attribute("collate", "x.collcollate"),
        Attribute("character type", "x.collctype"),
        Attribute("locale", "x.colliculocale", since=15, until=16),
        Attribute("locale", "x.colllocale", since=17),
        Attribute("rules", "x.collicurules", since=16),
    ),
)

CAST = Kind(
    name="cast",
    catalog="pg_cast",
    source=f"pg_cast x WHERE {s.scope('x.oid', 'pg_cast')} AND {s.stands_alone('x.oid', 'pg_cast')}",
    path="'(' || x.castsource::regtype::text || ' AS ' || x.casttarget::regtype::text || ')'",
    impact=Impact.BEHAVIOUR,
    attributes=(
        Attribute("function", function("x.castfunc")),
        Attribute("context", "x.castcontext"),
        Attribute("method", "x.castmethod"),
    ),
)

CONVERSION = Kind(
    name="conversion",
    catalog="pg_conversion",
    source=f"pg_conversion x WHERE {s.scope('x.oid', 'pg_conversion')}",
    path="x.connamespace::regnamespace::text || '.' || quote_ident(x.conname)",
    impact=Impact.BEHAVIOUR,
    attributes=(
        Attribute("owner", s.role("x.conowner")),
        Attribute("from encoding", "pg_encoding_to_char(x.conforencoding)"),
        Attribute("to encoding", "pg_encoding_to_char(x.contoencoding)"),
        Attribute("function", function("x.conproc")),
        Attribute("default", "x.condefault"),
    ),
)

KINDS = (TYPE, COLLATION, CAST, CONVERSION)
