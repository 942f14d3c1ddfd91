"""The second witness: what pg_dump writes of a schema, in an order and a form that depend on the schema alone.

pg_dump was written by others, reads the catalogs by queries of its own and forgets other things than we do: where both
say "same", two independent readers say so. Its text is cut into entries, one per object, and in each the order that
means nothing (of options, grants, roles) is taken out. Nothing else is: a cast or a parenthesis stays where it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from psycopg.conninfo import make_conninfo

from understudy.parity import settings
from understudy.parity.order import normal
from understudy.postgres.dsn import parameters
from understudy.postgres.programs import run

LOCK_WAIT_MS = 5000
"""How long pg_dump may wait for a lock before it gives up rather than queue behind a migration."""

_ENTRY = re.compile(
    r"^--\n-- Name: (?P<name>.*?); Type: (?P<type>.*?); Schema: (?P<schema>.*?); Owner: (?P<owner>.*)\n--\n", re.M
)
_PLACE = re.compile(r"^SET (default_tablespace|default_table_access_method) = (.*);\n", re.M)
_PARTITIONED = re.compile(r"^\)\nPARTITION BY ", re.M)
_END = re.compile(r"^--\n-- PostgreSQL database dump complete\n--\n.*", re.M | re.S)
_NAMED_NOT_NULL = re.compile(r"CONSTRAINT (?:\w+|\"(?:[^\"]|\"\")+\") (?=NOT NULL)")


@dataclass(frozen=True)
class Dump:
    """The entries of a dump, each with how often it occurs; equal for schemas that pg_dump calls equal."""

    script: str
    entries: Counter[tuple[str, str]]

    def differing(self, other: Dump) -> list[str]:
        """The titles of entries that are not the same in the other dump, in order."""
        changed = (self.entries - other.entries) + (other.entries - self.entries)
        return sorted({title for title, _ in changed})

    def without_names_of_not_null(self) -> Dump:
        """The same without the names of not-null constraints, which servers before PostgreSQL 18 have not."""
        unnamed = Counter[tuple[str, str]]()
        for (title, body), times in self.entries.items():
            is_table = title.startswith(("TABLE ", "FOREIGN TABLE "))
            unnamed[title, _NAMED_NOT_NULL.sub("", body) if is_table else body] += times
        return replace(self, entries=unnamed)


def dump(
    dsn: str,
    major: int,
    *,
    ignored_schemas: Sequence[str] = (),
    owners: bool = True,
    grants: bool = True,
    subscriptions: bool = True,
) -> Dump:
    """Let pg_dump testify about a database.

    Args:
        dsn: the database.
        major: the major version that pg_dump must at least have, so that both sides are read by the same program.
        ignored_schemas: schemas to leave out.
        owners: whether owners are part of it.
        grants: whether grants are; they need roles.
        subscriptions: whether subscriptions are; they reach out, and a database with one cannot simply be dropped.

    Raises:
        ProgramError: pg_dump is missing, too old, or was not allowed to read everything.
    """
    given = parameters(dsn)
    # a constant of type timestamptz is printed in the server's time zone
    given["options"] = f"{given.get('options', '')} -c TimeZone=UTC -c jit=off".strip()
    arguments = ["--schema-only", f"--lock-wait-timeout={LOCK_WAIT_MS}"]
    arguments += [f"--exclude-schema={_pattern(schema)}" for schema in ignored_schemas]
    arguments += [] if owners else ["--no-owner"]
    arguments += [] if grants else ["--no-privileges"]
    arguments += [] if subscriptions else ["--no-subscriptions"]
    script = run("pg_dump", *arguments, dsn=make_conninfo(**given), server_major=major)
    known = settings.known(dsn) if settings.are_in(script) else {}
    return Dump(script, Counter(entries(script, known)))


def _pattern(schema: str) -> str:
    """A schema name that pg_dump takes literally."""
    bare = schema[1:-1] if schema.startswith('"') else schema.replace('"', '""')
    return f'"{bare}"'


def entries(script: str, parameters: settings.Known | None = None) -> list[tuple[str, str]]:
    """The entries of a plain dump: a title, and a body in its normal form.

    Args:
        script: what pg_dump wrote.
        parameters: what is known of the parameters that functions set; of others the text is compared.
    """
    found = list(_ENTRY.finditer(script))
    if not found:
        return []
    ends = [match.start() for match in found[1:]] + [len(script)]
    place = _places(script[: found[0].start()])
    cut = []
    for match, end in zip(found, ends, strict=True):
        body = _END.sub("", script[match.end() : end])
        after = place | _places(body)
        body = _PLACE.sub("", body)
        sort = match["type"]
        if parameters and sort in ("FUNCTION", "PROCEDURE"):
            body = settings.spelled(body, parameters)
        title = f"{sort} {match['schema']}.{match['name']}"
        # where a table or an index goes is said once, before the first that goes there
        where = "".join(f"\n{name}={value}" for name, value in sorted(place.items()) if _placed(sort, name, body))
        owner = match["owner"].split("; Tablespace")[0].strip()
        cut.append((title, f"owner {owner}\n{normal(sort, body)}{where}"))
        place = after
    partitions = {title for title, _ in cut if title.startswith("TABLE ATTACH ")}
    return [(title, _unnamed(title, body, partitions)) for title, body in cut]


def _places(text: str) -> dict[str, str]:
    return dict(_PLACE.findall(text))


def _placed(sort: str, setting: str, body: str) -> bool:
    """Whether a setting holds for an entry; a partitioned table has no rows to access, whatever stands before it."""
    tables = {"TABLE", "MATERIALIZED VIEW"}
    if setting == "default_table_access_method" and _PARTITIONED.search(body):
        return False
    return sort in (tables if setting == "default_table_access_method" else tables | {"INDEX", "CONSTRAINT"})


def _unnamed(title: str, body: str, partitions: set[str]) -> str:
    """A partition's not-null constraints are its parent's; their names tell only how it became a partition."""
    if title.replace("TABLE ", "TABLE ATTACH ", 1) in partitions:
        return _NAMED_NOT_NULL.sub("", body)
    return body
