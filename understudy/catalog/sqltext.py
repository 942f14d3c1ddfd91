"""Pieces of SQL that the kinds share. Every name they yield is qualified and quoted: the reader empties search_path."""

from __future__ import annotations

FIRST_USER_OID = 16384
"""FirstNormalObjectId of access/transam.h: what initdb made is below it, in every version."""

COLUMN_KINDS = "('r', 'p', 'f', 'v', 'm', 'c')"
"""relkinds whose columns are columns of the schema (an index's are not)."""

OWNER_WORD = "(owner)"
"""Stands for the object's owner in privileges, so that a changed owner is one difference and not two."""


def scope(oid: str, catalog: str) -> str:
    """Made by a user, and not part of an extension: the extension's version answers for its members."""
    return (
        f"{oid} >= {FIRST_USER_OID} AND {oid} NOT IN (SELECT m.objid FROM pg_depend m WHERE m.deptype = 'e' "
        f"AND m.refclassid = 'pg_extension'::regclass AND m.classid = '{catalog}'::regclass)"
    )


def stands_alone(oid: str, catalog: str) -> str:
    """Not made with something else, as a range's constructors are."""
    return (
        f"NOT EXISTS (SELECT FROM pg_depend m WHERE m.deptype = 'i' AND m.classid = '{catalog}'::regclass "
        f"AND m.objid = {oid})"
    )


def permanent(relation: str) -> str:
    """A relation that belongs to the schema: no session's temporary table, no TOAST table."""
    return f"{relation}.relpersistence <> 't' AND {relation}.relnamespace <> 'pg_toast'::regnamespace"


def role(oid: str) -> str:
    """A role's name."""
    return f"pg_get_userbyid({oid})"


def sorted_list(array: str) -> str:
    """A list whose order means nothing, in one order that no collation changes."""
    return _unless_null(array, f'ARRAY(SELECT o FROM unnest({array}) o ORDER BY o COLLATE "C")')


def _unless_null(array: str, expression: str) -> str:
    """An expression that is not evaluated for what most rows have: nothing."""
    return f"CASE WHEN {array} IS NULL THEN '{{}}' ELSE {expression} END"


_SWITCHES = (
    "{autovacuum_enabled,vacuum_truncate,vacuum_index_cleanup,user_catalog_table,security_barrier,security_invoker,"
    "deduplicate_items,fastupdate,autosummarize}"
)


_TRUTH = "^(t|tr|tru|true|f|fa|fal|fals|false|y|ye|yes|n|no|on|of|off|1|0)$"


def storage_options(array: str) -> str:
    """The options of a relation; `off` and `false` are one value, and so are `0.10` and `.1`."""
    name, value = "split_part(o, '=', 1)", "substr(o, strpos(o, '=') + 1)"
    # a number that begins with a zero is octal where a whole one is wanted, and is left as it was written
    plain = f"""CASE WHEN {name} = ANY ('{_SWITCHES}') AND {value} ~* '{_TRUTH}' THEN {name} || '=' || {value}::boolean
      WHEN {name} = ANY ('{_SWITCHES}') THEN {name} || '=' || lower({value})
      WHEN {value} ~ '^[-+]?((0|[1-9][0-9]*)([.][0-9]*)?|[.][0-9]+)$' THEN {name} || '=' || trim_scale({value}::numeric)
      ELSE o END"""
    return _unless_null(array, f'ARRAY(SELECT {plain} COLLATE "C" FROM unnest({array}) o ORDER BY 1)')


_UNITS = (
    '{"B": 0.0009765625, "kB": 1, "MB": 1024, "GB": 1048576, "TB": 1073741824, '
    '"us": 0.001, "ms": 1, "s": 1000, "min": 60000, "h": 3600000, "d": 86400000}'
)
_QUANTITY = "^([-+]?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?)[ ]*(us|ms|s|min|h|d|B|kB|MB|GB|TB)?$"
_KNOWN = (
    "(SELECT jsonb_object_agg(p.name, jsonb_build_array(p.vartype, p.unit)) FROM pg_settings p "
    "WHERE p.vartype <> 'string' AND strpos(p.name, '.') = 0)"
)


def setting(name: str, value: str) -> str:
    """The value of a parameter in one spelling: `off` and `false` are one, and so are `9MB` and 9216 blocks of 1 kB.

    PostgreSQL keeps what was written. What the server does not know (a parameter of a library that is not loaded), and
    texts, stay as they are. The list of what it knows is made once a query, and only if somebody asks.
    """
    # one row that has the type, the unit that a bare number has, the number and its own unit
    parts = f"""(SELECT k.about ->> 0 AS type, ltrim(k.about ->> 1, '0123456789') AS unit,
      coalesce(substring(k.about ->> 1 FROM '^[0-9]+'), '1')::numeric AS times, q.parts[1] AS number, q.parts[2] AS own
      FROM (SELECT {_KNOWN} -> {name} AS about, regexp_match({value}, '{_QUANTITY}') AS parts OFFSET 0) k
      CROSS JOIN LATERAL (SELECT k.parts) q)"""
    units = f"'{_UNITS}'::jsonb"
    return f"""(SELECT CASE WHEN s.type = 'bool' AND {value} ~* '{_TRUTH}'
        THEN CASE WHEN {value}::boolean THEN 'on' ELSE 'off' END
      WHEN s.type = 'enum' THEN lower({value})
      WHEN s.type IN ('integer', 'real') AND s.number IS NOT NULL AND s.unit IS NULL AND s.own IS NULL
        THEN trim_scale(s.number::numeric)::text
      WHEN s.type IN ('integer', 'real') AND s.number IS NOT NULL AND {units} ->> s.unit IS NOT NULL
        THEN trim_scale(s.number::numeric * CASE WHEN s.own IS NULL THEN s.times * ({units} ->> s.unit)::numeric
          ELSE ({units} ->> s.own)::numeric END)::text || CASE WHEN right(s.unit, 1) = 'B' THEN 'kB' ELSE 'ms' END
      ELSE {value} END FROM {parts} s)"""


