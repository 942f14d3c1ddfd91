"""The database and its settings, schemas, extensions, rights; foreign data; logical replication."""

from __future__ import annotations

from understudy.catalog import Object
from understudy.parity.sensitivity.changes.general import comment, commented, labels, presence, usual
from understudy.parity.sensitivity.model import Change, Scene, change, either, flag, other, path, row, say


def _execute(words: str) -> str:
    """A statement that names the database, whatever it is called."""
    text = words.replace("'", "''")
    return f"DO $$ BEGIN EXECUTE format('{text}', current_database()); END $$"


def _database(attribute: str, column: str, *values: str, also: str = "") -> Change:
    statement = other(column, *values, catalog="pg_database", key="datname", where="")
    return change(
        attribute, statement.replace("WHERE datname = {oid}", "WHERE datname = current_database()"), columns=also
    )


DATABASES: tuple[Change, ...] = (
    change("owner", _execute("ALTER DATABASE %I OWNER TO pg_monitor")),
    change("privileges", _execute("GRANT ALL ON DATABASE %I TO pg_monitor"), columns="pg_database.datacl"),
    _database("encoding", "encoding", "8", "9"),
    _database("locale provider", "datlocprovider", "'i'", "'c'"),
    _database("collate", "datcollate", "'POSIX'", "'C'"),
    _database("character type", "datctype", "'POSIX'", "'C'"),
    change(
        "locale",
        lambda _, scene: (
            f"UPDATE pg_database SET {'datlocale' if scene.snapshot.major > 16 else 'daticulocale'} = 'und' "
            "WHERE datname = current_database()"
        ),
        columns="pg_database.datlocale pg_database.daticulocale",
    ),
    _database("rules", "daticurules", "'&a < b'", "NULL"),
    change(
        "template",
        flag(
            "template", _execute("ALTER DATABASE %I IS_TEMPLATE true"), _execute("ALTER DATABASE %I IS_TEMPLATE false")
        ),
    ),
    _database("connections allowed", "datallowconn", "false", "true"),
    change("connection limit", _execute("ALTER DATABASE %I CONNECTION LIMIT 12345")),
    _database("tablespace", "dattablespace", "1664", "1663"),
    change("comment", _execute("COMMENT ON DATABASE %I IS 'changed'")),
    change(
        "security labels",
        "INSERT INTO pg_shseclabel (objoid, classoid, provider, label) SELECT oid, 'pg_database'::regclass, "
        "'understudy', 'changed' FROM pg_database WHERE datname = current_database()",
        columns="pg_shseclabel.provider pg_shseclabel.label",
    ),
)


def _role_of(found: Object) -> tuple[str, str]:
    """A setting's own name and the words that say whose it is."""
    name, _, role = path(found).partition(" for ")
    return name, f"ALTER ROLE {role} IN DATABASE %I" if role else "ALTER DATABASE %I"


SETTINGS: tuple[Change, ...] = (
    presence(say(lambda f: _execute(f"{_role_of(f)[1]} RESET {_role_of(f)[0]}"))),
    change(
        "value",
        "UPDATE pg_db_role_setting SET setconfig = ARRAY(SELECT c || '1' FROM unnest(setconfig) c) "
        "WHERE setrole = {oid} AND setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())",
    ),
)

SCHEMAS: tuple[Change, ...] = (*usual("nspowner", grant="SCHEMA {path}", acl="pg_namespace.nspacl"), labels())

EXTENSIONS: tuple[Change, ...] = (
    *usual(),
    change("owner", row("extowner = 'pg_monitor'::regrole")),
    change("schema", other("extnamespace", "'information_schema'::regnamespace", "'public'::regnamespace")),
    change("version", row("extversion = extversion || '.1'")),
)


def _defaults(verb: str, found: Object) -> str:
    role, _, what = path(found).rpartition(" on ")
    role, _, schema = role.partition(" in ")
    where = f" IN SCHEMA {schema}" if schema else ""
    to = "TO" if verb == "GRANT" else "FROM"
    return f"ALTER DEFAULT PRIVILEGES FOR ROLE {role}{where} {verb} ALL ON {what.upper()} {to} pg_monitor"


DEFAULT_PRIVILEGES: tuple[Change, ...] = (
    presence("DELETE FROM pg_default_acl WHERE oid = {oid}"),
    change("privileges", say(lambda f: _defaults("GRANT", f)), columns="pg_default_acl.defaclacl"),
)


