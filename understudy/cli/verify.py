"""`understudy verify`: does any original value survive in a clone?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from anonymizer import endpoint, keys, policy
from anonymizer.verify import Verification, verify
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
from understudy.cli.output import json_option, result


@click.command("verify")
@source_option
@target_option
@policy_option
@subset_option
@key_option
@jobs_option
@json_option
def command(
    source: str,
    target: str,
    policy_file: Path | None,
    subset: tuple[str, ...],
    key_file: Path | None,
    jobs: int,
    as_json: bool,
) -> None:
    """Look for original values in a clone, count its rows, check its constraints.

    Needs no key, but where a subset drew rows by it: it compares what is there. Exit 3 when anything speaks against the
    clone.
    """
    with ends(source, target, writing=False) as both:
        rules = subset_of(policy.load(policy_file or both.configuration.policy), subset)
        drawn = any(not rule.whole for rule in rules.subset.values())
        with steps() as see:
            found = verify(
                endpoint.source(both.source.dsn, both.source.label),
                endpoint.source(both.target.dsn, both.target.label),
                rules,
                both.programs(),
                key=keys.load(key_file) if drawn else None,
                jobs=jobs,
                report=lambda table, rows, size: see("verify", table, rows, size),
            )
    result(to_json(found, both), lambda console: show(console, found), as_json=as_json)
    if not found.passed:
        raise click.exceptions.Exit(3)


def to_json(found: Verification, both: Ends) -> dict[str, Any]:
    """What `--json` prints (docs/json.md)."""
    return {
        "source": both.source.label,
        "target": both.target.label,
        "passed": found.passed,
        "survivors": found.survivors,
        "constraints": found.constraints,
        "problems": list(found.problems),
        "tables": [
            {
                "table": str(check.table),
                "expected_rows": check.expected_rows,
                "rows": check.rows,
                "columns": [
                    {
                        "column": column.column,
                        "mask": column.mask,
                        "values": column.values,
                        "survivors": column.survivors,
                        "coincidences": column.coincidences,
                    }
                    for column in check.columns
                ],
            }
            for check in found.tables
        ],
    }


def show(console: Console, found: Verification) -> None:
    """The result for a person: a line for each masked column, then the problems."""
    table = Table(box=None, pad_edge=False)
    for heading in ("column", "mask", "values", "survive", "coincide"):
        table.add_column(heading, justify="left" if heading in ("column", "mask") else "right")
    for check in found.tables:
        for column in check.columns:
            name = f"{check.table}.{column.column}".replace("[", r"\[")
            table.add_row(name, column.mask, f"{column.values:,}", f"{column.survivors:,}", f"{column.coincidences:,}")
    console.print(table)
    for problem in found.problems:
        console.print(f"problem: {problem}", markup=False, soft_wrap=True)
    verdict = "no original value survives" if found.passed else f"{len(found.problems)} problems"
    rows = sum(check.rows for check in found.tables)
    console.print(f"{verdict}; {rows:,} rows and {found.constraints} constraints checked", markup=False, soft_wrap=True)
