"""Types of every sort, collations, casts, conversions."""

from __future__ import annotations

from understudy.catalog import Object
from understudy.parity.sensitivity.changes.general import comment, commented, labels, owner, presence, usual
from understudy.parity.sensitivity.changes.relations import typed
from understudy.parity.sensitivity.model import Change, Scene, change, flag, other, own, path, row, say

_ANY = "{word} {path}"


def _another_sort(found: Object) -> str:
    made = "CREATE DOMAIN {path} AS text" if found.values["sort"] != "d" else "CREATE TYPE {path} AS ENUM ('changed')"
    return f"DROP TYPE {{path}} CASCADE; {made}"


def _reordered(found: Object, scene: Scene) -> str | None:
    columns = sorted(scene.columns(path(found)), key=lambda column: column.subid)
    if len(columns) < 2:
        return None
    alter = f"ALTER TYPE {path(found)}"
    return f"{alter} DROP ATTRIBUTE {own(columns[0])} CASCADE; {alter} ADD ATTRIBUTE {typed(columns[0], scene)} CASCADE"


def _default(found: Object) -> str:
    words = "DROP DEFAULT" if found.values["default"] else f"SET DEFAULT coalesce(NULL::{found.values['base type']})"
    return f"ALTER DOMAIN {{path}} {words}"


def _base(attribute: str, assignment: str) -> Change:
    return change(attribute, row(assignment), sorts="base type")


def _function(attribute: str, column: str, first: str, second: str) -> Change:
    return change(attribute, other(column, f"'{first}'::regprocedure", f"'{second}'::regprocedure"), sorts="base type")


def _range(attribute: str, column: str, first: str, second: str) -> Change:
    return change(attribute, other(column, first, second, catalog="pg_range", key="rngtypid"), sorts="range")


def _class(name: str) -> str:
    return f"(SELECT oid FROM pg_opclass WHERE opcname = '{name}' AND opcmethod = 403)"


TYPES: tuple[Change, ...] = (
    presence("DROP TYPE {path} CASCADE"),
    comment(commented("TYPE {path}")),
    labels(),
    owner("ALTER TYPE {path} OWNER TO pg_monitor", column="typowner"),
    change(
        "privileges",
        "GRANT ALL ON TYPE {path} TO pg_monitor",
        columns="pg_type.typacl",
        sorts=("enum", "domain", "composite type", "range", "base type"),
    ),
    change("sort", say(_another_sort)),
    change(
        "defined",
        "DROP TYPE {path} CASCADE; CREATE TYPE {path}",
        sorts=("enum", "domain", "composite type", "range", "base type"),
    ),
    change("defined", "DROP TYPE {path} CASCADE; CREATE TYPE {path} AS ENUM ('changed')", sorts="shell type"),
    change("labels", "ALTER TYPE {path} ADD VALUE 'changed by understudy'", sorts="enum", columns="pg_enum.enumlabel"),
    change(
        "labels",
        "UPDATE pg_enum SET enumsortorder = -enumsortorder WHERE enumtypid = {oid} "
        "AND (SELECT count(*) FROM pg_enum WHERE enumtypid = {oid}) > 1",
        sorts="enum",
        columns="pg_enum.enumsortorder",
        needs="two labels",
    ),
    change("column order", _reordered, sorts="composite type", columns="pg_attribute.attnum", needs="two columns"),
    change(
        "base type",
        other("typbasetype", "'text'::regtype", "'int'::regtype").replace(" SET ", " SET typtypmod = -1, ", 1),
        sorts="domain",
        columns="pg_type.typbasetype",
    ),
    change(
        "base type",
        row("typtypmod = CASE WHEN typtypmod = 81 THEN 82 ELSE 81 END")
        + " AND typbasetype IN ('varchar'::regtype, 'char'::regtype)",
        row("typbasetype = 'varchar'::regtype, typtypmod = 81"),
        sorts="domain",
        columns="pg_type.typtypmod",
    ),
    change(
        "not null",
        flag("not null", "ALTER DOMAIN {path} SET NOT NULL", "ALTER DOMAIN {path} DROP NOT NULL"),
        sorts="domain",
    ),
    change("default", say(_default), sorts="domain", columns="pg_type.typdefaultbin"),
    change(
        "default", row("typdefault = coalesce(typdefault, '') || '1'"), sorts="base type", columns="pg_type.typdefault"
    ),
    change(
        "collation",
        other("typcollation", "'\"C\"'::regcollation", "'\"POSIX\"'::regcollation"),
        sorts=("domain", "base type"),
    ),
    _range("subtype", "rngsubtype", "'int8'::regtype", "'int4'::regtype"),
    _range("subtype operator class", "rngsubopc", _class("text_pattern_ops"), _class("text_ops")),
    _range("range collation", "rngcollation", "'\"C\"'::regcollation", "'\"POSIX\"'::regcollation"),
    _range(
        "canonical function",
        "rngcanonical",
        "'int4range_canonical(int4range)'::regprocedure",
        "'int8range_canonical(int8range)'::regprocedure",
    ),
    _range(
        "difference function",
        "rngsubdiff",
        "'int4range_subdiff(int,int)'::regprocedure",
        "'int8range_subdiff(int8,int8)'::regprocedure",
    ),
    change(
        "multirange",
        "DO $$ BEGIN EXECUTE format('ALTER TYPE %s RENAME TO understudy_multirange', "
        "(SELECT rngmultitypid::regtype FROM pg_range WHERE rngtypid = {oid})); END $$",
        sorts="range",
    ),
    _function("input function", "typinput", "textin(cstring)", "int4in(cstring)"),
    _function("output function", "typoutput", "textout(text)", "int4out(int4)"),
    _function("receive function", "typreceive", "textrecv(internal)", "int4recv(internal)"),
    _function("send function", "typsend", "textsend(text)", "int4send(int4)"),
    _function("modifier input function", "typmodin", "varchartypmodin(cstring[])", "bpchartypmodin(cstring[])"),
    _function("modifier output function", "typmodout", "varchartypmodout(int4)", "bpchartypmodout(int4)"),
    _function("analyze function", "typanalyze", "array_typanalyze(internal)", "range_typanalyze(internal)"),
    _function(
        "subscript function",
        "typsubscript",
        "raw_array_subscript_handler(internal)",
        "array_subscript_handler(internal)",
    ),
    _base("length", "typlen = CASE typlen WHEN 16 THEN 24 ELSE 16 END"),
    _base("by value", "typbyval = NOT typbyval"),
    _base("alignment", "typalign = CASE typalign WHEN 'i' THEN 'd' ELSE 'i' END"),
    _base("storage", "typstorage = CASE typstorage WHEN 'p' THEN 'm' ELSE 'p' END"),
    _base("category", "typcategory = CASE typcategory WHEN 'Y' THEN 'Z' ELSE 'Y' END"),
    _base("preferred", "typispreferred = NOT typispreferred"),
    _base("delimiter", "typdelim = CASE typdelim WHEN ';' THEN ',' ELSE ';' END"),
    _base("element", "typelem = CASE typelem WHEN 23 THEN 25 ELSE 23 END"),
)

