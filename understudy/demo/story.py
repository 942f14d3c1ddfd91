"""The whole story: a practice production, its anonymized clone, and the proofs, in that order.

Both databases are made anew each time, so that it can be told twice in a row; they stay afterwards, to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from anonymizer import endpoint, policy
from anonymizer.clone import Request, Result, clone
from anonymizer.keys import Key
from anonymizer.schema import Programs
from anonymizer.verify import Verification, verify
from understudy import __version__, migrate, parity
from understudy.demo.figures import figures
from understudy.demo.production import DEFAULT_ROWS, DEFAULT_SEED, fill
from understudy.demo.report import (
    CheckedColumn,
    ClonedTable,
    LeakCheck,
    ReportInput,
    SchemaDifference,
    SchemaParity,
)
from understudy.postgres import Server
from understudy.postgres.programs import find

PRODUCTION, STAGING = "demo_production", "demo_staging"

See = Callable[[str, str, int, int], None]
"""Called with what is being done, a table's name or "", and how many more rows and bytes are through."""


@dataclass(frozen=True)
class Plot:
    """What is to be told.

    Attributes:
        migrations, policy: the folder and the file of the repository.
        key: the secret of the masks.
        attestation: where the signed record is written.
        rows, seed: how large the production is, and which people live in it.
    """

    migrations: Path
    policy: Path
    key: Key
    attestation: Path
    rows: int = DEFAULT_ROWS
    seed: int = DEFAULT_SEED


def tell(server: Server, plot: Plot, see: See = lambda *_: None) -> ReportInput:
    """Make production and its clone on this server, and prove what there is to prove.

    Returns:
        All that the report shows. Whether it is good is its `proven`.

    Raises:
        AnonymizerError: there is no clone; the policy does not fit, or an original value survived.
        MigrateError: the migrations cannot be applied.
    """
    rules = policy.load(plot.policy)
    source = _production(server, plot, see)
    target = server.dsn(STAGING)
    made = clone(_request(server, plot, rules), see)
    see("checking the clone", "", 0, 0)
    checked = verify(
        endpoint.source(source, server.location(PRODUCTION)),
        endpoint.source(target, server.location(STAGING)),
        rules,
        _programs(server),
        report=lambda table, rows, size: see("checking the clone", table, rows, size),
    )
    see("comparing schemas and figures", "", 0, 0)
    return ReportInput(
        made=datetime.now(UTC),
        source=server.location(PRODUCTION),
        target=server.location(STAGING),
        server=f"PostgreSQL {server.major()}",
        version=__version__,
        tables=_tables(made),
        leaks=_leaks(checked),
        parity=_parity(parity.compare(source, target)),
        source_figures=figures(source),
        target_figures=figures(target),
        seconds=made.seconds,
        attestation=_facts(made.attestation, plot.attestation),
        left_out=made.left_out,
    )


def _production(server: Server, plot: Plot, see: See) -> str:
    """A fresh production; its connection string."""
    see("making production", "", 0, 0)
    server.drop_database(PRODUCTION)
    dsn = server.create_database(PRODUCTION)
    migrate.up(dsn, plot.migrations)
    fill(dsn, rows=plot.rows, seed=plot.seed, progress=lambda rows: see("making production", "", rows, 0))
    return dsn


def _request(server: Server, plot: Plot, rules: policy.Policy) -> Request:
    return Request(
        source=server.dsn(PRODUCTION),
        target=server.dsn(STAGING),
        source_label=server.location(PRODUCTION),
        target_label=server.location(STAGING),
        policy=rules,
        key=plot.key,
        programs=_programs(server),
        attestation=plot.attestation,
    )


def _programs(server: Server) -> Programs:
    """The client programs that fit the server, dump and restore of one version."""
    dump = find("pg_dump", server_major=server.major())
    return Programs(dump.path, find("pg_restore", server_major=dump.major).path, find("psql").path)


def _tables(made: Result) -> list[ClonedTable]:
    return [
        ClonedTable(str(done.table), done.rows, done.bytes, done.seconds, done.columns, done.dropped)
        for done in made.tables
    ]


def _leaks(checked: Verification) -> LeakCheck:
    columns = [
        CheckedColumn(str(table.table), c.column, c.mask, c.values, c.survivors, c.coincidences)
        for table in checked.tables
        for c in table.columns
    ]
    return LeakCheck(columns, sum(table.rows for table in checked.tables), checked.constraints, checked.problems)


def _parity(verdict: parity.Verdict) -> SchemaParity:
    differences = [
        SchemaDifference(d.kind, d.path, d.attribute, _text(d.left), _text(d.right)) for d in verdict.differences
    ]
    answers = (verdict.objects[0], verdict.objects[1])
    return SchemaParity(verdict.answer.value, answers, differences, [*verdict.reasons, *verdict.notes])


def _text(value: Any) -> str:
    return "–" if value is None else str(value)


def _facts(document: dict[str, Any], path: Path) -> dict[str, str]:
    """What of the attestation helps to recognize it."""
    return {
        "file": str(path),
        "policy (SHA-256)": str(document["policy_sha256"]),
        "schema (SHA-256)": str(document["schema_sha256"]),
        "key's fingerprint": str(document["key_fingerprint"]),
        "public key": str(document["public_key"]),
        "signature": str(document["signature"]),
    }
