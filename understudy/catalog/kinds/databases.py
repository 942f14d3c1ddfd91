"""The database and its settings, schemas, extensions, default privileges, and rights changed on system objects."""

from __future__ import annotations

from understudy.catalog import sqltext as s
from understudy.catalog.model import Attribute, Impact, Kind

DATABASE = Kind(
    name="database",
    catalog="pg_database",
    source="pg_database x WHERE x.datname = current_database()",
    path="'(this)'",  # a database may have another name on the other side
    described=False,
    dumped=False,
    attributes=(
        Attribute("owner", s.role("x.datdba"), dumped=False),
        Attribute("privileges", s.privileges("x.datacl", "d", "x.datdba"), dumped=False),
        Attribute("encoding", "pg_encoding_to_char(x.encoding)", dumped=False),
        Attribute("locale provider", "x.datlocprovider", since=15, dumped=False),
        Attribute("collate", "x.datcollate", dumped=False),
        Attribute("character type", "x.datctype", dumped=False),
        Attribute("locale", "x.daticulocale", since=15, until=16, dumped=False),
        Attribute("locale", "x.datlocale", since=17, dumped=False),
        Attribute("rules", "x.daticurules", since=16, dumped=False),
        Attribute("template", "x.datistemplate", dumped=False),
        Attribute("connections allowed", "x.datallowconn", dumped=False),
        Attribute("connection limit", "x.datconnlimit", dumped=False),
        Attribute(
            "tablespace",
            s.name_of("pg_tablespace", "spcname", "x.dattablespace"),
            Impact.PERFORMANCE,
            dumped=False,
        ),
        Attribute("comment", "shobj_description(x.oid, 'pg_database')", Impact.COSMETIC, dumped=False),
        Attribute(
            "security labels",
            "(SELECT array_agg(l.provider || ': ' || l.label ORDER BY l.provider) FROM pg_shseclabel l "
            "WHERE l.classoid = 'pg_database'::regclass AND l.objoid = x.oid)",
            dumped=False,
        ),
    ),
)

SETTING = Kind(
    name="setting",
    catalog="pg_db_role_setting",
    source="pg_db_role_setting x CROSS JOIN unnest(x.setconfig) g "
    "WHERE x.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())",
    path="split_part(g, '=', 1) || CASE x.setrole WHEN 0 THEN '' ELSE ' for ' || x.setrole::regrole::text END",
    oid="x.setrole",
    impact=Impact.BEHAVIOUR,
    described=False,
    dumped=False,
    attributes=(Attribute("value", s.setting("split_part(g, '=', 1)", "substr(g, strpos(g, '=') + 1)"), dumped=False),),
)

SCHEMA = Kind(
    name="schema",
    catalog="pg_namespace",
    source=f"pg_namespace x WHERE x.nspname = 'public' OR x.nspname !~ '^pg_(toast_)?temp_' "
    f"AND {s.scope('x.oid', 'pg_namespace')}",
    path="quote_ident(x.nspname)",
    dumped=False,  # pg_dump does not miss `public` when it is gone
    attributes=(
        Attribute("owner", s.role("x.nspowner")),
        Attribute("privileges", s.privileges("x.nspacl", "n", "x.nspowner")),
    ),
)

EXTENSION = Kind(
    name="extension",
    catalog="pg_extension",
    source="pg_extension x",
    path="quote_ident(x.extname)",
    dumped=False,  # pg_dump writes no version, and nothing of an extension that initdb made
    attributes=(
        Attribute("owner", s.role("x.extowner"), dumped=False),
        Attribute("schema", "x.extnamespace::regnamespace::text"),
        Attribute("version", "x.extversion", dumped=False),
    ),
)

DEFAULT_PRIVILEGES = Kind(
    name="default privileges",
    catalog="pg_default_acl",
    source="pg_default_acl x",
    path="x.defaclrole::regrole::text || CASE x.defaclnamespace WHEN 0 THEN '' ELSE ' in ' || "
    "x.defaclnamespace::regnamespace::text END || ' on ' || CASE x.defaclobjtype WHEN 'r' THEN 'tables' "
    "WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' "
    "WHEN 'L' THEN 'large objects' ELSE x.defaclobjtype::text END",
    impact=Impact.BEHAVIOUR,
    described=False,
    attributes=(Attribute("privileges", s.privileges("x.defaclacl", "r", "x.defaclrole")),),
)

_CHANGED = """(SELECT 'pg_class'::regclass::oid AS class, oid, 0 AS sub, relacl AS acl, relowner AS owner FROM pg_class
  UNION ALL SELECT 'pg_class'::regclass, c.oid, attnum, attacl, relowner FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid WHERE attacl IS NOT NULL
  UNION ALL SELECT 'pg_proc'::regclass, oid, 0, proacl, proowner FROM pg_proc
  UNION ALL SELECT 'pg_type'::regclass, oid, 0, typacl, typowner FROM pg_type
  UNION ALL SELECT 'pg_language'::regclass, oid, 0, lanacl, lanowner FROM pg_language
  UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, 0, fdwacl, fdwowner FROM pg_foreign_data_wrapper
  UNION ALL SELECT 'pg_foreign_server'::regclass, oid, 0, srvacl, srvowner FROM pg_foreign_server
  UNION ALL SELECT 'pg_namespace'::regclass, oid, 0, nspacl, nspowner FROM pg_namespace
    WHERE nspname <> 'public')"""

SYSTEM_OBJECT = Kind(
    name="system object",
    catalog="pg_init_privs",
    # what initdb or an extension made, where somebody granted or revoked since
    source=f"""{_CHANGED} x LEFT JOIN pg_init_privs i ON i.classoid = x.class AND i.objoid = x.oid
      AND i.objsubid = x.sub
      WHERE x.acl IS NOT NULL AND x.acl IS DISTINCT FROM i.initprivs
      AND (x.oid < {s.FIRST_USER_OID} OR EXISTS (SELECT FROM pg_depend m WHERE m.deptype = 'e'
      AND m.classid = x.class AND m.objid = x.oid))""",
    path="pg_describe_object(x.class, x.oid, x.sub)",
    subid="x.sub",
    impact=Impact.BEHAVIOUR,
    described=False,
    attributes=(Attribute("privileges", s.privileges("x.acl", "r", "x.owner")),),
)

KINDS = (DATABASE, SETTING, SCHEMA, EXTENSION, DEFAULT_PRIVILEGES, SYSTEM_OBJECT)
