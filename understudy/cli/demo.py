"""`understudy demo`: the whole story on the embedded server, with a report to open."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import tempfile
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from anonymizer import keys
from understudy.cli.ends import steps
from understudy.cli.output import json_option, message, result
from understudy.demo import report
from understudy.demo.errors import DemoBusy, ReportError
from understudy.demo.production import DEFAULT_ROWS, DEFAULT_SEED
from understudy.demo.report import ReportInput
from understudy.demo.size import SMALLEST_ROWS
from understudy.demo.story import STAGING, Plot, tell
from understudy.environments import load
from understudy.postgres import EmbeddedServer
from understudy.postgres.embedded import home

REPORT = Path("understudy-demo.html")


@click.command("demo")
@click.option(
    "--rows",
    type=click.IntRange(SMALLEST_ROWS),
    default=DEFAULT_ROWS,
    show_default=True,
    metavar="N",
    help="The size of the practice production, in rows of all tables together.",
)
@click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True, help="Another seed, other people.")
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=REPORT,
    show_default=True,
    help="Where to write the report.",
)
@click.option("--open", "and_open", is_flag=True, help="Open the report in a browser.")
@json_option
def command(rows: int, seed: int, report_file: Path, and_open: bool, as_json: bool) -> None:
    """Tell the whole story on the embedded server.

    Makes a practice production (embedded:demo_production) with people who do not exist, clones it anonymized
    (embedded:demo_staging), proves that nothing leaked, that the schemas are the same and that no business figure
    moved (exit 3 if one of these does not hold), and writes a report. Both databases are replaced each time. The key
    is UNDERSTUDY_KEY, or a random one.
    """
    path = _writable(report_file.resolve())
    configuration = load()
    plot = Plot(
        migrations=configuration.migrations,
        policy=configuration.policy,
        key=_key(),
        attestation=home() / "attestations" / f"{STAGING}.json",
        rows=rows,
        seed=seed,
    )
    with _alone(), EmbeddedServer() as server, steps() as see:
        told = tell(server, plot, see)
    report.write(told, path)
    result(to_json(told, path), lambda console: show(console, told, path), as_json=as_json)
    if and_open:
        webbrowser.open(path.as_uri())
    if not told.proven:
        raise click.exceptions.Exit(3)


def _writable(path: Path) -> Path:
    """The path itself; found out before the work rather than after it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise ReportError(detail=f"{path.parent}: {error.strerror}.", hint="Name another file with --report.") from None


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Refuse to replace the databases under another demonstration. The lock goes with the process that has it."""
    home().mkdir(parents=True, exist_ok=True)
    with (home() / "demo.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoBusy(
                detail=f"It holds {home() / 'demo.lock'}, and both replace the same databases.",
                hint="Wait until it has ended, or set UNDERSTUDY_HOME to another folder.",
            ) from None
        yield


def _key() -> keys.Key:
    """The key of the environment, else one for this time only: nobody needs the same masks in another demo."""
    if os.environ.get(keys.VARIABLE):
        return keys.load()
    message(f"{keys.VARIABLE} is not set: the masks use a random key, which is forgotten afterwards")
    return keys.Key(secrets.token_bytes(keys.MINIMUM_BYTES))


def _doubts(told: ReportInput) -> list[str]:
    doubts = list(told.leaks.problems[:5])
    if not told.parity.same:
        doubts.append(f"parity: {told.parity.answer}")
    if told.source_figures != told.target_figures:
        doubts.append("the business figures differ")
    return doubts


def to_json(told: ReportInput, path: Path) -> dict[str, Any]:
    """What `--json` prints (docs/json.md)."""
    return {
        "proven": told.proven,
        "source": told.source,
        "target": told.target,
        "rows": told.rows,
        "bytes": told.bytes,
        "seconds": dict(told.seconds),
        "survivors": told.leaks.survivors,
        "problems": list(told.leaks.problems),
        "parity": told.parity.answer,
        "figures": [
            {
                "name": ours.name,
                "unit": ours.unit,
                "source": _float(ours.value),
                "target": _float(theirs.value) if theirs else None,
                "equal": ours == theirs,
            }
            for ours, theirs in told.figures
        ],
        "attestation": told.attestation["file"],
        "report": str(path),
    }


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def show(console: Console, told: ReportInput, path: Path) -> None:
    """The figures of both sides, the proofs, and where the report is, as the last line."""
    table = Table(box=None, pad_edge=False)
    for heading in ("business figure", "production", "staging", ""):
        table.add_column(heading, justify="left" if heading in ("business figure", "") else "right")
    for ours, theirs in told.figures:
        table.add_row(ours.name, ours.text, theirs.text if theirs else "missing", "=" if ours == theirs else "differs")
    console.print(table)
    console.print(
        f"clone: {told.rows:,} rows in {told.clone_seconds:.1f} s; "
        f"leak check: {told.leaks.survivors} of {told.leaks.values:,} original values survive; "
        f"parity: {told.parity.answer}",
        markup=False,
        soft_wrap=True,
    )
    for doubt in _doubts(told):
        console.print(f"not proven: {doubt}", markup=False, soft_wrap=True)
    console.print(f"report: {path}", markup=False, soft_wrap=True)
