"""What hangs on a relation: constraints, indexes, triggers, rules, policies, extended statistics."""

from __future__ import annotations

from understudy.catalog import sqltext as s
from understudy.catalog.model import NEWEST, OLDEST, Attribute, Impact, Kind


def _operators(column: str) -> str:
    return f"x.{column}::regoperator[]::text[]"


# A partition's foreign key that is its parent's goes by the name there: its own is an accident of how it came to be,
# which no dump writes down.
_CONSTRAINT_NAME = """CASE WHEN x.contype = 'f' AND x.conparentid <> 0 THEN (WITH RECURSIVE up AS (
    SELECT x.conparentid AS id UNION ALL SELECT k.conparentid FROM up JOIN pg_constraint k ON k.oid = up.id
      WHERE k.conparentid <> 0)
    SELECT quote_ident(k.conname) || ' (inherited)' FROM up JOIN pg_constraint k ON k.oid = up.id
      WHERE k.conparentid = 0) ELSE quote_ident(x.conname) END"""


def _references(has_period: str, since: int, until: int) -> tuple[Attribute, ...]:
    """The columns of a constraint. A foreign key's pairs have no order; what is compared by PERIOD comes last."""
    last = f"{has_period} AND u.place = cardinality(x.conkey)"
    by_name = f"""ARRAY(SELECT {{}} FROM unnest(x.conkey, x.confkey, x.conpfeqop) WITH ORDINALITY
      u(number, other, operator, place) JOIN pg_attribute n ON n.attrelid = x.conrelid AND n.attnum = u.number
      JOIN pg_attribute o ON o.attrelid = x.confrelid AND o.attnum = u.other
      ORDER BY {last}, n.attname COLLATE "C", o.attname COLLATE "C")"""

    def either(pair: str, otherwise: str) -> str:
        return f"CASE WHEN x.contype = 'f' THEN {by_name.format(pair)} ELSE {otherwise} END"

    own = either("quote_ident(n.attname)", s.column_names("x.conrelid", "x.conkey"))
    return (
        Attribute("columns", own, since=since, until=until),
        Attribute("referenced columns", either("quote_ident(o.attname)", "'{}'"), since=since, until=until),
        Attribute(
            "equality operators",
            either("u.operator::regoperator::text", "NULL"),
            since=since,
            until=until,
            dumped=False,
        ),
    )


CONSTRAINT = Kind(
    name="constraint",
    catalog="pg_constraint",
    # Three that are not the schema's own: the row behind a constraint trigger, what a foreign key keeps for each
    # partition it points to, and the not-null of a partition, which is its parent's.
    source=f"""pg_constraint x LEFT JOIN pg_class c ON c.oid = x.conrelid LEFT JOIN pg_constraint p ON
      p.oid = x.conparentid LEFT JOIN pg_type t ON t.oid = x.contypid
      WHERE x.contype <> 't' AND (x.conparentid = 0 OR p.conrelid <> x.conrelid)
      AND NOT (x.contype = 'n' AND x.coninhcount > 0 AND coalesce(c.relispartition, false))
      AND (x.conrelid = 0 OR {s.permanent("c")} AND {s.scope("x.conrelid", "pg_class")})
      AND (x.contypid = 0 OR {s.scope("x.contypid", "pg_type")})""",
    path=f"coalesce(c.oid::regclass::text, t.oid::regtype::text) || '.' || {_CONSTRAINT_NAME}",
    parent=f"CASE WHEN c.oid IS NULL THEN 'type ' || t.oid::regtype::text ELSE {s.relation_key('c')} END",
    impact=Impact.BEHAVIOUR,
    attributes=(
        Attribute("type", "x.contype"),
        *_references("false", OLDEST, 17),
        *_references("x.conperiod", 18, NEWEST),
        Attribute("expression", "pg_get_expr(x.conbin, x.conrelid)", deparsed=True),
        Attribute("references", "CASE WHEN x.confrelid <> 0 THEN x.confrelid::regclass::text END"),
        Attribute("on update", "CASE WHEN x.contype = 'f' THEN x.confupdtype END"),
        Attribute("on delete", "CASE WHEN x.contype = 'f' THEN x.confdeltype END"),
        Attribute(
            "on delete columns",
            s.column_names("x.conrelid", "x.confdelsetcols", 'n.attname COLLATE "C"'),
            since=15,
            before=[],
        ),
        Attribute("match", "CASE WHEN x.contype = 'f' THEN x.confmatchtype END"),
        Attribute("deferrable", "x.condeferrable"),
        Attribute("initially deferred", "x.condeferred"),
        Attribute("validated", "x.convalidated"),
        Attribute("enforced", "x.conenforced", since=18, before=True),
        Attribute("no inherit", "CASE WHEN x.contype IN ('c', 'n') THEN x.connoinherit END"),
        Attribute(
            "local",
            "coalesce(c.relispartition, false) OR x.conislocal",
            Impact.COSMETIC,
        ),
        Attribute("without overlaps or period", "x.conperiod", since=18, before=False),
        Attribute("exclusion operators", _operators("conexclop")),
        Attribute(
            "triggers enabled",
            "CASE WHEN x.contype = 'f' OR x.condeferrable THEN ARRAY(SELECT DISTINCT g.tgenabled FROM pg_trigger g "
            "WHERE g.tgconstraint = x.oid AND g.tgisinternal ORDER BY 1) END",
            dumped=False,
        ),
    ),
)

