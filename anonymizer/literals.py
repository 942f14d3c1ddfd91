"""What a schema says outside of its columns' values: comments, defaults, function bodies, labels, conditions, options.

All of it arrives in a clone as it is, but for what is left out. So each text is looked at, and what looks personal or
secret in it is reported: where it stands and what it looks like, never the text. A person accepts it in the policy,
with a reason, or takes it out of the schema; until then nothing is cloned.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from anonymizer import aside, catalog, detect
from anonymizer.catalog import Connection
from anonymizer.finding import Finding
from anonymizer.policy import Policy

_OURS = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"
_FREE = """NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '{catalog}'::regclass AND e.objid = {oid}
    AND e.deptype = 'e')"""
_OBJECT = "pg_catalog.pg_describe_object('{catalog}'::regclass, {oid}, 0)"

_FIRST_OWN_OID = 16384
"""Objects below it are the server's own."""

_CLASSES = f"""
SELECT 'comments', 'comment on ' || pg_catalog.pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description
FROM pg_catalog.pg_description d
WHERE (d.objoid >= {_FIRST_OWN_OID}
       OR d.classoid = 'pg_namespace'::regclass AND d.objoid = pg_catalog.to_regnamespace('public'))
AND d.classoid <> 'pg_largeobject'::regclass
AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e')
UNION ALL
SELECT 'column defaults', {_OBJECT.format(catalog="pg_attrdef", oid="d.oid")},
       pg_catalog.pg_get_expr(d.adbin, d.adrelid)
FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = d.adrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE {_OURS} AND {_FREE.format(catalog="pg_class", oid="c.oid")}
UNION ALL
SELECT 'conditions', {_OBJECT.format(catalog="pg_constraint", oid="k.oid")}, pg_catalog.pg_get_constraintdef(k.oid)
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
WHERE k.contype IN ('c', 'x') AND {_OURS} AND {_FREE.format(catalog="pg_constraint", oid="k.oid")}
AND {_FREE.format(catalog="pg_class", oid="k.conrelid")}
UNION ALL
SELECT 'domain defaults', 'default of ' || {_OBJECT.format(catalog="pg_type", oid="t.oid")}, t.typdefault
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.typdefault IS NOT NULL AND {_OURS} AND {_FREE.format(catalog="pg_type", oid="t.oid")}
UNION ALL
SELECT CASE WHEN r.rulename = '_RETURN' THEN 'views' ELSE 'rules' END,
       CASE WHEN r.rulename = '_RETURN' THEN {_OBJECT.format(catalog="pg_class", oid="c.oid")}
            ELSE {_OBJECT.format(catalog="pg_rewrite", oid="r.oid")} END, pg_catalog.pg_get_ruledef(r.oid)
FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE {_OURS} AND {_FREE.format(catalog="pg_class", oid="c.oid")}
UNION ALL
SELECT 'functions', {_OBJECT.format(catalog="pg_proc", oid="p.oid")},
       CASE WHEN p.prokind = 'a' THEN coalesce(pg_catalog.pg_get_expr(p.proargdefaults, 0), '')
            ELSE pg_catalog.pg_get_functiondef(p.oid) END
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE {_OURS} AND {_FREE.format(catalog="pg_proc", oid="p.oid")}
UNION ALL
SELECT 'enum types', {_OBJECT.format(catalog="pg_type", oid="t.oid")},
       (SELECT string_agg(l.enumlabel, E'\\n' ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum l
        WHERE l.enumtypid = t.oid)
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype = 'e' AND {_OURS} AND {_FREE.format(catalog="pg_type", oid="t.oid")}
UNION ALL
SELECT 'row-level policies', {_OBJECT.format(catalog="pg_policy", oid="p.oid")},
       concat_ws(E'\\n', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
                 pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_catalog.pg_policy p
UNION ALL
SELECT 'triggers', {_OBJECT.format(catalog="pg_trigger", oid="t.oid")}, pg_catalog.pg_get_triggerdef(t.oid)
FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND {_OURS} AND {_FREE.format(catalog="pg_class", oid="c.oid")}
UNION ALL
SELECT 'indexes with expressions', {_OBJECT.format(catalog="pg_class", oid="i.indexrelid")},
       pg_catalog.pg_get_indexdef(i.indexrelid)
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) AND {_OURS} AND {_FREE.format(catalog="pg_class", oid="c.oid")}
UNION ALL
SELECT 'partition bounds', 'bounds of ' || {_OBJECT.format(catalog="pg_class", oid="c.oid")},
       pg_catalog.pg_get_expr(c.relpartbound, c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpartbound IS NOT NULL AND c.relkind <> 'i' AND {_OURS} AND {_FREE.format(catalog="pg_class", oid="c.oid")}
UNION ALL
SELECT 'extended statistics', {_OBJECT.format(catalog="pg_statistic_ext", oid="s.oid")},
       pg_catalog.pg_get_statisticsobjdef(s.oid)
FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace WHERE {_OURS}
UNION ALL
SELECT 'foreign servers', {_OBJECT.format(catalog="pg_foreign_server", oid="s.oid")},
       array_to_string(s.srvoptions, E'\\n')
FROM pg_catalog.pg_foreign_server s WHERE {_FREE.format(catalog="pg_foreign_server", oid="s.oid")}
UNION ALL
SELECT 'foreign tables', {_OBJECT.format(catalog="pg_class", oid="t.ftrelid")},
       concat_ws(E'\\n', array_to_string(t.ftoptions, E'\\n'), (
           SELECT string_agg(array_to_string(a.attfdwoptions, E'\\n'), E'\\n')
           FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.ftrelid))
FROM pg_catalog.pg_foreign_table t WHERE {_FREE.format(catalog="pg_class", oid="t.ftrelid")}
UNION ALL
SELECT 'security labels', 'security label on ' || pg_catalog.pg_describe_object(l.classoid, l.objoid, l.objsubid),
       l.label
FROM pg_catalog.pg_seclabel l WHERE l.classoid <> 'pg_largeobject'::regclass
UNION ALL
SELECT 'text search dictionaries', {_OBJECT.format(catalog="pg_ts_dict", oid="d.oid")}, d.dictinitoption
FROM pg_catalog.pg_ts_dict d JOIN pg_catalog.pg_namespace n ON n.oid = d.dictnamespace
WHERE {_OURS} AND {_FREE.format(catalog="pg_ts_dict", oid="d.oid")}
"""
"""(class, where, text): what pg_dump writes besides names and types."""

