"""Statements that run in no transaction of ours: which they are, and how to tell afterwards what became of one.

| statement | done when | before it runs again |
| --- | --- | --- |
| CREATE INDEX CONCURRENTLY | the index is there and valid | the invalid one is dropped |
| DROP INDEX CONCURRENTLY | the index is gone | nothing |
| REINDEX CONCURRENTLY | never known | leftovers named _ccnew and _ccold are dropped |
| DETACH PARTITION CONCURRENTLY | it is no partition any more | a pending detach is finalized instead |
| VACUUM, ANALYZE, CLUSTER, REINDEX, REFRESH, ALTER SYSTEM | never known | nothing: twice does no harm |
| CALL, DO, CREATE DATABASE and the rest | a person must say | - |
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from psycopg import sql

from understudy.migrate.errors import JournalMismatchError, MigrateError
from understudy.migrate.journal import Begun, Connection
from understudy.migrate.lexer import Kind, Token
from understudy.migrate.script import Script, cannot_run_in_transaction
from understudy.migrate.statements import Statement

_HARMLESS_TWICE = ("VACUUM", "ANALYZE", "CLUSTER", "REINDEX", "REFRESH")


def runs_alone(statement: Statement) -> bool:
    """Whether it must not share a transaction with its journal entry."""
    return cannot_run_in_transaction(statement) is not None or statement.words[0] in ("CALL", "DO", "CLUSTER")


def sets_session(statement: Statement) -> bool:
    """Whether it sets something for the session, which a resumed run must set again."""
    return statement.words[0] in ("SET", "RESET") and "LOCAL" not in statement.words[:2]


def require_same_beginning(script: Script, begun: Mapping[int, Begun]) -> None:
    """What is done of a file must still be its beginning.

    Raises:
        JournalMismatchError: the file changed there since.
    """
    for place, entry in begun.items():
        same = place < len(script.statements) and script.statements[place].checksum == entry.checksum
        if entry.done and not same:
            raise JournalMismatchError(
                f"{script.path.name} changed while it was half applied",
                detail=f"Statement {place + 1} is done, and the file now says something else there.",
                hint="Put the statements that are done back; those after them may change.",
            )


def already_done(connection: Connection, statement: Statement, where: str) -> bool:
    """Whether a statement that was begun by a run that was killed has taken effect.

    Raises:
        MigrateError: that cannot be known.
    """
    words = statement.words
    if words[0] == "CREATE" and "CONCURRENTLY" in words[:5]:
        return bool(_index(connection, statement, "i.indisvalid AND i.indisready"))
    if words[0] == "DROP" and "CONCURRENTLY" in words[:5]:
        return not _index(connection, statement, "true")
    if "DETACH" in words and words[-1] == "CONCURRENTLY":
        return _detached(connection, statement)
    if words[0] in _HARMLESS_TWICE or words[:2] == ("ALTER", "SYSTEM"):
        return False
    raise MigrateError(
        "it is not known whether a statement took effect",
        detail=f"{where}: a run was killed while this {words[0]} was under way, and nothing in the catalog tells.",
        hint="Look, then say it: `understudy migrate repair --statement done` or `--statement again`.",
    )


def clear_the_way(connection: Connection, statement: Statement) -> bool:
    """Remove what a failed concurrent build left behind, so that the statement can build it again.

    Returns:
        Whether the statement may run now: a detach that was pending and is finalized must not be asked for twice.
    """
    words = statement.words
    if words[0] == "CREATE" and "CONCURRENTLY" in words[:5]:
        for (name,) in _index(connection, statement, "NOT (i.indisvalid AND i.indisready)"):
            connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.SQL(str(name))))
    elif words[0] == "REINDEX":
        rows = connection.execute(
            "SELECT c.oid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AND c.relkind = 'i'"
            " AND NOT EXISTS (SELECT 1 FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid)"
        ).fetchall()
        for (name,) in rows:
            connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.SQL(str(name))))
    elif "DETACH" in words and words[-1] == "CONCURRENTLY" and _pending_detach(connection, statement):
        parent, child = _detach_names(statement)
        connection.execute(f"ALTER TABLE {parent} DETACH PARTITION {child} FINALIZE".encode())
        return False
    return True


@contextlib.contextmanager
def as_ourselves(connection: Connection) -> Iterator[None]:
    """As the role that connected, whatever role the migration has taken on for its own statements."""
    row = connection.execute("SELECT current_user, session_user, current_setting('role')").fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has a row
    role = str(row[2])
    if role == "none":
        yield
        return
    connection.execute("RESET ROLE")
    yield
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))


# --- names in statements ---


def _index(connection: Connection, statement: Statement, condition: str) -> list[tuple[object, ...]]:
    """The index that a CREATE or DROP INDEX names, as a regclass text, if it exists and the condition holds."""
    schema, name = _index_name(statement)
    relation = _table_of_index(statement)
    return connection.execute(
        "SELECT c.oid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        f" WHERE ({condition}) AND c.relname = %(name)s AND CASE"
        # a new index is made in its table's schema; an old one is looked for along the path
        "   WHEN %(table)s::text IS NOT NULL THEN c.relnamespace ="
        "     (SELECT relnamespace FROM pg_class WHERE oid = to_regclass(%(table)s))"
        "   WHEN %(schema)s::text IS NOT NULL THEN c.relnamespace ="
        "     (SELECT oid FROM pg_namespace WHERE nspname = %(schema)s)"
        "   ELSE pg_table_is_visible(c.oid) END",
        {"name": name, "schema": schema, "table": relation},
    ).fetchall()


def _index_name(statement: Statement) -> tuple[str | None, str]:
    rest = list(statement.tokens[list(statement.words).index("CONCURRENTLY") + 1 :])
    while rest and rest[0].text.upper() in ("IF", "NOT", "EXISTS"):
        del rest[0]
    parts = _name(rest)
    if not parts or (statement.words[0] == "CREATE" and rest[0].text.upper() == "ON"):
        raise MigrateError(
            "a concurrent index needs a name",
            detail="Without one, a run that follows a killed one could not tell whether it was built.",
            hint="Write CREATE INDEX CONCURRENTLY name ON ...",
        )
    return (parts[-2] if len(parts) > 1 else None), parts[-1]


def _table_of_index(statement: Statement) -> str | None:
    if statement.words[0] != "CREATE":
        return None
    rest = list(statement.tokens[list(statement.words).index("ON") + 1 :])
    if rest[0].text.upper() == "ONLY":
        del rest[0]
    return "".join(token.text for token in name_tokens(rest))


def _detach_names(statement: Statement) -> tuple[str, str]:
    words = list(statement.words)
    parent = list(statement.tokens[2 : words.index("DETACH")])
    if parent[0].text.upper() == "IF":
        del parent[:2]
    child = list(statement.tokens[words.index("PARTITION") + 1 :])
    return "".join(t.text for t in name_tokens(parent)), "".join(t.text for t in name_tokens(child))


def _detached(connection: Connection, statement: Statement) -> bool:
    parent, child = _detach_names(statement)
    row = connection.execute(
        "SELECT to_regclass(%(child)s) IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_inherits"
        " WHERE inhrelid = to_regclass(%(child)s) AND inhparent = to_regclass(%(parent)s))",
        {"child": child, "parent": parent},
    ).fetchone()
    return bool(row and row[0])


def _pending_detach(connection: Connection, statement: Statement) -> bool:
    parent, child = _detach_names(statement)
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM pg_inherits WHERE inhdetachpending"
        " AND inhrelid = to_regclass(%s) AND inhparent = to_regclass(%s))",
        [child, parent],
    ).fetchone()
    return bool(row and row[0])


def name_tokens(tokens: list[Token]) -> list[Token]:
    """The tokens of the dotted name at the beginning."""
    taken: list[Token] = []
    for token in tokens:
        wants_part = not taken or taken[-1].text == "."
        if (token.kind in (Kind.WORD, Kind.QUOTED)) != wants_part or (not wants_part and token.text != "."):
            break
        taken.append(token)
    return taken


def _name(tokens: list[Token]) -> list[str]:
    """The parts of the dotted name at the beginning, as the catalog spells them."""
    return [
        token.text[1:-1].replace('""', '"') if token.kind is Kind.QUOTED else token.text.lower()
        for token in name_tokens(tokens)
        if token.text != "."
    ]
