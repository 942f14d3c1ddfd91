"""Relations and their columns: tables, views, materialized views, foreign tables, sequences."""

from __future__ import annotations

from understudy.catalog import sqltext as s
from understudy.catalog.model import Attribute, Impact, Kind

# In which order a table came to inherit decided the order of its columns, and means nothing after that.
_PARENTS = (
    'ARRAY(SELECT h.inhparent::regclass::text COLLATE "C" FROM pg_inherits h WHERE h.inhrelid = x.oid ORDER BY 1)'
)

# The values of a list partition stay in the order in which they were written.
_LISTED = "FOR VALUES IN ("
_VALUES = s.elements(f"substr(b, {len(_LISTED) + 1}, length(b) - {len(_LISTED) + 1})")
_BOUND = f"""CASE WHEN x.relpartbound IS NOT NULL THEN (SELECT CASE WHEN starts_with(b, '{_LISTED}')
  THEN '{_LISTED}' || array_to_string({_VALUES}, ', ') || ')' ELSE b END
  FROM (SELECT pg_get_expr(x.relpartbound, x.oid) AS b) e) END"""

RELATION = Kind(
    name="table",
    catalog="pg_class",
    source=f"pg_class x WHERE x.relkind IN ('r', 'p', 'f', 'v', 'm') AND {s.permanent('x')} "
    f"AND {s.scope('x.oid', 'pg_class')}",
    path="x.oid::regclass::text",
    key=s.relation_key("x"),
    attributes=(
        Attribute(
            "column order",
            "ARRAY(SELECT quote_ident(n.attname) FROM pg_attribute n WHERE n.attrelid = x.oid AND n.attnum > 0 "
            "AND NOT n.attisdropped ORDER BY n.attnum)",
        ),
        Attribute("owner", s.role("x.relowner")),
        Attribute(
            "privileges",
            s.privileges("x.relacl", "r", "x.relowner"),
        ),
        Attribute("persistence", "x.relpersistence"),
        Attribute("access method", s.name_of("pg_am", "amname", "x.relam"), Impact.PERFORMANCE),
        Attribute("tablespace", s.name_of("pg_tablespace", "spcname", "x.reltablespace"), Impact.PERFORMANCE),
        Attribute("options", s.storage_options("x.reloptions"), Impact.PERFORMANCE),
        Attribute(
            "toast options",
            # a table without a TOAST table has none of its options, as one whose TOAST table has none
            f"coalesce((SELECT {s.storage_options('t.reloptions')} FROM pg_class t WHERE t.oid = x.reltoastrelid), "
            "'{}')",
            Impact.PERFORMANCE,
        ),
        Attribute("replica identity", "x.relreplident"),
        Attribute(
            "replica identity index",
            "(SELECT i.indexrelid::regclass::text FROM pg_index i WHERE i.indrelid = x.oid AND i.indisreplident)",
        ),
        Attribute("row security", "x.relrowsecurity"),
        Attribute("forced row security", "x.relforcerowsecurity"),
        Attribute("of type", "CASE WHEN x.reloftype <> 0 THEN x.reloftype::regtype::text END"),
        Attribute("inherits", f"CASE WHEN x.relispartition THEN '{{}}' ELSE {_PARENTS} END"),
        Attribute("partition of", f"CASE WHEN x.relispartition THEN {_PARENTS} ELSE '{{}}' END", Impact.BREAKS),
        Attribute("partition bound", _BOUND, Impact.BREAKS, deparsed=True),
        Attribute(
            "partition key",
            "CASE WHEN x.relkind = 'p' THEN pg_get_partkeydef(x.oid) END",
            Impact.BREAKS,
            deparsed=True,
        ),
        Attribute(
            "detach pending",
            "EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = x.oid AND h.inhdetachpending)",
            dumped=False,
        ),
        Attribute(
            "definition",
            "CASE WHEN x.relkind IN ('v', 'm') THEN pg_get_viewdef(x.oid) END",
            deparsed=True,
        ),
        Attribute(
            "server",
            "CASE WHEN x.relkind = 'f' THEN (SELECT quote_ident(n.srvname) FROM pg_foreign_table f "
            "JOIN pg_foreign_server n ON n.oid = f.ftserver WHERE f.ftrelid = x.oid) END",
        ),
        Attribute(
            "foreign options",
            "CASE WHEN x.relkind = 'f' THEN "
            f"(SELECT {s.sorted_list('f.ftoptions')} FROM pg_foreign_table f WHERE f.ftrelid = x.oid) END",
        ),
        Attribute(
            "depends on extension",
            f"CASE WHEN x.relkind = 'm' THEN {s.extensions_needed('x.oid', 'pg_class')} END",
        ),
    ),
)

