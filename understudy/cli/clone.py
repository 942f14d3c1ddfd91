"""`understudy clone`: an anonymized copy, built aside, verified, swapped in at once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from anonymizer import keys, policy
from anonymizer.clone import Request, Result, clone
from understudy.cli import subset_view
from understudy.cli.ends import (
    Ends,
    ends,
    jobs_option,
    key_option,
    policy_option,
    source_option,
    steps,
    subset_of,
    subset_option,
    target_option,
)
from understudy.cli.output import json_option, message, result
from understudy.postgres.embedded import home


@click.command("clone")
@source_option
@target_option
@policy_option
@key_option
@subset_option
@jobs_option
@click.option(
    "--attestation",
    "attestation_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the signed record; in the user's data directory by default.",
)
@json_option
def command(
    source: str,
    target: str,
    policy_file: Path | None,
    key_file: Path | None,
    subset: tuple[str, ...],
    jobs: int,
    attestation_file: Path | None,
    as_json: bool,
) -> None:
    """Clone a database, anonymized.

    The source is read in one snapshot and never written. The target is created if there is none and replaced if there
    is one: the clone is built beside it, verified, and swapped in at once. Killed at any moment, the target is the old
    database or the new one. What the policy does not name is not copied: the clone is refused (exit 4).

    With --subset, or [subset] in the policy, some of the rows come: those chosen, all that they refer to, and what
    belongs to them. A RULE is a table, a colon, and '5%', '1000' (rows) or 'where CONDITION'.
    """
    key = keys.load(key_file)
    with ends(source, target, writing=True) as both:
        path = attestation_file or _default_attestation(both)
        request = Request(
            source=both.source.dsn,
            target=both.target.dsn,
            source_label=both.source.label,
            target_label=both.target.label,
            policy=subset_of(policy.load(policy_file or both.configuration.policy), subset),
            key=key,
            programs=both.programs(),
            attestation=path,
            maintenance=both.target.server.maintenance_database(),
            jobs=jobs,
        )
        with steps() as see:
            made = clone(request, see)
    message(f"the attestation is {path}")
    result(to_json(made, both, path), lambda console: show(console, made, both), as_json=as_json)


def _default_attestation(both: Ends) -> Path:
    """A file of its own for each clone, so that the record of an earlier one is never lost."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    name = "".join(c if c.isalnum() else "-" for c in both.target.name)
    return home() / "attestations" / f"{name}-{stamp}.json"


def to_json(made: Result, both: Ends, path: Path) -> dict[str, Any]:
    """What `--json` prints (docs/json.md)."""
    return {
        "source": both.source.label,
        "target": both.target.label,
        "rows": made.rows,
        "bytes": made.bytes,
        "seconds": made.seconds,
        "tables": [
            {
                "table": str(table.table),
                "rows": table.rows,
                "bytes": table.bytes,
                "seconds": round(table.seconds, 3),
                "dropped": table.dropped,
                "columns": dict(table.columns),
            }
            for table in made.tables
        ],
        "subset": subset_view.to_json(made.subset),
        "survivors": made.verification.survivors,
        "constraints": made.verification.constraints,
        "left_out": list(made.left_out),
        "carried": list(made.carried),
        "attestation": str(path),
    }


def show(console: Console, made: Result, both: Ends) -> None:
    """The result for a person: a line a table, then what it all comes to."""
    table = Table(box=None, pad_edge=False)
    for heading, justify in (("table", "left"), ("rows", "right"), ("MB", "right"), ("masked", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type] # rich's literal
    for done in made.tables:
        masked = ", ".join(name for name, mask in done.columns if mask != "keep")
        what = "rows dropped" if done.dropped else masked
        table.add_row(_plain(str(done.table)), f"{done.rows:,}", f"{done.bytes / 1e6:,.1f}", _plain(what))
    console.print(table)
    subset_view.show(console, made.subset)
    if made.carried:
        console.print(f"carried over besides the rows: {'; '.join(made.carried)}", markup=False, soft_wrap=True)
    for left in made.left_out:
        console.print(f"left out: {left}", markup=False, soft_wrap=True)
    console.print(
        f"{both.target.label}: {made.rows:,} rows, {made.bytes / 1e6:,.1f} MB in {sum(made.seconds.values()):.1f} s; "
        f"{made.verification.constraints} constraints proven, {made.verification.survivors} original values survive",
        markup=False,
        soft_wrap=True,
    )


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
