"""Functions, procedures, aggregates; languages, transforms, event triggers."""

from __future__ import annotations

from understudy.catalog import Object
from understudy.parity.sensitivity.changes.general import comment, commented, labels, owner, presence, usual
from understudy.parity.sensitivity.model import Change, Scene, change, either, flag, other, path, row, say

FUNCTIONS = ("function", "window function")
CALLABLE = (*FUNCTIONS, "procedure")
_AGGREGATE = "aggregate"
_ALTER = "ALTER ROUTINE {path} "
_SUPPORT = "generate_series_int4_support(internal)"
_OUT_MODES = "array_fill('i'::\"char\", ARRAY[pronargs]) || 'o'::\"char\""


def _with_default(found: Object, scene: Scene) -> str | None:
    """The function again, whose last argument may now be left out."""
    given = found.values["arguments"]
    if not given or "DEFAULT" in given or "OUT " in given or "VARIADIC" in given:
        return None
    definition = str(scene.ask(f"SELECT pg_get_functiondef({found.oid})"))
    return definition.replace(f"({given})", f"({given} DEFAULT NULL)", 1)


def _other_body(found: Object, scene: Scene) -> str | None:
    body = found.values["SQL body"]
    if not body:
        return None
    definition = str(scene.ask(f"SELECT pg_get_functiondef({found.oid})"))
    new = (
        "BEGIN ATOMIC\n SELECT 12345;\nEND" if found.values["kind"] == "p" else f"RETURN NULL::{found.values['result']}"
    )
    return definition.replace(body, new, 1)


ARGUMENTS = (
    change(
        "arguments",
        row(
            "proargnames = ARRAY(SELECT 'understudy_' || i FROM "
            "generate_series(1, greatest(pronargs, cardinality(proallargtypes))) i)"
        )
        + " AND pronargs > 0 AND proargnames IS DISTINCT FROM '{understudy_1}'",
        columns="pg_proc.proargnames",
    ),
    change(
        "arguments",
        row(
            f"proallargtypes = proargtypes::oid[] || 'text'::regtype::oid, proargmodes = {_OUT_MODES}, "
            "proargnames = proargnames[:pronargs] || CASE WHEN proargnames IS NOT NULL THEN '{understudy}'::text[] END"
        ),
        sorts=CALLABLE,
        columns="pg_proc.proallargtypes",
    ),
    change(
        "arguments",
        row("proallargtypes = proargtypes::oid[], proargmodes = array_fill('b'::\"char\", ARRAY[pronargs])")
        + " AND pronargs > 0",
        sorts=CALLABLE,
        columns="pg_proc.proargmodes",
        needs="a function with an argument",
    ),
    change(
        "arguments",
        _with_default,
        sorts=CALLABLE,
        columns="pg_proc.proargdefaults",
        needs="a function whose last argument has no default",
    ),
)