COLUMN = Kind(
    name="column",
    catalog="pg_class",
    source=f"""pg_attribute x JOIN pg_class c ON c.oid = x.attrelid
      LEFT JOIN pg_attrdef d ON d.adrelid = x.attrelid AND d.adnum = x.attnum
      WHERE c.relkind IN {s.COLUMN_KINDS} AND x.attnum > 0 AND NOT x.attisdropped AND {s.permanent("c")}
      AND {s.scope("c.oid", "pg_class")}""",
    path="c.oid::regclass::text || '.' || quote_ident(x.attname)",
    parent=s.relation_key("c"),
    oid="c.oid",
    subid="x.attnum",
    attributes=(
        Attribute("type", "format_type(x.atttypid, x.atttypmod)", Impact.BREAKS),
        Attribute("not null", "x.attnotnull"),
        Attribute("default", "pg_get_expr(d.adbin, d.adrelid)", deparsed=True),
        Attribute("generated", "x.attgenerated"),
        Attribute("identity", "x.attidentity"),
        Attribute("collation", "CASE WHEN x.attcollation <> 0 THEN x.attcollation::regcollation::text END"),
        # what a view's column stores is nobody's business
        Attribute("storage", "CASE WHEN c.relkind IN ('r', 'p', 'f', 'm') THEN x.attstorage END", Impact.PERFORMANCE),
        Attribute("compression", "x.attcompression", Impact.PERFORMANCE),
        Attribute("statistics target", "nullif(x.attstattarget, -1)", Impact.PERFORMANCE),
        Attribute("options", s.column_options("x.attoptions"), Impact.PERFORMANCE),
        Attribute("foreign options", s.sorted_list("x.attfdwoptions")),
        Attribute(
            "privileges", f"CASE WHEN x.attacl IS NOT NULL THEN {s.privileges('x.attacl', 'c', 'c.relowner')} END"
        ),
        # a partition's columns are its parent's, however it came to be one
        Attribute("local", "c.relispartition OR x.attislocal", Impact.COSMETIC),
    ),
)

SEQUENCE = Kind(
    name="sequence",
    catalog="pg_class",
    source=f"pg_sequence q JOIN pg_class x ON x.oid = q.seqrelid WHERE {s.permanent('x')} "
    f"AND {s.scope('x.oid', 'pg_class')}",
    path="x.oid::regclass::text",
    parent="(SELECT CASE WHEN d.deptype = 'i' THEN 'column ' || d.refobjid::regclass::text || '.' || "
    "quote_ident(n.attname) END FROM pg_depend d JOIN pg_attribute n ON n.attrelid = d.refobjid "
    "AND n.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass AND d.objid = x.oid AND d.deptype = 'i')",
    attributes=(
        Attribute("owner", s.role("x.relowner")),
        Attribute("privileges", s.privileges("x.relacl", "s", "x.relowner")),
        Attribute("persistence", "x.relpersistence"),
        Attribute("type", "q.seqtypid::regtype::text"),
        Attribute("start", "q.seqstart::text"),
        Attribute("increment", "q.seqincrement::text"),
        Attribute("maximum", "q.seqmax::text"),
        Attribute("minimum", "q.seqmin::text"),
        Attribute("cache", "q.seqcache::text", Impact.PERFORMANCE),
        Attribute("cycle", "q.seqcycle"),
        Attribute(
            "owned by",
            "(SELECT d.refobjid::regclass::text || '.' || quote_ident(n.attname) FROM pg_depend d JOIN pg_attribute n "
            "ON n.attrelid = d.refobjid AND n.attnum = d.refobjsubid WHERE d.classid = 'pg_class'::regclass "
            "AND d.objid = x.oid AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass)",
        ),
    ),
)

KINDS = (RELATION, COLUMN, SEQUENCE)