# All names are looked up once, and not once for each index.
_OPERATOR_CLASSES = """ARRAY(SELECT (SELECT jsonb_object_agg(q.oid::text, q.opcnamespace::regnamespace::text || '.' ||
  quote_ident(q.opcname)) FROM pg_opclass q) ->> u.class::text FROM unnest(x.indclass::oid[]) WITH ORDINALITY
  u(class, place) ORDER BY u.place)"""

# The columns of INCLUDE are no part of the key, and none comes before another.
_INDEX_COLUMNS = s.column_names(
    "x.indrelid", "x.indkey::int2[]", 'CASE WHEN u.place <= x.indnkeyatts THEN u.place END, n.attname COLLATE "C"'
)


def _of_columns(has: str, expression: str) -> str:
    """What some column of an index has; the list of indexes with such columns is made once and is short."""
    return (
        f"CASE WHEN c.oid IN (SELECT n.attrelid FROM pg_attribute n WHERE {has}) THEN (SELECT "
        f"array_agg(n.attnum || ': ' || {expression} ORDER BY n.attnum) FROM pg_attribute n "
        f"WHERE n.attrelid = c.oid AND {has}) END"
    )


INDEX = Kind(
    name="index",
    catalog="pg_class",
    source=f"""pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
      JOIN pg_am a ON a.oid = c.relam LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid
      AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u', 'x')
      WHERE {s.permanent("t")} AND {s.scope("x.indexrelid", "pg_class")} AND {s.scope("t.oid", "pg_class")}""",
    path="c.oid::regclass::text",
    parent=f"CASE WHEN k.oid IS NULL THEN {s.relation_key('t')} "
    "ELSE 'constraint ' || t.oid::regclass::text || '.' || quote_ident(k.conname) END",
    oid="c.oid",
    impact=Impact.PERFORMANCE,
    attributes=(
        Attribute("table", "t.oid::regclass::text"),
        Attribute("method", "a.amname", Impact.PERFORMANCE),
        Attribute("unique", "x.indisunique"),
        Attribute("nulls not distinct", "x.indnullsnotdistinct", since=15, before=False),
        Attribute("columns", _INDEX_COLUMNS, Impact.PERFORMANCE),
        Attribute("key columns", "x.indnkeyatts", Impact.PERFORMANCE),
        Attribute(
            "expressions",
            "CASE WHEN x.indexprs IS NOT NULL THEN pg_get_expr(x.indexprs, x.indrelid) END",
            Impact.PERFORMANCE,
            deparsed=True,
        ),
        Attribute("predicate", "pg_get_expr(x.indpred, x.indrelid)", Impact.PERFORMANCE, deparsed=True),
        Attribute(
            "operator classes",
            _OPERATOR_CLASSES,
            Impact.PERFORMANCE,
        ),
        Attribute(
            "operator class options",
            _of_columns(
                f"n.attoptions IS NOT NULL AND {s.column_options('n.attoptions')} <> '{{}}'",
                f"{s.column_options('n.attoptions')}::text",
            ),
            Impact.PERFORMANCE,
        ),
        Attribute("collations", "x.indcollation::oid[]::regcollation[]::text[]", Impact.PERFORMANCE),
        Attribute("directions", "x.indoption::int2[]", Impact.PERFORMANCE),
        Attribute("options", s.storage_options("c.reloptions"), Impact.PERFORMANCE),
        Attribute("tablespace", s.name_of("pg_tablespace", "spcname", "c.reltablespace"), Impact.PERFORMANCE),
        Attribute("valid", "x.indisvalid", dumped=False),
        Attribute("clustered", "x.indisclustered", Impact.PERFORMANCE),
        Attribute(
            "statistics targets",
            _of_columns("n.attstattarget >= 0 AND n.attnum > 0", "n.attstattarget"),
            Impact.PERFORMANCE,
        ),
        Attribute(
            "partition of",
            "ARRAY(SELECT h.inhparent::regclass::text FROM pg_inherits h WHERE h.inhrelid = c.oid)",
            Impact.PERFORMANCE,
        ),
        Attribute("depends on extension", s.extensions_needed("c.oid", "pg_class")),
    ),
)