ROUTINE: tuple[Change, ...] = (
    *usual("proowner", place="ROUTINE {path}", grant="ROUTINE {path}", acl="pg_proc.proacl"),
    labels(),
    change("kind", other("prokind", "'w'", "'f'"), sorts=FUNCTIONS),
    change(
        "result",
        other("prorettype", "'bigint'::regtype", "'text'::regtype"),
        sorts=FUNCTIONS,
        columns="pg_proc.prorettype",
        needs="a function",
    ),
    change(
        "result",
        row("proretset = NOT proretset, prorows = CASE WHEN proretset THEN 0 ELSE 1000 END"),
        sorts=FUNCTIONS,
        columns="pg_proc.proretset",
    ),
    *ARGUMENTS,
    change(
        "language",
        say(
            lambda f: (
                "UPDATE pg_proc SET prolang = (SELECT oid FROM pg_language WHERE lanname = "
                f"'{'plpgsql' if f.values['language'] != 'plpgsql' else 'sql'}') WHERE oid = {{oid}}"
                if not f.values["SQL body"]
                else None
            )
        ),
        sorts=CALLABLE,
    ),
    change(
        "body",
        say(
            lambda f: (
                "UPDATE pg_proc SET prosrc = prosrc || ' ' WHERE oid = {oid}" if not f.values["SQL body"] else None
            )
        ),
        sorts=CALLABLE,
    ),
    change("SQL body", _other_body, sorts=CALLABLE, needs="a function with a body of SQL's own"),
    change("library", row("probin = coalesce(probin, '$libdir/') || 'understudy', prolang = 13"), sorts=CALLABLE),
    change("volatility", either("volatility", ("s", _ALTER + "STABLE"), ("v", _ALTER + "VOLATILE")), sorts=FUNCTIONS),
    change(
        "parallel",
        either("parallel", ("s", _ALTER + "PARALLEL SAFE"), ("u", _ALTER + "PARALLEL UNSAFE")),
        sorts=FUNCTIONS,
    ),
    change("parallel", other("proparallel", "'s'", "'u'"), sorts=_AGGREGATE),
    change("strict", flag("strict", _ALTER + "STRICT", _ALTER + "CALLED ON NULL INPUT"), sorts=FUNCTIONS),
    change(
        "security definer",
        flag("security definer", _ALTER + "SECURITY DEFINER", _ALTER + "SECURITY INVOKER"),
        sorts=CALLABLE,
    ),
    change("leakproof", flag("leakproof", _ALTER + "LEAKPROOF", _ALTER + "NOT LEAKPROOF"), sorts=FUNCTIONS),
    change("cost", _ALTER + "COST 12345", sorts=FUNCTIONS),
    change("rows", _ALTER + "ROWS 12345", sorts=FUNCTIONS, needs="a function that returns a set"),
    change(
        "support function",
        say(
            lambda f: (
                "ALTER FUNCTION {path} SUPPORT pg_catalog."
                + (
                    "array_unnest_support"
                    if f.values["support function"] == _SUPPORT
                    else "generate_series_int4_support"
                )
            )
        ),
        sorts=FUNCTIONS,
    ),
    change("settings", _ALTER + "SET statement_timeout = 12345", sorts=CALLABLE),
    change("transforms", row("protrftypes = coalesce(protrftypes, '{}') || 'text'::regtype::oid"), sorts=CALLABLE),
    change(
        "depends on extension",
        _ALTER + "DEPENDS ON EXTENSION plpgsql",
        sorts=CALLABLE,
        columns="pg_depend.refobjid pg_depend.deptype",
    ),
)


def _aggregate(attribute: str, assignments: str, *, only: str = "", needs: str = "") -> Change:
    """A change of a row of pg_aggregate; `only` says of which."""
    statement = f"UPDATE pg_aggregate SET {assignments} WHERE aggfnoid = {{oid}}::regprocedure" + (
        f" AND {only}" if only else ""
    )
    return change(attribute, statement, sorts=_AGGREGATE, needs=needs)


def _or(column: str, first: str, second: str, sort: str = "regprocedure") -> str:
    return f"{column} = CASE WHEN {column} = '{first}'::{sort} THEN '{second}' ELSE '{first}' END::{sort}"


_MOVING = (
    "aggmtransfn = 'int4pl(int,int)'::regprocedure, aggminvtransfn = 'int4mi(int,int)'::regprocedure, "
    "aggmtranstype = 'int4'::regtype"
)
_MOVED = "aggmtransfn <> 0"


def _moving(attribute: str, assignment: str) -> Change:
    """What is only said of an aggregate that has a moving form: where none has, one is given to it first."""
    ways = (
        f"UPDATE pg_aggregate SET {assignment} WHERE aggfnoid = {{oid}}::regprocedure AND {_MOVED}",
        f"UPDATE pg_aggregate SET {_MOVING} WHERE aggfnoid = {{oid}}::regprocedure AND NOT {_MOVED}; "
        f"UPDATE pg_aggregate SET {assignment} WHERE aggfnoid = {{oid}}::regprocedure",
    )
    return change(attribute, *ways, sorts=_AGGREGATE)


_FINAL = "aggfinalfn = CASE WHEN aggfinalfn = 0 THEN 'int4abs(int)'::regprocedure ELSE aggfinalfn END"
_MFINAL = "aggmfinalfn = CASE WHEN aggmfinalfn = 0 THEN 'int4abs(int)'::regprocedure ELSE aggmfinalfn END"

