"""Operators, their classes and families, access methods; text search."""

from __future__ import annotations

from understudy.catalog import Object
from understudy.parity.sensitivity.changes.general import comment, commented, presence, usual
from understudy.parity.sensitivity.model import Change, change, other, path, row, say


def _operator(attribute: str, column: str, *values: str) -> Change:
    return change(attribute, other(column, *values))


_EQUAL, _UNEQUAL = "'=(int,int)'::regoperator", "'<>(int,int)'::regoperator"


OPERATORS: tuple[Change, ...] = (
    *usual("oprowner"),
    _operator("sort", "oprkind", "'l'", "'b'"),
    _operator("function", "oprcode", "'int4eq(int,int)'::regprocedure", "'int4ne(int,int)'::regprocedure"),
    _operator("result", "oprresult", "'text'::regtype", "'bool'::regtype"),
    _operator("commutator", "oprcom", _EQUAL, _UNEQUAL),
    _operator("negator", "oprnegate", _EQUAL, _UNEQUAL),
    _operator(
        "restriction estimator",
        "oprrest",
        "'eqsel(internal,oid,internal,int)'::regprocedure",
        "'neqsel(internal,oid,internal,int)'::regprocedure",
    ),
    _operator(
        "join estimator",
        "oprjoin",
        "'eqjoinsel(internal,oid,internal,int2,internal)'::regprocedure",
        "'neqjoinsel(internal,oid,internal,int2,internal)'::regprocedure",
    ),
    change("merges", row("oprcanmerge = NOT oprcanmerge")),
    change("hashes", row("oprcanhash = NOT oprcanhash")),
)


def _using(found: Object) -> str:
    return path(found).replace(" using ", " USING ")


def _of_method(words: str) -> tuple[Change, ...]:
    """What an operator class and an operator family have alike."""
    column = "opcowner" if words.endswith("CLASS") else "opfowner"
    return (
        presence(say(lambda f: f"DROP {words} {_using(f)} CASCADE")),
        comment(say(lambda f: commented(f"{words} {_using(f)}"))),
        change(
            "owner",
            say(lambda f: f"ALTER {words} {_using(f)} OWNER TO pg_monitor"),
            row(f"{column} = 'pg_monitor'::regrole"),
        ),
    )


CLASSES: tuple[Change, ...] = (
    *_of_method("OPERATOR CLASS"),
    change(
        "family",
        row(
            "opcfamily = (SELECT min(f.oid::int8)::oid FROM pg_opfamily f "
            "WHERE f.opfmethod = opcmethod AND f.oid <> opcfamily)"
        ),
    ),
    change("type", other("opcintype", "'text'::regtype", "'int'::regtype")),
    # two may not be the usual ones of a type: one that becomes it is for a type that has none
    change(
        "default",
        row("opcdefault = NOT opcdefault") + " AND opcdefault",
        row("opcdefault = true, opcintype = 'box'::regtype"),
    ),
    change("storage type", other("opckeytype", "'text'::regtype", "'int'::regtype")),
)


def _member(attribute: str, catalog: str, column: str, assignment: str) -> Change:
    """One row of a family is changed; a family that has none is given one."""
    family = "amopfamily" if catalog == "pg_amop" else "amprocfamily"
    first = f"(SELECT min(oid::int8)::oid FROM {catalog} WHERE {family} = {{oid}})"
    statement = f"UPDATE {catalog} SET {assignment} WHERE oid = {first}"
    member = "OPERATOR 3 =(int, int)" if catalog == "pg_amop" else "FUNCTION 1 (int, int) int4mi(int, int)"

    def add(found: Object) -> str:
        return f"ALTER OPERATOR FAMILY {_using(found)} ADD {member}"

    checked = f"DO $$ BEGIN {statement}; IF NOT FOUND THEN RAISE 'the family is empty'; END IF; END $$"
    return change(attribute, checked, say(add), columns=f"{catalog}.{column}")


_BTREE = "(SELECT oid FROM pg_opfamily WHERE opfname = 'integer_ops' AND opfmethod = 403)"
_FLOATS = "(SELECT oid FROM pg_opfamily WHERE opfname = 'float_ops' AND opfmethod = 403)"

