"""What else hangs on a relation: triggers, rules, policies, extended statistics."""

from __future__ import annotations

import re

from understudy.catalog import Object
from understudy.parity.sensitivity.changes.general import owner, presence
from understudy.parity.sensitivity.changes.relations import schema_of
from understudy.parity.sensitivity.model import Change, Scene, change, either, other, own, path, say, table_of

_ON_TABLE = (
    presence("DROP {word} {own} ON {table}"),
    change("comment", "COMMENT ON {word} {own} ON {table} IS 'changed'"),
)


def _defined(assignment: str, column: str, where: str = "") -> Change:
    """A trigger's row, changed in what its definition is written from."""
    statement = f"UPDATE pg_trigger SET {assignment} WHERE oid = {{oid}}{where}"
    checked = f"DO $$ BEGIN {statement}; IF NOT FOUND THEN RAISE 'it is another sort of trigger'; END IF; END $$"
    return change("definition", checked if where else statement, columns=f"pg_trigger.{column}")


def _condition(found: Object, _: Scene) -> str | None:
    definition = found.values["definition"]
    call = re.search(r" EXECUTE FUNCTION .*", definition, re.S)
    if call is None or " INSTEAD OF " in definition:
        return None
    head = definition[: call.start()].partition(" WHEN (")[0]
    return f"DROP TRIGGER {own(found)} ON {table_of(found)}; {head} WHEN (1 = 2){call[0]}"


def _enabled(found: Object) -> str:
    verb = "ENABLE" if found.values["enabled"] == "D" else "DISABLE"
    return f"ALTER TABLE {{table}} {verb} {{word}} {{own}}"


_ROW = "UPDATE pg_trigger SET tgenabled = CASE tgenabled WHEN 'D' THEN 'O' ELSE 'D' END WHERE oid = {oid}"

TRIGGERS: tuple[Change, ...] = (
    *_ON_TABLE,
    _defined(
        "tgfoid = (SELECT min(oid::int8)::oid FROM pg_proc WHERE prorettype = 'trigger'::regtype AND oid <> tgfoid)",
        "tgfoid",
    ),
    # 4 is INSERT, 8 is DELETE: one of them is added, or taken away from an INSERT OR DELETE
    _defined(
        "tgtype = CASE WHEN tgtype & 28 = 4 THEN tgtype | 8 ELSE tgtype # 4 END",
        "tgtype",
        " AND tgtype & 28 NOT IN (0)",
    ),
    _defined(
        "tgconstrrelid = CASE tgconstrrelid WHEN 0 THEN tgrelid ELSE 0 END", "tgconstrrelid", " AND tgconstraint <> 0"
    ),
    _defined("tgdeferrable = NOT tgdeferrable", "tgdeferrable", " AND tgconstraint <> 0"),
    _defined("tginitdeferred = NOT tginitdeferred, tgdeferrable = true", "tginitdeferred", " AND tgconstraint <> 0"),
    _defined("tgargs = 'changed\\000'::bytea, tgnargs = 1", "tgargs"),
    _defined(
        "tgattr = CASE WHEN tgattr::text = '1' THEN '' ELSE '1' END::int2vector", "tgattr", " AND tgtype & 16 <> 0"
    ),
    change("definition", _condition, columns="pg_trigger.tgqual", needs="a trigger that is not INSTEAD OF"),
    _defined(
        "tgoldtable = CASE WHEN tgoldtable IS NULL THEN 'understudy_old' END", "tgoldtable", " AND tgtype & 66 = 0"
    ),
    _defined(
        "tgnewtable = CASE WHEN tgnewtable IS NULL THEN 'understudy_new' END", "tgnewtable", " AND tgtype & 66 = 0"
    ),
    change("enabled", say(_enabled), _ROW, columns="pg_trigger.tgenabled"),
    change(
        "depends on extension",
        "ALTER TRIGGER {own} ON {table} DEPENDS ON EXTENSION plpgsql",
        columns="pg_depend.refobjid pg_depend.deptype",
    ),
)