AGGREGATES: tuple[Change, ...] = (
    _aggregate("aggregate kind", "aggkind = CASE aggkind WHEN 'o' THEN 'h' ELSE 'o' END"),
    _aggregate(
        "direct arguments",
        "aggnumdirectargs = CASE aggnumdirectargs WHEN 0 THEN 1 ELSE 0 END",
        only="aggkind <> 'n'",
        needs="an ordered-set aggregate",
    ),
    _aggregate("transition function", _or("aggtransfn", "int4mi(int,int)", "int4pl(int,int)")),
    _aggregate("final function", _or("aggfinalfn", "int4abs(int)", "int4inc(int)")),
    _aggregate("combine function", _or("aggcombinefn", "int4mi(int,int)", "int4pl(int,int)")),
    _aggregate(
        "serial function", _or("aggserialfn", "numeric_avg_serialize(internal)", "int8_avg_serialize(internal)")
    ),
    _aggregate(
        "deserial function",
        _or("aggdeserialfn", "numeric_avg_deserialize(bytea,internal)", "int8_avg_deserialize(bytea,internal)"),
    ),
    _moving("moving transition function", _or("aggmtransfn", "int4mul(int,int)", "int4mi(int,int)")),
    _moving("moving inverse function", _or("aggminvtransfn", "int4mul(int,int)", "int4pl(int,int)")),
    _moving("moving final function", _or("aggmfinalfn", "int4abs(int)", "int4inc(int)")),
    _aggregate("final function takes arguments", f"aggfinalextra = NOT aggfinalextra, {_FINAL}"),
    _moving("moving final function takes arguments", f"aggmfinalextra = NOT aggmfinalextra, {_MFINAL}"),
    _aggregate(
        "final function modifies", f"aggfinalmodify = CASE aggfinalmodify WHEN 's' THEN 'w' ELSE 's' END, {_FINAL}"
    ),
    _moving(
        "moving final function modifies",
        f"aggmfinalmodify = CASE aggmfinalmodify WHEN 's' THEN 'w' ELSE 's' END, {_MFINAL}",
    ),
    _aggregate("sort operator", _or("aggsortop", "<(int,int)", ">(int,int)", "regoperator")),
    _aggregate("state type", _or("aggtranstype", "int8", "int4", "regtype")),
    _aggregate("state size", "aggtransspace = aggtransspace + 12345"),
    _moving("moving state type", _or("aggmtranstype", "int8", "int4", "regtype")),
    _moving("moving state size", "aggmtransspace = aggmtransspace + 12345"),
    _aggregate("initial value", "agginitval = coalesce(agginitval, '') || '12345'"),
    _moving("moving initial value", "aggminitval = coalesce(aggminitval, '') || '12345'"),
)

LANGUAGES: tuple[Change, ...] = (
    *usual("lanowner"),
    change(
        "privileges",
        "GRANT USAGE ON LANGUAGE {path} TO pg_monitor",
        row("lanacl = ARRAY[makeaclitem(lanowner, lanowner, 'USAGE', false)]"),
        columns="pg_language.lanacl",
    ),
    labels(),
    change("procedural", row("lanispl = NOT lanispl")),
    change("trusted", row("lanpltrusted = NOT lanpltrusted")),
    change(
        "handler",
        other("lanplcallfoid", "'fmgr_c_validator(oid)'::regprocedure", "'fmgr_sql_validator(oid)'::regprocedure"),
    ),
    change(
        "inline handler",
        other("laninline", "'fmgr_c_validator(oid)'::regprocedure", "'fmgr_sql_validator(oid)'::regprocedure"),
    ),
    change(
        "validator",
        other("lanvalidator", "'fmgr_c_validator(oid)'::regprocedure", "'fmgr_sql_validator(oid)'::regprocedure"),
    ),
)


_TRANSFORM = say(lambda f: f"DROP TRANSFORM FOR {path(f).replace(' language ', ' LANGUAGE ')} CASCADE")
_LEXTYPE = "'prsd_lextype(internal)'::regprocedure"

TRANSFORMS: tuple[Change, ...] = (
    presence(_TRANSFORM),
    comment(say(lambda f: commented(f"TRANSFORM FOR {path(f).replace(' language ', ' LANGUAGE ')}"))),
    change("from SQL", other("trffromsql", _LEXTYPE, "'prsd_end(internal)'::regprocedure")),
    change("to SQL", other("trftosql", _LEXTYPE, "'prsd_end(internal)'::regprocedure")),
)

EVENT_TRIGGERS: tuple[Change, ...] = (
    presence("DROP EVENT TRIGGER {path}"),
    comment(commented("EVENT TRIGGER {path}")),
    labels(),
    owner("ALTER EVENT TRIGGER {path} OWNER TO pg_monitor", column="evtowner"),
    change("event", other("evtevent", "'ddl_command_end'", "'ddl_command_start'")),
    change(
        "function",
        row(
            "evtfoid = (SELECT max(oid::int8)::oid FROM pg_proc "
            "WHERE oid <> evtfoid AND prorettype = 'trigger'::regtype)"
        ),
    ),
    change(
        "enabled",
        either(
            "enabled", ("A", "ALTER EVENT TRIGGER {path} ENABLE ALWAYS"), ("D", "ALTER EVENT TRIGGER {path} DISABLE")
        ),
    ),
    change("tags", row("evttags = coalesce(evttags, '{}') || 'CREATE TABLE'::text")),
)