FAMILIES: tuple[Change, ...] = (
    *_of_method("OPERATOR FAMILY"),
    _member("operators", "pg_amop", "amoplefttype", "amoplefttype = CASE amoplefttype WHEN 25 THEN 23 ELSE 25 END"),
    _member("operators", "pg_amop", "amoprighttype", "amoprighttype = CASE amoprighttype WHEN 25 THEN 23 ELSE 25 END"),
    _member("operators", "pg_amop", "amopstrategy", "amopstrategy = amopstrategy + 50"),
    _member(
        "operators",
        "pg_amop",
        "amoppurpose",
        "amoppurpose = CASE amoppurpose WHEN 's' THEN 'o' ELSE 's' END::\"char\", "
        f"amopsortfamily = CASE amoppurpose WHEN 's' THEN {_BTREE} ELSE 0 END",
    ),
    _member(
        "operators", "pg_amop", "amopopr", f"amopopr = CASE amopopr WHEN {_EQUAL} THEN {_UNEQUAL} ELSE {_EQUAL} END"
    ),
    _member(
        "operators",
        "pg_amop",
        "amopsortfamily",
        f"amoppurpose = 'o', amopsortfamily = CASE amopsortfamily WHEN {_BTREE} THEN {_FLOATS} ELSE {_BTREE} END",
    ),
    _member(
        "functions", "pg_amproc", "amproclefttype", "amproclefttype = CASE amproclefttype WHEN 25 THEN 23 ELSE 25 END"
    ),
    _member(
        "functions",
        "pg_amproc",
        "amprocrighttype",
        "amprocrighttype = CASE amprocrighttype WHEN 25 THEN 23 ELSE 25 END",
    ),
    _member("functions", "pg_amproc", "amprocnum", "amprocnum = amprocnum + 50"),
    _member(
        "functions",
        "pg_amproc",
        "amproc",
        "amproc = CASE amproc WHEN 'int4mi(int,int)'::regprocedure THEN 'int4pl(int,int)' ELSE 'int4mi(int,int)' END"
        "::regprocedure",
    ),
)

ACCESS_METHODS: tuple[Change, ...] = (
    presence("DROP ACCESS METHOD {path} CASCADE"),
    comment(commented("ACCESS METHOD {path}")),
    change(
        "handler", other("amhandler", "'hashhandler(internal)'::regprocedure", "'bthandler(internal)'::regprocedure")
    ),
    change("type", row("amtype = CASE amtype WHEN 'i' THEN 't' ELSE 'i' END")),
)


def _mapped(words: str) -> str:
    """A change of the first mapping of a configuration; one without any is given one."""
    return (
        "DO $$ DECLARE token int := (SELECT min(maptokentype) FROM pg_ts_config_map WHERE mapcfg = {oid}); "
        f"BEGIN IF token IS NULL THEN RAISE 'it maps nothing'; END IF; {words}; END $$"
    )


_ADD = "ALTER TEXT SEARCH CONFIGURATION {path} ADD MAPPING FOR ASCIIWORD WITH simple"
_ONE = "WHERE mapcfg = {oid} AND maptokentype = token"
_PARSER = (
    "CREATE TEXT SEARCH PARSER public.understudy_parser "
    "(START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype); "
)

CONFIGURATIONS: tuple[Change, ...] = (
    *usual("cfgowner"),
    change(
        "parser",
        "CREATE SCHEMA IF NOT EXISTS understudy_parser; "
        + _PARSER.replace("public.", "understudy_parser.")
        + row("cfgparser = (SELECT oid FROM pg_ts_parser WHERE prsname = 'understudy_parser')"),
    ),
    change("mappings", _mapped(f"DELETE FROM pg_ts_config_map {_ONE}"), _ADD, columns="pg_ts_config_map.maptokentype"),
    change(
        "mappings",
        _mapped(
            "INSERT INTO pg_ts_config_map SELECT {oid}, token, max(mapseqno) + 1, "
            f"'pg_catalog.english_stem'::regdictionary FROM pg_ts_config_map {_ONE}"
        ),
        _ADD,
        columns="pg_ts_config_map.mapseqno",
    ),
    change(
        "mappings",
        _mapped(
            "UPDATE pg_ts_config_map SET mapdict = CASE mapdict WHEN 'simple'::regdictionary "
            f"THEN 'pg_catalog.english_stem'::regdictionary ELSE 'simple'::regdictionary END {_ONE}"
        ),
        _ADD,
        columns="pg_ts_config_map.mapdict",
    ),
)


def _row(attribute: str, column: str, *functions: str) -> Change:
    return change(attribute, other(column, *(f"'{function}'::regprocedure" for function in functions)))


DICTIONARIES: tuple[Change, ...] = (
    *usual("dictowner"),
    change(
        "template",
        row("dicttemplate = (SELECT min(t.oid::int8)::oid FROM pg_ts_template t WHERE t.oid <> dicttemplate)"),
    ),
    change("options", row("dictinitoption = coalesce(dictinitoption || ', ', '') || 'understudy = ''1'''")),
)

PARSERS: tuple[Change, ...] = (
    *usual(),
    _row("start function", "prsstart", "int4pl(int,int)", "int4mi(int,int)"),
    _row("token function", "prstoken", "int4pl(int,int)", "int4mi(int,int)"),
    _row("end function", "prsend", "int4pl(int,int)", "int4mi(int,int)"),
    _row("headline function", "prsheadline", "int4pl(int,int)", "int4mi(int,int)"),
    _row("token types function", "prslextype", "int4pl(int,int)", "int4mi(int,int)"),
)

TEMPLATES: tuple[Change, ...] = (
    *usual(),
    _row("init function", "tmplinit", "int4pl(int,int)", "int4mi(int,int)"),
    _row("lexize function", "tmpllexize", "int4pl(int,int)", "int4mi(int,int)"),
)