def settings(array: str) -> str:
    """A function's settings, each in one spelling, in one order."""
    name, value = "split_part(o, '=', 1)", "substr(o, strpos(o, '=') + 1)"
    plain = f"{name} || '=' || {setting(name, value)}"
    return _unless_null(array, f'ARRAY(SELECT {plain} COLLATE "C" FROM unnest({array}) o ORDER BY 1)')


def elements(text: str) -> str:
    """The elements of a text's list in one order; a comma in a quoted constant parts nothing."""
    element = "((?:[^,'']|''(?:[^'']|'''')*'')+)"
    return f"ARRAY(SELECT ltrim(m[1]) COLLATE \"C\" FROM regexp_matches({text}, '{element}', 'g') m ORDER BY 1)"


def column_options(array: str) -> str:
    """A column's options without `pg_attver`, a stamp that PostgreSQL 15.20 puts on each column it makes.

    It is another number for every table, no statement sets it, and pg_dump leaves it out.
    """
    kept = f"ARRAY(SELECT o FROM unnest({array}) o WHERE o NOT LIKE 'pg_attver=%' ORDER BY o COLLATE \"C\")"
    return _unless_null(array, kept)


def option_names(array: str) -> str:
    """The names of `name=value` options."""
    return f"ARRAY(SELECT split_part(o, '=', 1) FROM unnest({array}) o ORDER BY o COLLATE \"C\")"


def privileges(acl: str, object_type: str, owner: str) -> str:
    """Who may do what, one line a grant; a NULL ACL is what it stands for, the type's default."""
    return f"""ARRAY(SELECT e.privilege_type || ' to ' ||
      CASE e.grantee WHEN 0 THEN 'public' WHEN {owner} THEN '{OWNER_WORD}' ELSE e.grantee::regrole::text END ||
      CASE WHEN e.is_grantable AND e.grantee <> {owner} THEN ' with grant option' ELSE '' END ||
      CASE WHEN e.grantor <> {owner} THEN ' by ' || e.grantor::regrole::text ELSE '' END COLLATE "C"
      FROM aclexplode(coalesce({acl}, acldefault('{object_type}', {owner}))) e ORDER BY 1)"""


def name_of(catalog: str, column: str, oid: str) -> str:
    """The name of a row of a small catalog, NULL for OID 0."""
    return f"CASE WHEN {oid} <> 0 THEN (SELECT n.{column} FROM {catalog} n WHERE n.oid = {oid}) END"


def qualified(catalog: str, name: str, namespace: str, oid: str) -> str:
    """The qualified name of a row that has no reg* type of its own, NULL for OID 0."""
    return (
        f"(SELECT q.{namespace}::regnamespace::text || '.' || quote_ident(q.{name}) FROM {catalog} q "
        f"WHERE q.oid = {oid})"
    )


def relation_key(alias: str) -> str:
    """Kind and path of a pg_class row."""
    return f"""CASE {alias}.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' WHEN 'S' THEN 'sequence '
      WHEN 'f' THEN 'foreign table ' WHEN 'c' THEN 'type ' WHEN 'i' THEN 'index ' WHEN 'I' THEN 'index '
      ELSE 'table ' END || {alias}.oid::regclass::text"""


def column_names(relation: str, numbers: str, order: str = "u.place") -> str:
    """The names of columns given by number, in the order given, or another of columns `n` at places `u`."""
    return (
        f"ARRAY(SELECT quote_ident(n.attname) FROM unnest({numbers}) WITH ORDINALITY u(number, place) "
        f"JOIN pg_attribute n ON n.attrelid = {relation} AND n.attnum = u.number ORDER BY {order})"
    )


def extensions_needed(oid: str, catalog: str) -> str:
    """The extensions that an object was told to go with (`DEPENDS ON EXTENSION`)."""
    declared = f"m.deptype = 'x' AND m.classid = '{catalog}'::regclass"
    # the list of those that have any is made once and is short
    return f"""CASE WHEN {oid} IN (SELECT m.objid FROM pg_depend m WHERE m.refclassid = 'pg_extension'::regclass
      AND {declared}) THEN ARRAY(SELECT quote_ident(n.extname) COLLATE "C" FROM pg_depend m JOIN pg_extension n
      ON n.oid = m.refobjid WHERE {declared} AND m.objid = {oid} ORDER BY 1) ELSE '{{}}' END"""
