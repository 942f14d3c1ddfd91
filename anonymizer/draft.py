"""`policy init` and `policy check`: a first draft from a database, and what a policy and a schema disagree on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from anonymizer import catalog, plan, servererrors, suggest
from anonymizer.catalog import Connection, Table
from anonymizer.endpoint import Endpoint
from anonymizer.identifiers import quote
from anonymizer.maskers import UNKNOWN
from anonymizer.plan import Finding
from anonymizer.policy import Policy, check_locale

_LONGEST = 2000
"""Of a sampled value no more characters than this are looked at."""


@dataclass(frozen=True)
class Draft:
    """A drafted policy: its text, and how much of it a person still has to decide."""

    text: str
    tables: int
    columns: int
    unknown: int


def draft(source: Endpoint, *, locale: str, sample: int) -> Draft:
    """A policy for every column of the source. Values are looked at and forgotten; none stands in the draft.

    Args:
        source: the database.
        locale: written into the draft.
        sample: how many rows of each table to look at.

    Raises:
        PolicyError: there is no such locale.
        ServerFailed: a table cannot be read.
    """
    check_locale(locale)
    try:
        with source.connect(autocommit=False) as connection:
            connection.execute("SET TRANSACTION READ ONLY")
            tables = [t for t in catalog.tables(connection) if t.name == t.root and not t.foreign]
            sections = [list(_section(connection, table, sample)) for table in tables]
    except psycopg.Error as error:
        raise servererrors.from_server(error, f"Reading {source.label}") from None
    head = [
        "# Drafted by `understudy policy init`. Read every line: a guess is a guess.",
        "version = 1",
        f'locale = "{locale}"',
    ]
    lines = [*head, *(line for section in sections for line in ["", *section])]
    columns = [column for table in tables for column in table.columns if not column.generated]
    unknown = sum(f' = "{UNKNOWN}"' in line for line in lines)
    return Draft("\n".join(lines) + "\n", len(tables), len(columns), unknown)


def _section(connection: Connection, table: Table, sample: int) -> Iterator[str]:
    yield suggest.header(table.name)
    columns = [column for column in table.columns if not column.generated]
    values = _sampled(connection, table, sample)
    entries = []
    for column in columns:
        found = suggest.guess(column, values.get(column.name, []))
        # a type's name is anybody's choice, and a comment ends with its line
        comment = f"# {found.confidence:.0%}: {' '.join(found.reason.split())}"
        entries.append((f"{suggest.key(column.name)} = {found.mask}", comment))
    width = min(60, max((len(entry) for entry, _ in entries), default=0))
    if not entries:
        yield '"*" = "keep"  # it has no columns of its own'
    for entry, comment in entries:
        yield f"{entry:<{width}}  {comment}"


def _sampled(connection: Connection, table: Table, sample: int) -> dict[str, list[str]]:
    """Some values of each column as text, without NULLs and empty strings."""
    columns = [column for column in table.columns if not column.generated]
    if not sample or not columns:
        return {}
    chosen = ", ".join(f"left({quote(column.name)}::text, {_LONGEST})" for column in columns)
    if any(column.kind == "json" for column in columns):
        chosen = ", ".join(
            f"{quote(c.name)}::text" if c.kind == "json" else f"left({quote(c.name)}::text, {_LONGEST})"
            for c in columns
        )
    rows = connection.execute(f"SELECT {chosen} FROM {table.name.sql} LIMIT {sample:d}".encode()).fetchall()
    return {
        column.name: [str(row[position]) for row in rows if row[position]] for position, column in enumerate(columns)
    }


def check(source: Endpoint, policy: Policy) -> list[Finding]:
    """What the source and the policy disagree on; empty when they fit.

    Raises:
        ServerFailed: the catalog cannot be read.
    """
    try:
        with source.connect() as connection:
            return plan.findings(policy, catalog.tables(connection), catalog.foreign_keys(connection))
    except psycopg.Error as error:
        raise servererrors.from_server(error, f"Reading the catalog of {source.label}") from None