_LIBC = "collprovider = 'c', collcollate = 'C', collctype = 'C'"


def _provider(_: Object, scene: Scene) -> str:
    locale = {
        14: "collcollate = 'und', collctype = 'und'",
        15: "colliculocale = 'und', collcollate = NULL, collctype = NULL",
        16: "colliculocale = 'und', collcollate = NULL, collctype = NULL",
    }
    here = locale.get(scene.snapshot.major, "colllocale = 'und', collcollate = NULL, collctype = NULL")
    now = _.values["provider"]
    none = {14: "collversion = NULL", 15: "colliculocale = NULL", 16: "colliculocale = NULL"}.get(
        scene.snapshot.major, "colllocale = NULL"
    )
    words = f"collprovider = 'i', {here}" if now == "c" else f"{_LIBC}, {none}"
    return f"UPDATE pg_collation SET {words} WHERE oid = {_.oid}"


def _locale(found: Object, scene: Scene) -> str:
    name = "colllocale" if scene.snapshot.major >= 17 else "colliculocale"
    value = "de" if found.values["locale"] != "de" else "fr"
    libc = "" if found.values["provider"] == "i" else ", collprovider = 'i', collcollate = NULL, collctype = NULL"
    return f"UPDATE pg_collation SET {name} = '{value}'{libc} WHERE oid = {found.oid}"


COLLATIONS: tuple[Change, ...] = (
    *usual("collowner"),
    change("provider", _provider),
    change("deterministic", row("collisdeterministic = NOT collisdeterministic")),
    change("encoding", row("collencoding = CASE collencoding WHEN 8 THEN 9 ELSE 8 END")),
    change("collate", other("collcollate", "'POSIX'", "'C'")),
    change("character type", other("collctype", "'POSIX'", "'C'")),
    change("locale", _locale, columns="pg_collation.colllocale pg_collation.colliculocale"),
    change("rules", row("collicurules = coalesce(collicurules, '') || '&a < b'")),
)

CASTS: tuple[Change, ...] = (
    presence("DROP CAST {path} CASCADE"),
    comment(commented("CAST {path}")),
    change(
        "function",
        other("castfunc", "'int4abs(int)'::regprocedure", "'int4inc(int)'::regprocedure").replace(
            " SET ", " SET castmethod = 'f', ", 1
        ),
    ),
    change("context", other("castcontext", "'e'", "'a'")),
    change("method", row("castmethod = CASE castmethod WHEN 'i' THEN 'b' ELSE 'i' END")),
)

CONVERSIONS: tuple[Change, ...] = (
    *usual("conowner"),
    change("from encoding", other("conforencoding", "pg_char_to_encoding('LATIN9')", "pg_char_to_encoding('LATIN1')")),
    change("to encoding", other("contoencoding", "pg_char_to_encoding('LATIN9')", "pg_char_to_encoding('LATIN1')")),
    change(
        "function",
        row(
            "conproc = (SELECT p.oid FROM pg_proc p WHERE p.proname = "
            "CASE WHEN conproc::text LIKE '%iso8859_1_to_utf8%' THEN 'koi8r_to_utf8' ELSE 'iso8859_1_to_utf8' END)"
        ),
    ),
    change("default", row("condefault = NOT condefault")),
)
