"""Text search: configurations, dictionaries, parsers, templates."""

from __future__ import annotations

from understudy.catalog import sqltext as s
from understudy.catalog.kinds.routines import function
from understudy.catalog.model import Attribute, Impact, Kind

CONFIGURATION = Kind(
    name="text search configuration",
    catalog="pg_ts_config",
    source=f"pg_ts_config x WHERE {s.scope('x.oid', 'pg_ts_config')}",
    path="x.oid::regconfig::text",
    attributes=(
        Attribute("owner", s.role("x.cfgowner")),
        Attribute("parser", s.qualified("pg_ts_parser", "prsname", "prsnamespace", "x.cfgparser")),
        Attribute(
            "mappings",
            "ARRAY(SELECT m.maptokentype || ' ' || string_agg(m.mapdict::regdictionary::text, ', ' "
            "ORDER BY m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = x.oid GROUP BY m.maptokentype "
            "ORDER BY m.maptokentype)",
        ),
    ),
)

DICTIONARY = Kind(
    name="text search dictionary",
    catalog="pg_ts_dict",
    source=f"pg_ts_dict x WHERE {s.scope('x.oid', 'pg_ts_dict')}",
    path="x.oid::regdictionary::text",
    attributes=(
        Attribute("owner", s.role("x.dictowner")),
        Attribute("template", s.qualified("pg_ts_template", "tmplname", "tmplnamespace", "x.dicttemplate")),
        Attribute("options", s.elements("x.dictinitoption")),
    ),
)

PARSER = Kind(
    name="text search parser",
    catalog="pg_ts_parser",
    source=f"pg_ts_parser x WHERE {s.scope('x.oid', 'pg_ts_parser')}",
    path="x.prsnamespace::regnamespace::text || '.' || quote_ident(x.prsname)",
    attributes=(
        Attribute("start function", function("x.prsstart")),
        Attribute("token function", function("x.prstoken")),
        Attribute("end function", function("x.prsend")),
        Attribute("headline function", function("x.prsheadline")),
        Attribute("token types function", function("x.prslextype")),
    ),
)

TEMPLATE = Kind(
    name="text search template",
    catalog="pg_ts_template",
    source=f"pg_ts_template x WHERE {s.scope('x.oid', 'pg_ts_template')}",
    path="x.tmplnamespace::regnamespace::text || '.' || quote_ident(x.tmplname)",
    impact=Impact.BEHAVIOUR,
    attributes=(
        Attribute("init function", function("x.tmplinit")),
        Attribute("lexize function", function("x.tmpllexize")),
    ),
)

KINDS = (CONFIGURATION, DICTIONARY, PARSER, TEMPLATE)