# The server repeats the columns of UPDATE OF in the order in which they were written.
_UPDATE_OF = [
    f"' UPDATE OF ' || array_to_string({s.column_names('x.tgrelid', 'x.tgattr::int2[]', order)}, ', ')"
    for order in ("u.place", 'n.attname COLLATE "C"')
]
_TRIGGER = f"""CASE WHEN cardinality(x.tgattr::int2[]) < 2 THEN pg_get_triggerdef(x.oid)
  ELSE replace(pg_get_triggerdef(x.oid), {_UPDATE_OF[0]}, {_UPDATE_OF[1]}) END"""

TRIGGER = Kind(
    name="trigger",
    catalog="pg_trigger",
    # PostgreSQL 14 calls a partition's copy of a row trigger internal, as it does the triggers of a foreign key
    source=f"""pg_trigger x JOIN pg_class c ON c.oid = x.tgrelid LEFT JOIN pg_trigger p ON p.oid = x.tgparentid
      WHERE (NOT x.tgisinternal OR NOT p.tgisinternal) AND {s.permanent("c")} AND {s.scope("x.oid", "pg_trigger")}""",
    path="c.oid::regclass::text || '.' || quote_ident(x.tgname)",
    parent=s.relation_key("c"),
    impact=Impact.BEHAVIOUR,
    attributes=(
        Attribute("definition", _TRIGGER, deparsed=True),
        Attribute("enabled", "x.tgenabled"),
        Attribute("depends on extension", s.extensions_needed("x.oid", "pg_trigger")),
    ),
)

RULE = Kind(
    name="rule",
    catalog="pg_rewrite",
    source=f"""pg_rewrite x JOIN pg_class c ON c.oid = x.ev_class
      WHERE x.rulename <> '_RETURN' AND {s.permanent("c")} AND {s.scope("x.oid", "pg_rewrite")}""",
    path="c.oid::regclass::text || '.' || quote_ident(x.rulename)",
    parent=s.relation_key("c"),
    impact=Impact.BEHAVIOUR,
    attributes=(
        Attribute("definition", "pg_get_ruledef(x.oid)", deparsed=True),
        Attribute("enabled", "x.ev_enabled"),
    ),
)

POLICY = Kind(
    name="policy",
    catalog="pg_policy",
    source=f"""pg_policy x JOIN pg_class c ON c.oid = x.polrelid
      WHERE {s.permanent("c")} AND {s.scope("x.oid", "pg_policy")}""",
    path="c.oid::regclass::text || '.' || quote_ident(x.polname)",
    parent=s.relation_key("c"),
    impact=Impact.BEHAVIOUR,
    attributes=(
        Attribute("command", "x.polcmd"),
        Attribute("permissive", "x.polpermissive"),
        Attribute(
            "roles",
            "ARRAY(SELECT CASE r WHEN 0 THEN 'public' ELSE r::regrole::text END COLLATE \"C\" "
            "FROM unnest(x.polroles) r ORDER BY 1)",
        ),
        Attribute("using", "pg_get_expr(x.polqual, x.polrelid)", deparsed=True),
        Attribute("with check", "pg_get_expr(x.polwithcheck, x.polrelid)", deparsed=True),
    ),
)

STATISTICS = Kind(
    name="statistics",
    catalog="pg_statistic_ext",
    source=f"pg_statistic_ext x WHERE {s.scope('x.oid', 'pg_statistic_ext')}",
    path="x.stxnamespace::regnamespace::text || '.' || quote_ident(x.stxname)",
    parent=f"(SELECT {s.relation_key('c')} FROM pg_class c WHERE c.oid = x.stxrelid)",
    impact=Impact.PERFORMANCE,
    attributes=(
        Attribute("owner", s.role("x.stxowner")),
        Attribute("table", "x.stxrelid::regclass::text", Impact.PERFORMANCE),
        Attribute(
            "columns",
            "ARRAY(SELECT quote_ident(n.attname) FROM pg_attribute n WHERE n.attrelid = x.stxrelid "
            'AND n.attnum = ANY (x.stxkeys::int2[]) ORDER BY n.attname COLLATE "C")',
            Impact.PERFORMANCE,
        ),
        Attribute("kinds", 'ARRAY(SELECT k FROM unnest(x.stxkind) k ORDER BY k::text COLLATE "C")', Impact.PERFORMANCE),
        Attribute(
            "expressions",
            'CASE WHEN x.stxexprs IS NOT NULL THEN array_to_string(ARRAY(SELECT e COLLATE "C" FROM '
            "unnest(pg_get_statisticsobjdef_expressions(x.oid)) e ORDER BY 1), ', ') END",
            Impact.PERFORMANCE,
            deparsed=True,
        ),
        Attribute("target", "nullif(x.stxstattarget, -1)", Impact.PERFORMANCE),
    ),
)

KINDS = (CONSTRAINT, INDEX, TRIGGER, RULE, POLICY, STATISTICS)