_ROW_FILTERS = """
SELECT 'publications', pg_catalog.pg_describe_object('pg_publication_rel'::regclass, r.oid, 0),
       pg_catalog.pg_get_expr(r.prqual, r.prrelid)
FROM pg_catalog.pg_publication_rel r WHERE r.prqual IS NOT NULL
"""
_ROW_FILTER_VERSION = 150000

_COUNTS = f"""
SELECT (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'S' AND {_OURS}),
       (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata),
       (SELECT count(*) FROM pg_catalog.pg_subscription
        WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())),
       (SELECT count(*) FROM pg_catalog.pg_user_mappings),
       (SELECT count(*) FROM pg_catalog.pg_db_role_setting WHERE setrole <> 0
        AND setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())),
       (SELECT count(*) FROM pg_catalog.pg_shdescription WHERE classoid = 'pg_database'::regclass
        AND objoid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()))
"""


@dataclass(frozen=True)
class Survey:
    """What there is besides columns.

    Attributes:
        findings: literals that look personal or secret and that nobody accepted.
        carried: what a clone carries over, in words and counted.
        left_out: what it leaves out.
        accepted: what looks personal, and somebody let leave.
    """

    findings: tuple[Finding, ...]
    carried: tuple[str, ...]
    left_out: tuple[str, ...]
    accepted: tuple[str, ...]


def survey(connection: Connection, rules: Policy) -> Survey:
    """Look at everything that a clone would carry over besides the rows.

    Args:
        connection: a session that reads the source.
        rules: its `accepted` are no findings.
    """
    counts: dict[str, int] = {}
    found: list[Finding] = []
    accepted: list[str] = []
    for kind, where, text in _texts(connection):
        counts[kind] = counts.get(kind, 0) + 1
        for what in detect.inside(text, rules.locale) if text else ():
            if rules.accepts(where, what):
                accepted.append(f"{what} in {where}")
            else:
                found.append(finding(where, what))
    carried, left_out = _said(connection, counts)
    return Survey(tuple(found), carried, left_out, tuple(accepted))


def _texts(connection: Connection) -> Iterator[tuple[str, str, str]]:
    queries = [_CLASSES]
    if connection.info.server_version >= _ROW_FILTER_VERSION:
        queries.append(_ROW_FILTERS)
    for kind, where, text in connection.execute(" UNION ALL ".join(queries).encode() + b" ORDER BY 1, 2"):
        yield str(kind), str(where), str(text or "")
    for name, value in aside.settings(connection):
        if not aside.is_secretive(name):
            yield "settings of the database", f"setting {name} of the database", value


def finding(where: str, what: str) -> Finding:
    """That a text looks personal or secret, and the lines of a policy that accept it."""
    line = f'[[accepted]]\nwhere = {_toml(where)}\nwhat = {_toml(what)}\nreason = "?"'
    return Finding("literal", where, None, f"what looks like {what} stands in it, and would be carried over", line)


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _said(connection: Connection, counts: dict[str, int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is carried over and what is left out, in words."""
    row = connection.execute(_COUNTS.encode()).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has a row
    sequences, objects, subscriptions, mappings, *_ = row
    carried = [f"{kind} ({count})" for kind, count in sorted(counts.items())]
    if sequences:
        carried.append(f"where the sequences stand ({sequences})")
    carried.append("the planner's statistics, made anew of the masked rows")
    left_out = [
        f"{words} ({count})"
        for count, words in (
            (objects, "large objects"),
            (subscriptions, "subscriptions"),
            (mappings, "user mappings"),
        )
        if count
    ]
    left_out += not_in_an_archive(connection)
    left_out += [
        f"the database's setting {name}, which may be a secret"
        for name, _ in aside.settings(connection)
        if aside.is_secretive(name)
    ]
    left_out += [f"the rows of the foreign table {table.name}" for table in catalog.tables(connection) if table.foreign]
    left_out += [f"the rows of {table}, which is an extension's" for table in catalog.extension_tables(connection)]
    return tuple(carried), tuple(left_out)


def not_in_an_archive(connection: Connection) -> list[str]:
    """What pg_dump does not write of one database, in words."""
    row = connection.execute(_COUNTS.encode()).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has a row
    *_, roles, comments = row
    found = [f"what roles have set for themselves in this database ({roles})"] if roles else []
    return [*found, *(["the comment on the database itself"] if comments else [])]
