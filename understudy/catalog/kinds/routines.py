"""Functions, procedures, window functions and aggregates; the languages and transforms they use."""

from __future__ import annotations

from understudy.catalog import sqltext as s
from understudy.catalog.model import Attribute, Impact, Kind


def function(column: str) -> str:
    """A function by its signature, NULL where there is none."""
    return f"CASE WHEN {column} <> 0 THEN {column}::oid::regprocedure::text END"


def _aggregate(name: str, sql: str) -> Attribute:
    return Attribute(name, f"CASE WHEN x.prokind = 'a' THEN {sql} END")


ROUTINE = Kind(
    name="function",
    catalog="pg_proc",
    source=f"pg_proc x LEFT JOIN pg_aggregate g ON g.aggfnoid = x.oid WHERE {s.scope('x.oid', 'pg_proc')} "
    f"AND {s.stands_alone('x.oid', 'pg_proc')}",
    path="x.oid::regprocedure::text",
    key="CASE x.prokind WHEN 'a' THEN 'aggregate ' WHEN 'p' THEN 'procedure ' ELSE 'function ' END "
    "|| x.oid::regprocedure::text",
    attributes=(
        Attribute("owner", s.role("x.proowner")),
        Attribute("privileges", s.privileges("x.proacl", "f", "x.proowner")),
        Attribute("kind", "x.prokind"),
        Attribute("result", "pg_get_function_result(x.oid)", Impact.BREAKS),
        Attribute("arguments", "pg_get_function_arguments(x.oid)", Impact.BREAKS, deparsed=True),
        Attribute("language", s.name_of("pg_language", "lanname", "x.prolang")),
        Attribute("body", "x.prosrc"),
        Attribute("SQL body", "pg_get_function_sqlbody(x.oid)", deparsed=True),
        Attribute("library", "x.probin"),
        Attribute("volatility", "x.provolatile"),
        Attribute("parallel", "x.proparallel", Impact.PERFORMANCE),
        Attribute("strict", "x.proisstrict"),
        Attribute("security definer", "x.prosecdef"),
        Attribute("leakproof", "x.proleakproof"),
        Attribute("cost", "x.procost", Impact.PERFORMANCE),
        Attribute("rows", "x.prorows", Impact.PERFORMANCE),
        Attribute("support function", function("x.prosupport"), Impact.PERFORMANCE),
        Attribute("settings", s.settings("x.proconfig")),
        Attribute("transforms", 'ARRAY(SELECT t::regtype::text COLLATE "C" FROM unnest(x.protrftypes) t ORDER BY 1)'),
        Attribute("depends on extension", s.extensions_needed("x.oid", "pg_proc")),
        _aggregate("aggregate kind", "g.aggkind"),
        _aggregate("direct arguments", "g.aggnumdirectargs"),
        _aggregate("transition function", function("g.aggtransfn")),
        _aggregate("final function", function("g.aggfinalfn")),
        _aggregate("combine function", function("g.aggcombinefn")),
        _aggregate("serial function", function("g.aggserialfn")),
        _aggregate("deserial function", function("g.aggdeserialfn")),
        _aggregate("moving transition function", function("g.aggmtransfn")),
        _aggregate("moving inverse function", function("g.aggminvtransfn")),
        _aggregate("moving final function", function("g.aggmfinalfn")),
        _aggregate("final function takes arguments", "g.aggfinalextra"),
        _aggregate("moving final function takes arguments", "g.aggmfinalextra"),
        _aggregate("final function modifies", "g.aggfinalmodify"),
        _aggregate("moving final function modifies", "g.aggmfinalmodify"),
        _aggregate("sort operator", "CASE WHEN g.aggsortop <> 0 THEN g.aggsortop::regoperator::text END"),
        _aggregate("state type", "g.aggtranstype::regtype::text"),
        _aggregate("state size", "g.aggtransspace"),
        _aggregate("moving state type", "CASE WHEN g.aggmtranstype <> 0 THEN g.aggmtranstype::regtype::text END"),
        _aggregate("moving state size", "g.aggmtransspace"),
        _aggregate("initial value", "g.agginitval"),
        _aggregate("moving initial value", "g.aggminitval"),
    ),
)

LANGUAGE = Kind(
    name="language",
    catalog="pg_language",
    # the three that initdb makes and nobody can drop are no difference; plpgsql can be dropped
    source="pg_language x WHERE x.lanname NOT IN ('internal', 'c', 'sql') AND NOT EXISTS (SELECT FROM pg_depend m "
    "WHERE m.deptype = 'e' AND m.classid = 'pg_language'::regclass AND m.objid = x.oid)",
    path="quote_ident(x.lanname)",
    attributes=(
        Attribute("owner", s.role("x.lanowner")),
        Attribute("privileges", s.privileges("x.lanacl", "l", "x.lanowner")),
        Attribute("procedural", "x.lanispl"),
        # pg_dump leaves these out where the handler is one that it does not dump
        Attribute("trusted", "x.lanpltrusted", dumped=False),
        Attribute("handler", function("x.lanplcallfoid"), dumped=False),
        Attribute("inline handler", function("x.laninline"), dumped=False),
        Attribute("validator", function("x.lanvalidator"), dumped=False),
    ),
)

TRANSFORM = Kind(
    name="transform",
    catalog="pg_transform",
    source=f"pg_transform x WHERE {s.scope('x.oid', 'pg_transform')}",
    path="x.trftype::regtype::text || ' language ' || "
    "(SELECT quote_ident(n.lanname) FROM pg_language n WHERE n.oid = x.trflang)",
    impact=Impact.BEHAVIOUR,
    attributes=(
        Attribute("from SQL", function("x.trffromsql")),
        Attribute("to SQL", function("x.trftosql")),
    ),
)

EVENT_TRIGGER = Kind(
    name="event trigger",
    catalog="pg_event_trigger",
    source=f"pg_event_trigger x WHERE {s.scope('x.oid', 'pg_event_trigger')}",
    path="quote_ident(x.evtname)",
    impact=Impact.BEHAVIOUR,
    attributes=(
        Attribute("owner", s.role("x.evtowner")),
        Attribute("event", "x.evtevent"),
        Attribute("function", function("x.evtfoid")),
        Attribute("enabled", "x.evtenabled"),
        Attribute("tags", s.sorted_list("x.evttags")),
    ),
)

KINDS = (ROUTINE, LANGUAGE, TRANSFORM, EVENT_TRIGGER)
