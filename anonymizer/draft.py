"""`policy init` and `policy check`: a first draft from a database, and what a policy and a schema disagree on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from anonymizer import (
    catalog,
    checks,
    drift,
    journal,
    literals,
    plan,
    policy,
    record,
    repeats,
    sampling,
    servererrors,
    suggest,
)
from anonymizer.catalog import Connection, ForeignKey, Table
from anonymizer.encodings import CODECS
from anonymizer.endpoint import Endpoint
from anonymizer.finding import Finding
from anonymizer.identifiers import TableName
from anonymizer.keys import Key
from anonymizer.policy import Policy, check_locale
from anonymizer.suggest import Guess
from anonymizer.workers import Context

_ROUNDS = 4
"""A question mark may make another necessary: at the other end of a reference."""

_ANY_KEY = Key(bytes(32))
"""Whether masked rows satisfy a constraint is tried without the real key, which CI does not have."""

Guesses = Mapping[TableName, Mapping[str, Guess]]


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
    with reading(source) as connection:
        every, keys = catalog.tables(connection), catalog.foreign_keys(connection)
        tables = [table for table in every if table.name == table.root and not table.foreign]
        guesses: Guesses = {table.name: _guesses(connection, table, every, sample, locale) for table in tables}
        guesses = _aligned(guesses, every, keys)
        for _ in range(_ROUNDS):
            text = _text(guesses, tables, locale)
            refused = [f for f in plan.findings(policy.parse(text), every, keys) if f.kind != "unknown"]
            if not refused:
                break
            guesses = _undecided(guesses, refused)
        inside = drift.kept(connection, policy.parse(text), every, sample)
    text = record.recorded(text, tables, inside)
    columns = [column for table in tables for column in table.columns if not column.generated]
    unknown = sum(guess.unknown for table in guesses.values() for guess in table.values())
    return Draft(text, len(tables), len(columns), unknown)


@contextlib.contextmanager
def reading(source: Endpoint) -> Iterator[Connection]:
    """A session that reads the source in one snapshot and cannot write it.

    Raises:
        ServerFailed: the server reported an error; no value is in it.
    """
    try:
        with source.connect(autocommit=False) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection
    except psycopg.Error as error:
        raise servererrors.from_server(error, f"Reading {source.label}") from None


def _guesses(
    connection: Connection, table: Table, every: Sequence[Table], sample: int, locale: str
) -> dict[str, Guess]:
    columns = [column for column in table.columns if not column.generated]
    values = sampling.values(connection, sampling.parts_of(table, every), columns, sample)
    return {
        column.name: journal.decided(table.name, column.name)
        or suggest.guess(column, values[column.name], table.name.name, locale)
        for column in columns
    }


def _aligned(guesses: Guesses, tables: Sequence[Table], keys: Sequence[ForeignKey]) -> Guesses:
    """Both ends of a reference masked alike: as the column that is referred to, which is unique."""
    roots = {table.name: table.root for table in tables}
    found = {name: dict(columns) for name, columns in guesses.items()}
    pairs = [
        (roots[key.table], ours, roots[key.referenced], theirs)
        for key in keys
        if key.table in roots and key.referenced in roots
        for ours, theirs in zip(key.columns, key.referenced_columns, strict=True)
    ]
    for _ in range(len(pairs)):
        changed = False
        for table, column, referenced, other in pairs:
            mine, wanted = found.get(table, {}).get(column), found.get(referenced, {}).get(other)
            if mine is None or wanted is None or mine.mask == wanted.mask:
                continue
            reason = f"as {referenced}.{other}, to which it refers"
            found[table][column] = Guess(wanted.mask, wanted.confidence, reason)
            changed = True
        if not changed:
            break
    return found


def _undecided(guesses: Guesses, findings: Sequence[Finding]) -> Guesses:
    """The same with a question mark wherever something speaks against the guess."""
    found = {str(name): dict(columns) for name, columns in guesses.items()}
    for finding in findings:
        if finding.column in found.get(finding.table, {}):
            found[finding.table][finding.column] = suggest.undecided(finding.message)
    return {name: found[str(name)] for name in guesses}


def _text(guesses: Guesses, tables: Sequence[Table], locale: str) -> str:
    lines = [
        "# Drafted by `understudy policy init`. Read every line: a guess is a guess.",
        "version = 1",
        f'locale = "{locale}"',
    ]
    for name, columns in guesses.items():
        lines += ["", *_section(name, columns)]
    return "\n".join(lines) + "\n\n" + record.section(tables)


def _section(name: TableName, guesses: Mapping[str, Guess]) -> Iterator[str]:
    yield suggest.header(name)
    if not guesses:
        yield '"*" = "keep"  # it has no columns of its own'
    plain = {column: guess for column, guess in guesses.items() if not guess.inside}
    yield from _lines([(suggest.key(column), guess) for column, guess in plain.items()])
    for column, guess in guesses.items():
        if guess.inside:
            yield from _nested(f"{suggest.header(name)[:-1]}.{suggest.key(column)}", guess)


def _nested(header: str, guess: Guess) -> Iterator[str]:
    """A mask with masks inside: a table of its own, so that each line has its comment."""
    mask = guess.mask[guess.mask.index('"') : guess.mask.index(",")]
    yield ""
    yield f"{header}]  # {_comment(guess)}"
    yield f"mask = {mask}"
    yield 'others = "text"'
    yield f"{header}.{guess.part}]"
    yield from _lines([(suggest.toml(place), one) for place, one in guess.inside])


def _lines(entries: Sequence[tuple[str, Guess]]) -> Iterator[str]:
    written = [(f"{key} = {guess.mask}", _comment(guess)) for key, guess in entries]
    width = min(60, max((len(entry) for entry, _ in written), default=0))
    for entry, comment in written:
        yield f"{entry:<{width}}  # {comment}"


def _comment(guess: Guess) -> str:
    # a type's name is anybody's choice, and a comment ends with its line
    printable = "".join(character if character.isprintable() else " " for character in guess.reason)
    return f"{guess.confidence:.0%}: {' '.join(printable.split())}"


@dataclass(frozen=True)
class Checked:
    """What `policy check` found.

    Attributes:
        findings: what speaks against the policy; empty when it fits.
        unrecorded: how many columns have no recorded type.
        carried: what of the schema besides columns a clone carries over, in words.
        left_out: what it leaves out.
    """

    findings: tuple[Finding, ...]
    unrecorded: int = 0
    carried: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def check(source: Endpoint, rules: Policy, *, sample: int = 0) -> list[Finding]:
    """What the source and the policy disagree on; empty when they fit. As `examine`."""
    return list(examine(source, rules, sample=sample).findings)


def examine(source: Endpoint, rules: Policy, *, sample: int = 0) -> Checked:
    """What the source and the policy disagree on, and what is carried over and left out besides.

    Args:
        source: the database.
        rules: what may leave.
        sample: how many rows of each table with documents to look into for new paths; 0 for none, and then masked
            rows are not tried against the constraints either.

    Raises:
        ServerFailed: the catalog or a table cannot be read.
    """
    with reading(source) as connection:
        return examined(connection, source, rules, sample=sample)


def examined(connection: Connection, source: Endpoint, rules: Policy, *, sample: int) -> Checked:
    """The same, by a session of the source that is in a transaction."""
    tables, keys = catalog.tables(connection), catalog.foreign_keys(connection)
    found = plan.findings(rules, tables, keys)
    if repeating := [finding for finding in found if finding.kind == "unique"]:
        found = plan.findings(rules, tables, keys, repeats.count(connection, rules, tables, repeating))
    if sample:
        codec = CODECS.get(catalog.database(connection).encoding, "ascii")
        context = Context(source, source, _ANY_KEY, "", rules.locale, codec)
        found += checks.broken(connection, plan.fitting(rules, tables, keys, found), context)
        found += drift.inside(connection, rules, tables, sample)
    surveyed = literals.survey(connection, rules)
    return Checked(
        (*found, *surveyed.findings),
        record.unrecorded(rules, tables),
        surveyed.carried,
        surveyed.left_out,
    )
