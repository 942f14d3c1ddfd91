"""The clone: snapshot, plan, build aside, verify, swap, attest.

How it works, and what a test tries to break:

1. The source is read in one exported snapshot by sessions that cannot write; every worker reads that snapshot.
2. The policy is laid over the catalog before anything is touched. What it does not name refuses the clone.
3. The new database is built beside the target: the schema by pg_dump, every row masked before it is sent.
4. It is verified while nobody else can see it; a survivor ends the clone, and the target is what it was.
5. The swap is one transaction. Killed at any moment, the target is the old database or the new one.
6. The attestation is written last: it exists only for a clone that is in place.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg

from anonymizer import aside, attestation, catalog, checks, endpoint, literals, servererrors
from anonymizer import plan as planning
from anonymizer import verify as verification
from anonymizer.aside import Aside
from anonymizer.catalog import Connection, Database, Table
from anonymizer.encodings import CODECS
from anonymizer.endpoint import Endpoint
from anonymizer.errors import CloneRefused, LeakError
from anonymizer.finish import finish
from anonymizer.identifiers import TableName, quote
from anonymizer.keys import Key
from anonymizer.pipeline import SMALL_BYTES, Chunk
from anonymizer.plan import TablePlan
from anonymizer.policy import Policy
from anonymizer.schema import Programs, Schema, missing_policy_roles, missing_roles, missing_tablespaces
from anonymizer.subset.choice import Source, Subset, choose
from anonymizer.subset.part import Part
from anonymizer.verify import Question, Verification
from anonymizer.workers import Context, Pool, give_back

CHUNK_PAGES = 16_384
"""A table is split into ranges of so many pages (128 MiB): long enough to be worth a session, short enough to share."""

_TID_RANGE_VERSION = 140000
"""Before this a range of ctids is found by reading the whole table, so a table is not split."""


class SameDatabase(CloneRefused):
    """the target is the source"""


class RolesMissing(CloneRefused):
    """the target's server lacks roles that row-level security names"""


class TargetTooOld(CloneRefused):
    """the target's server is older than the source's"""


Progress = Callable[[str, str, int, int], None]
"""Called with the step ("load", "verify", ...), a table's name or "", and how many rows and bytes came."""


@dataclass(frozen=True)
class Request:
    """A clone that somebody wants.

    Attributes:
        source: the connection string of the database to read.
        target: the connection string of the database to make or replace.
        maintenance: the name of a database of the target's server from where others are made.
        source_label, target_label: how the two are called in messages and in the attestation.
        policy: what may leave.
        key: the secret of the masks.
        programs: PostgreSQL's client programs.
        attestation: the file to write.
        jobs: how many worker processes; 0 for one for each processor.
    """

    source: str
    target: str
    source_label: str
    target_label: str
    policy: Policy
    key: Key
    programs: Programs
    attestation: Path | None = None
    maintenance: str = "postgres"
    jobs: int = 0


@dataclass(frozen=True)
class TableResult:
    """What came of one table. `bytes` were read from the source; `columns` are (name, mask)."""

    table: TableName
    rows: int
    bytes: int
    seconds: float
    columns: tuple[tuple[str, str], ...]
    dropped: bool


@dataclass(frozen=True)
class Result:
    """A clone that is in place.

    Attributes:
        seconds: the wall time of each step, in order.
        left_out: what of the source is not in the clone, besides rows the policy drops or the subset leaves out.
        carried: what of the source besides rows is in it, in words and counted.
        attestation: the signed document.
        subset: which rows came and why, where the policy says that not all do.
    """

    tables: tuple[TableResult, ...]
    verification: Verification
    seconds: dict[str, float]
    left_out: tuple[str, ...]
    carried: tuple[str, ...]
    attestation: dict[str, Any]
    subset: Subset = field(default_factory=Subset)

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def bytes(self) -> int:
        """The bytes read from all tables."""
        return sum(table.bytes for table in self.tables)


def clone(request: Request, progress: Progress = lambda *_: None) -> Result:
    """Make the target an anonymized copy of the source.

    Raises:
        CloneRefused: nothing was touched: the policy does not fit, the target is the source, the target is busy.
        LeakError: an original value survived; the new database was dropped, the target is what it was.
        AnonymizerError: it failed; the same.
    """
    return _Clone(request, progress).run()