def _rule(found: Object, condition: str, action: str | None) -> str | None:
    """The rule with another condition or action."""
    match = re.search(
        r"ON (\w+) TO (.*?)(?:\s+WHERE (.*?))?\s+DO\s+(INSTEAD)?\s*(.*);", found.values["definition"], re.S
    )
    if match is None:
        return None
    event, _, where, instead, now = match.groups()
    chosen = condition or (f"WHERE {where}" if where else "")
    return (
        f"CREATE OR REPLACE RULE {own(found)} AS ON {event} TO {table_of(found)} {chosen} "
        f"DO {instead or 'ALSO'} {action or now}"
    )


def _action(found: Object) -> str | None:
    return _rule(
        found, "", "NOTHING" if "DO INSTEAD NOTHING" not in found.values["definition"] else "NOTIFY understudy"
    )


RULES: tuple[Change, ...] = (
    *_ON_TABLE,
    change(
        "definition",
        "UPDATE pg_rewrite SET ev_type = CASE ev_type WHEN '3' THEN '4' ELSE '3' END::\"char\" WHERE oid = {oid}",
        columns="pg_rewrite.ev_type",
    ),
    change(
        "definition",
        "UPDATE pg_rewrite SET is_instead = NOT is_instead WHERE oid = {oid}",
        columns="pg_rewrite.is_instead",
    ),
    change("definition", say(lambda f: _rule(f, "WHERE (1 = 2)", None)), columns="pg_rewrite.ev_qual"),
    change("definition", say(_action), columns="pg_rewrite.ev_action"),
    change("enabled", say(_enabled)),
)

_POLICY = "ALTER POLICY {own} ON {table} "

POLICIES: tuple[Change, ...] = (
    *_ON_TABLE,
    change("command", other("polcmd", "'r'", "'d'")),
    change("permissive", "UPDATE pg_policy SET polpermissive = NOT polpermissive WHERE oid = {oid}"),
    change("roles", either("roles", (["pg_monitor"], _POLICY + "TO pg_monitor"), ([], _POLICY + "TO public"))),
    change(
        "using",
        say(lambda f: _POLICY + "USING (1 = 2)" if f.values["command"] != "a" else None),
        needs="a policy that is not for INSERT",
    ),
    change(
        "with check",
        say(lambda f: _POLICY + "WITH CHECK (1 = 2)" if f.values["command"] not in "rd" else None),
        needs="a policy for INSERT or UPDATE",
    ),
)


def _statistics(
    found: Object, scene: Scene, *, table: str = "", columns: list[str] | None = None, more: str = ""
) -> str:
    target = table or found.values["table"]
    chosen = columns or [
        *found.values["columns"],
        *([f"({e})" for e in scene.ask(f"SELECT pg_get_statisticsobjdef_expressions({found.oid})") or []]),
    ]
    return f"DROP STATISTICS {path(found)}; CREATE STATISTICS {path(found)} ON {', '.join(chosen)}{more} FROM {target}"


def _other_table(found: Object, scene: Scene) -> str:
    made = f"{schema_of(found)}.understudy_t"
    return f"CREATE TABLE {made} (LIKE {found.values['table']}); " + _statistics(found, scene, table=made)


def _other_columns(found: Object, scene: Scene) -> str | None:
    columns = [own(c) for c in scene.columns(found.values["table"]) if own(c) not in found.values["columns"]]
    return _statistics(found, scene, columns=[*found.values["columns"], *columns][-2:]) if columns else None


STATISTICS: tuple[Change, ...] = (
    presence("DROP STATISTICS {path}"),
    change("comment", "COMMENT ON STATISTICS {path} IS 'changed'"),
    owner("ALTER STATISTICS {path} OWNER TO pg_monitor", column="stxowner"),
    change("table", _other_table, columns="pg_statistic_ext.stxrelid"),
    change("columns", _other_columns, columns="pg_statistic_ext.stxkeys", needs="another column"),
    change("kinds", other("stxkind", "'{d}'::\"char\"[]", "'{f}'::\"char\"[]")),
    change(
        "expressions",
        lambda found, scene: _statistics(found, scene, more=", (1 = 2)"),
        columns="pg_statistic_ext.stxexprs",
    ),
    change("target", "ALTER STATISTICS {path} SET STATISTICS 1234"),
)