def _system(found: Object) -> str | None:
    word, _, name = path(found).partition(" ")
    words = {
        "view": "TABLE",
        "table": "TABLE",
        "schema": "SCHEMA",
        "function": "FUNCTION",
        "type": "TYPE",
        "language": "LANGUAGE",
        "sequence": "SEQUENCE",
    }
    return f"GRANT ALL ON {words[word]} {name} TO pg_monitor WITH GRANT OPTION" if word in words else None


_ACL = {
    "view": "pg_class.relacl",
    "table": "pg_class.relacl",
    "sequence": "pg_class.relacl",
    "schema": "pg_namespace.nspacl",
    "function": "pg_proc.proacl",
    "type": "pg_type.typacl",
    "language": "pg_language.lanacl",
}


def _as_made(found: Object) -> str | None:
    """What nobody granted or revoked anything of is no difference, and not listed."""
    catalog, _, column = _ACL.get(path(found).partition(" ")[0], "").partition(".")
    made = f"FROM pg_init_privs WHERE objoid = {{oid}} AND classoid = '{catalog}'::regclass AND objsubid = 0"
    return f"UPDATE {catalog} SET {column} = (SELECT initprivs {made}) WHERE oid = {{oid}}" if catalog else None


SYSTEM_OBJECTS: tuple[Change, ...] = (
    presence(say(_as_made)),
    change("privileges", say(_system), columns="pg_init_privs.initprivs"),
)


def _options(add: str, table: str, column: str) -> tuple[Change, Change]:
    """The names of options and their values: one more, and another value of the first."""
    return (
        change(
            "options", add, f"UPDATE {table} SET {column} = array_append({column}, 'understudy=1') WHERE oid = {{oid}}"
        ),
        change(
            "option values",
            f"UPDATE {table} SET {column} = CASE WHEN {column} IS NULL THEN '{{understudy=1}}' "
            f"ELSE ARRAY[{column}[1] || '1'] || {column}[2:] END WHERE oid = {{oid}}",
        ),
    )


_WRAPPER = "FOREIGN DATA WRAPPER {path}"

WRAPPERS: tuple[Change, ...] = (
    *usual("fdwowner", place=_WRAPPER, grant="FOREIGN DATA WRAPPER {path}", acl="pg_foreign_data_wrapper.fdwacl"),
    change("handler", other("fdwhandler", "'int4pl(int,int)'::regprocedure", "'int4mi(int,int)'::regprocedure")),
    change("validator", other("fdwvalidator", "'postgresql_fdw_validator(text[],oid)'::regprocedure", "0")),
    *_options(f"ALTER {_WRAPPER} OPTIONS (ADD understudy '1')", "pg_foreign_data_wrapper", "fdwoptions"),
)

SERVERS: tuple[Change, ...] = (
    *usual("srvowner", grant="FOREIGN SERVER {path}", acl="pg_foreign_server.srvacl"),
    change(
        "wrapper",
        "CREATE FOREIGN DATA WRAPPER understudy; "
        + row("srvfdw = (SELECT oid FROM pg_foreign_data_wrapper WHERE fdwname = 'understudy')"),
    ),
    change("type", row("srvtype = coalesce(srvtype, '') || 'changed'")),
    change("version", say(lambda f: f"ALTER SERVER {{path}} VERSION '{f.values['version'] or ''}changed'")),
    *_options("ALTER SERVER {path} OPTIONS (ADD understudy '1')", "pg_foreign_server", "srvoptions"),
)


def _mapping(found: Object) -> str:
    return path(found).replace(" server ", " SERVER ")


USER_MAPPINGS: tuple[Change, ...] = (
    presence(say(lambda f: f"DROP USER MAPPING FOR {_mapping(f)}")),
    *_options(
        "UPDATE pg_user_mapping SET umoptions = array_append(umoptions, 'understudy=1') WHERE oid = {oid}",
        "pg_user_mapping",
        "umoptions",
    ),
)


def _published(attribute: str, word: str) -> Change:
    def toggled(found: Object) -> str:
        words = {"inserts": "insert", "updates": "update", "deletes": "delete", "truncates": "truncate"}
        kept = [said for name, said in words.items() if bool(found.values[name]) != (name == attribute)]
        return f"ALTER PUBLICATION {{path}} SET (publish = '{', '.join(kept)}')"

    return change(attribute, say(toggled), columns=f"pg_publication.{word}")