@dataclass
class _Clone:
    request: Request
    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)

    def run(self) -> Result:
        began = datetime.datetime.now(datetime.UTC)
        if self.request.attestation is not None:
            attestation.prepare(self.request.attestation)
        source = endpoint.source(self.request.source, self.request.source_label)
        with source.connect(autocommit=False) as connection:
            with self._step("plan"):
                facts, snapshot, tables, plans = self._plan(connection, source)
                source = source.settled(connection)
            subset = self._choose(connection, source, snapshot, tables, plans)
            encoding = "SQL_ASCII" if facts.encoding == "SQL_ASCII" else "UTF8"
            self._note(connection, facts, tables)
            server = endpoint.target(self.request.target, self.request.target_label, encoding)
            name = _database_name(server)
            with Aside(server.with_database(self.request.maintenance), name) as new:
                self._refuse_same(connection, new, name)
                context = Context(
                    replace(source, encoding=encoding),
                    new.endpoint,
                    self.request.key,
                    str(self.request.programs.psql),
                    self.request.policy.locale,
                    CODECS.get(facts.encoding, "ascii"),
                )
                loaded, checked = self._build(connection, new, context, snapshot, plans, subset)
                with self._step("swap"):
                    new.swap()
                if new.left_behind:
                    self.left_out.append(new.left_behind)
        document = self._attest(began, facts, plans, loaded, checked, subset)
        return Result(loaded, checked, self.seconds, tuple(self.left_out), tuple(self.carried), document, subset)

    @contextlib.contextmanager
    def _step(self, name: str) -> Iterator[None]:
        self.progress(name, "", 0, 0)
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 3)

    def _plan(self, connection: Connection, source: Endpoint) -> tuple[Database, str, list[Table], list[TablePlan]]:
        """Open the snapshot, read the catalog in it, and lay the policy over it."""
        try:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            row = connection.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
            assert row is not None  # noqa: S101 - a SELECT without FROM has a row
            tables = catalog.tables(connection)
            plans = planning.lay(self.request.policy, tables, catalog.foreign_keys(connection))
            facts = catalog.database(connection)
            self._survey(connection, source, facts, plans)
            _hold(connection, plans)
            return facts, str(row[0]), tables, plans
        except psycopg.Error as error:
            raise servererrors.from_server(error, f"Reading the catalog of {self.request.source_label}") from None

    def _survey(self, connection: Connection, source: Endpoint, facts: Database, plans: Sequence[TablePlan]) -> None:
        """Look at what is no column, and try masked rows against the constraints: what is found refuses."""
        policy, codec = self.request.policy, CODECS.get(facts.encoding, "ascii")
        surveyed = literals.survey(connection, policy)
        tried = checks.broken(connection, plans, Context(source, source, self.request.key, "", policy.locale, codec))
        if found := [*surveyed.findings, *tried]:
            raise planning.refusal(found)
        self.carried += surveyed.carried
        self.accepted += surveyed.accepted

    def _choose(
        self, connection: Connection, source: Endpoint, snapshot: str, tables: Sequence[Table], plans: list[TablePlan]
    ) -> Subset:
        """Which rows come: decided before anything is touched."""
        if not self.request.policy.subset:
            return Subset()
        with self._step("subset"):
            jobs = self.request.jobs or os.cpu_count() or 1
            held = Source(connection, source, str(self.request.programs.psql), snapshot, jobs)
            return choose(held, self.request.policy, self.request.key, tables, plans)

    def _note(self, source: Connection, facts: Database, tables: Sequence[Table]) -> None:
        if facts.large_objects:
            self.left_out.append(f"{facts.large_objects} large objects")
        self.left_out += [f"the rows of the foreign table {table.name}" for table in tables if table.foreign]
        self.left_out += [f"the rows of {table}, which is an extension's" for table in catalog.extension_tables(source)]
        secretive = [name for name, _ in aside.settings(source) if aside.is_secretive(name)]
        self.left_out += [f"the database's setting {name}, which may be a secret" for name in secretive]
        self.left_out += literals.not_in_an_archive(source)

    def _refuse_same(self, source: Connection, new: Aside, name: str) -> None:
        """Whether the two ends are one database, however it is addressed: the server's identity and the name tell.

        A standby has its primary's identity and another start. A copy of a server's files that was promoted has so too,
        but takes no part in recovery, and may be a staging.
        """
        identity = (
            "SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system()), "
            "CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_postmaster_start_time() END"
        )
        here, there = source.execute(identity).fetchone(), new.connection.execute(identity).fetchone()
        assert here is not None  # noqa: S101 - a SELECT without FROM has a row
        same = here == there or (here[1] is None and there is not None and here[0] == there[0])
        if same and source.info.dbname == name:
            raise SameDatabase(
                detail=f"{self.request.source_label} and {self.request.target_label} are one database.",
                hint="Name another --target: the source is only ever read.",
            )
        ours, theirs = source.info.server_version // 10000, new.connection.info.server_version // 10000
        if theirs < ours:
            raise TargetTooOld(
                detail=f"The source is PostgreSQL {ours}, the target {theirs}.",
                hint=f"Clone into PostgreSQL {ours} or newer.",
            )

    def _build(
        self,
        source: Connection,
        new: Aside,
        context: Context,
        snapshot: str,
        plans: Sequence[TablePlan],
        subset: Subset,
    ) -> tuple[tuple[TableResult, ...], Verification]:
        give_back()  # from here on the workers need the memory
        jobs = self.request.jobs or os.cpu_count() or 1
        with (
            tempfile.TemporaryDirectory(prefix="understudy-") as folder,
            verification.memory_for(plans) as memory,
            Pool(context, jobs) as pool,
        ):
            schema = Schema(self.request.programs, Path(folder) / "schema.dump")
            with self._step("schema"):
                if missing := missing_policy_roles(source, new.connection):
                    raise RolesMissing(
                        detail=f"Row-level security of the source names {', '.join(missing)}, and the target's server "
                        "has no such role. Without its policies a table would show too much or nothing.",
                        hint="; ".join(f"CREATE ROLE {quote(role)}" for role in missing) + " on the target's server.",
                    )
                schema.dump(context.source, snapshot)
                self.left_out += schema.left_out
                new.create(aside.properties(source))
                _like_template(source, context.target)
                if missing := missing_roles(source, new.connection):
                    schema.forget_roles()
                    self.left_out.append(f"owners and privileges (the server lacks the role {', '.join(missing)})")
                if missing := missing_tablespaces(source, new.connection):
                    schema.forget_tablespaces()
                    self.left_out.append(f"tablespaces (the server lacks {', '.join(missing)})")
                schema.restore(context.target, "pre-data")
            with self._step("load"):
                chunks = _chunks(snapshot, plans, source.info.server_version, jobs, subset)
                recorded = [
                    replace(chunk, recording=verification.Recording(memory, str(n))) for n, chunk in enumerate(chunks)
                ]
                results = pool.run(recorded, self._report("load"))
            with self._step("indexes"):
                schema.restore(context.target, "post-data", jobs)
            with self._step("finish"):
                finish(source, context.target, new, plans, jobs)
            with self._step("verify"):
                loaded = {plan.name: sum(r.rows for r in results if r.table == plan.name) for plan in plans}
                question = Question(plans, self.request.policy, snapshot, (), subset, memory, loaded)
                checked = verification.ask(question, pool, context, self._report("verify"))
        if not checked.passed:
            raise LeakError(
                "an original value survives" if checked.survivors else "the clone is not what it must be",
                detail="; ".join(checked.problems[:20]) + ". The target is what it was.",
                hint="Report this as a defect, with the policy and without any value.",
            )
        return _summary(plans, results), checked

    def _report(self, step: str) -> Callable[[str, int, int], None]:
        return lambda table, rows, size: self.progress(step, table, rows, size)

    def _attest(
        self,
        began: datetime.datetime,
        facts: Database,
        plans: Sequence[TablePlan],
        loaded: Sequence[TableResult],
        checked: Verification,
        subset: Subset,
    ) -> dict[str, Any]:
        record = {
            "source": self.request.source_label,
            "target": self.request.target_label,
            "began": began.isoformat(timespec="seconds"),
            "ended": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "source_version": facts.version,
            "policy_sha256": self.request.policy.digest,
            "schema_sha256": attestation.schema_digest([plan.table for plan in plans]),
            "key_fingerprint": self.request.key.fingerprint(),
            "tables": [
                {"table": str(t.table), "rows": t.rows, "dropped": t.dropped, "columns": dict(t.columns)}
                for t in loaded
            ],
            "checks": {
                "survivors": checked.survivors,
                "coincidences": sum(c.coincidences for t in checked.tables for c in t.columns),
                "row_counts": len(checked.tables),
                "constraints": checked.constraints,
            },
            "promises": [check.record() for check in checked.promises],
            "disclosure": [crowd.record() for crowd in checked.disclosure],
            "subset": subset.record(),
            "carried": self.carried,
            "accepted": self.accepted,
            "left_out": self.left_out,
        }
        document = attestation.sign(record, self.request.key)
        if self.request.attestation is not None:
            attestation.write(document, self.request.attestation)
        return document


def _database_name(server: Endpoint) -> str:
    given = server.conninfo()
    return given.get("dbname") or os.environ.get("PGDATABASE") or given.get("user") or os.environ.get("USER", "")


def _hold(connection: Connection, plans: Sequence[TablePlan]) -> None:
    """The lock that pg_dump takes, on all tables at once: nobody changes or drops one while it is read."""
    if plans:
        names = ", ".join(f"ONLY {plan.name.sql}" for plan in plans)
        connection.execute(f"LOCK TABLE {names} IN ACCESS SHARE MODE".encode())


def _chunks(snapshot: str, plans: Sequence[TablePlan], version: int, jobs: int, subset: Subset) -> list[Chunk]:
    """Every table's chunks, the largest first, so that no worker is left with a large one at the end.

    A table that one worker writes alone needs no WAL; so one is only split if it is more than a worker's share.
    """
    share = sum(plan.table.pages for plan in plans if not plan.drops_rows) // jobs
    chunks: list[tuple[int, Chunk]] = []
    for plan in plans:
        if plan.drops_rows:
            continue
        if (parts := subset.of(plan.name)) is not None:
            chunks += _of_parts(snapshot, plan, parts)
            continue
        pages, binary = plan.table.pages, all(c.builtin for c in plan.table.columns) and bool(plan.columns)
        if pages <= max(share, CHUNK_PAGES * 3 // 2) or version < _TID_RANGE_VERSION:
            small = plan.table.bytes <= SMALL_BYTES
            chunks.append(
                (pages, Chunk(snapshot, plan.name, plan.columns, binary=binary, small=small, lookups=plan.lookups))
            )
            continue
        starts = list(range(0, pages, CHUNK_PAGES))
        for start in starts:
            # the last range is open: rows that were added since the size was asked are not in the snapshot anyway
            end = start + CHUNK_PAGES if start != starts[-1] else None
            chunk = Chunk(snapshot, plan.name, plan.columns, start, end, binary, alone=False, lookups=plan.lookups)
            chunks.append((min(CHUNK_PAGES, pages - start), chunk))
    return [chunk for _, chunk in sorted(chunks, key=lambda item: -item[0])]


def _of_parts(snapshot: str, plan: TablePlan, parts: Sequence[Part]) -> list[tuple[int, Chunk]]:
    """The chunks of a table of which some rows come, each with the pages that it will read at most."""
    binary, alone = all(c.builtin for c in plan.table.columns) and bool(plan.columns), len(parts) == 1
    small = plan.table.bytes <= SMALL_BYTES
    return [
        (
            min(part.count, plan.table.pages),
            Chunk(
                snapshot,
                plan.name,
                plan.columns,
                binary=binary,
                alone=alone,
                small=small,
                part=part,
                lookups=plan.lookups,
            ),
        )
        for part in parts
    ]


def _summary(plans: Sequence[TablePlan], results: Sequence[Any]) -> tuple[TableResult, ...]:
    found = []
    for plan in plans:
        own = [result for result in results if result.table == plan.name]
        found.append(
            TableResult(
                plan.name,
                sum(result.rows for result in own),
                sum(result.bytes for result in own),
                sum(result.seconds for result in own),
                tuple((column.name, column.mask.name) for column in plan.columns),
                plan.drops_rows,
            )
        )
    return tuple(sorted(found, key=lambda result: result.table))


def _like_template(source: Connection, target: Endpoint) -> None:
    """Drop what a new database is born with and the source does not have: pg_dump says what there is, no more."""
    row = source.execute(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'public'), "
        "EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'plpgsql')"
    ).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has a row
    try:
        with target.connect() as connection:
            if not row[0]:
                connection.execute("DROP SCHEMA IF EXISTS public")
            if not row[1]:
                connection.execute("DROP EXTENSION IF EXISTS plpgsql")
    except psycopg.Error as error:
        raise servererrors.from_server(error, "Preparing the new database") from None