PUBLICATIONS: tuple[Change, ...] = (
    *usual("pubowner"),
    labels(),
    change("all tables", row("puballtables = NOT puballtables")),
    _published("inserts", "pubinsert"),
    _published("updates", "pubupdate"),
    _published("deletes", "pubdelete"),
    _published("truncates", "pubtruncate"),
    change(
        "via root",
        flag(
            "via root",
            "ALTER PUBLICATION {path} SET (publish_via_partition_root = true)",
            "ALTER PUBLICATION {path} SET (publish_via_partition_root = false)",
        ),
    ),
    change(
        "generated columns",
        either(
            "generated columns",
            ("s", "ALTER PUBLICATION {path} SET (publish_generated_columns = stored)"),
            ("n", "ALTER PUBLICATION {path} SET (publish_generated_columns = none)"),
        ),
    ),
    change(
        "schemas",
        say(
            lambda f: (
                f"ALTER PUBLICATION {{path}} DROP TABLES IN SCHEMA {f.values['schemas'][0]}"
                if f.values["schemas"]
                else "CREATE SCHEMA understudy_s; ALTER PUBLICATION {path} ADD TABLES IN SCHEMA understudy_s"
            )
        ),
        row("puballtables = false")
        + "; CREATE SCHEMA understudy_s; ALTER PUBLICATION {path} ADD TABLES IN SCHEMA understudy_s",
    ),
)


def _published_again(words: str) -> Change:
    def way(found: Object, scene: Scene) -> str | None:
        table, _, publication = path(found).rpartition(" in ")
        columns = [path(c).removeprefix(table + ".") for c in scene.columns(table)]
        alter = f"ALTER PUBLICATION {publication}"
        if words == "columns":
            kept = "" if found.values["columns"] else f" ({columns[0]})"
            row_filter = found.values["row filter"]
            rest = f" WHERE ({row_filter})" if row_filter else ""
        else:
            kept = f" ({', '.join(found.values['columns'])})" if found.values["columns"] else ""
            rest = "" if found.values["row filter"] == "(1 = 2)" else " WHERE (1 = 2)"
        return f"{alter} DROP TABLE {table}; {alter} ADD TABLE {table}{kept}{rest}"

    return change(words, way)


PUBLISHED_TABLES: tuple[Change, ...] = (
    presence(
        say(lambda f: f"ALTER PUBLICATION {path(f).rpartition(' in ')[2]} DROP TABLE {path(f).rpartition(' in ')[0]}")
    ),
    _published_again("row filter"),
    _published_again("columns"),
)

_SUBSCRIPTION = (
    "WHERE quote_ident(subname) = $n${path}$n$ "
    "AND subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def _subscription(attribute: str, assignment: str) -> Change:
    """ALTER SUBSCRIPTION refuses much of this while one is disabled, as the copy's is: its row is changed."""
    return change(attribute, f"UPDATE pg_subscription SET {assignment} {_SUBSCRIPTION}")


SUBSCRIPTIONS: tuple[Change, ...] = (
    presence("DROP SUBSCRIPTION {path}"),
    comment(commented("SUBSCRIPTION {path}")),
    change(
        "security labels",
        "INSERT INTO pg_shseclabel (objoid, classoid, provider, label) SELECT oid, 'pg_subscription'::regclass, "
        f"'understudy', 'changed' FROM pg_subscription {_SUBSCRIPTION}",
    ),
    _subscription("owner", "subowner = 'pg_monitor'::regrole"),
    _subscription("enabled", "subenabled = NOT subenabled"),
    _subscription("binary", "subbinary = NOT subbinary"),
    # a yes or no before PostgreSQL 16, a letter since
    change(
        "streaming",
        "UPDATE pg_subscription SET substream = CASE substream WHEN 'f' THEN 't' ELSE 'f' END::\"char\" "
        f"{_SUBSCRIPTION}",
        f"UPDATE pg_subscription SET substream = NOT substream {_SUBSCRIPTION}",
    ),
    _subscription("two phase", "subtwophasestate = CASE subtwophasestate WHEN 'd' THEN 'e' ELSE 'd' END"),
    _subscription("disable on error", "subdisableonerr = NOT subdisableonerr"),
    _subscription("password required", "subpasswordrequired = NOT subpasswordrequired"),
    _subscription("run as owner", "subrunasowner = NOT subrunasowner"),
    _subscription("failover", "subfailover = NOT subfailover"),
    _subscription("connection", "subconninfo = subconninfo || ' port=1'"),
    _subscription("slot", "subslotname = coalesce(subslotname, '') || 'changed'"),
    _subscription("synchronous commit", "subsynccommit = CASE subsynccommit WHEN 'local' THEN 'off' ELSE 'local' END"),
    _subscription("publications", "subpublications = subpublications || 'changed'::text"),
    _subscription("origin", "suborigin = CASE suborigin WHEN 'none' THEN 'any' ELSE 'none' END"),
)
