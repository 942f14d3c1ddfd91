"""`understudy verify`: does any original value survive in a clone?"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from anonymizer import endpoint, keys, policy
from anonymizer.errors import PolicyError
from anonymizer.verify import Verification, attested, verify
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
@click.option(
    "--attestation",
    "attestation_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The signed record of the clone: it must hold, and fit what is there.",
)
@click.option(
    "--canaries",
    "canary_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A file of values planted in the source, one a line: none of them may stand anywhere in the clone.",
)
@jobs_option
@json_option
def command(
    source: str,
    target: str,
    policy_file: Path | None,
    subset: tuple[str, ...],
    key_file: Path | None,
    attestation_file: Path | None,
    canary_file: Path | None,
    jobs: int,
    as_json: bool,
) -> None:
    """Look for original values everywhere in a clone, and check that it holds together.

    Needs no key, but where a subset drew rows by it: it compares what is there. With the clone's key, masked texts are
    made anew, and an attestation must be signed with it. Exit 3 when anything speaks against the clone.
    """
    with ends(source, target, writing=False) as both:
        rules = subset_of(policy.load(policy_file or both.configuration.policy), subset)
        drawn = any(not rule.whole for rule in rules.subset.values())
        key = keys.load(key_file) if drawn or key_file or (attestation_file and os.environ.get(keys.VARIABLE)) else None
        record = attested.read(attestation_file, key) if attestation_file else None
        clone = endpoint.source(both.target.dsn, both.target.label)
        with steps() as see:
            found = verify(
                endpoint.source(both.source.dsn, both.source.label),
                clone,
                rules,
                both.programs(),
                key=key,
                canaries=_canaries(canary_file),
                jobs=jobs,
                report=lambda table, rows, size: see("verify", table, rows, size),
            )
        if record is not None:
            found = replace(found, problems=(*found.problems, *attested.misfits(record, found, clone, rules)))
    result(to_json(found, both), lambda console: show(console, found), as_json=as_json)
    if not found.passed:
        raise click.exceptions.Exit(3)


def _canaries(path: Path | None) -> tuple[str, ...]:
    """The lines of a file that are not blank. The values stand in a file, so that no list of processes shows them.

    Raises:
        PolicyError: it cannot be read, or a line has no letter and no digit.
    """
    if path is None:
        return ()
    try:
        lines = tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError):
        raise PolicyError("the canaries cannot be read", detail=f"{path} is no text in UTF-8.") from None
    if any(not any(letter.isalnum() for letter in line) for line in lines):
        raise PolicyError("a canary needs letters or digits", detail=f"A line of {path} has none.")
    return lines


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
        "elsewhere": [
            {
                "column": item.column,
                "of": item.of,
                "values": item.values,
                "coincidences": item.coincidences,
                "accepted": item.accepted,
            }
            for item in found.elsewhere
        ],
        "disclosure": [crowd.record() for crowd in found.disclosure],
        "promises": [check.record() for check in found.promises],
        "rows": [check.record() for check in found.rows],
    }


def show(console: Console, found: Verification) -> None:
    """The result for a person: a line for each masked column, then the problems."""
    console.print(_columns(found))
    for item in found.elsewhere:
        if item.accepted is not None:
            said = f"{item.column}: {item.values} original values of {item.of}, accepted: {item.accepted}"
            console.print(said, markup=False, soft_wrap=True)
    excused = sum(item.coincidences for item in found.elsewhere)
    if excused:
        console.print(f"{excused:,} values in other columns that the masks there could have made", markup=False)
    asked = [check for check in found.promises if check.verdict != "unasked"]
    if found.promises:
        kept = sum(check.verdict == "held" for check in asked)
        left = f"; {len(found.promises) - len(asked):,} could not be asked" if len(asked) < len(found.promises) else ""
        console.print(f"{kept:,} of {len(asked):,} promises are kept{left}", markup=False)
    if found.disclosure:
        console.print(_crowds(found))
    for problem in found.problems:
        console.print(f"problem: {problem}", markup=False, soft_wrap=True)
    verdict = "no original value survives" if found.passed else f"{len(found.problems)} problems"
    rows = sum(check.rows for check in found.tables)
    console.print(f"{verdict}; {rows:,} rows and {found.constraints} constraints checked", markup=False, soft_wrap=True)


def _columns(found: Verification) -> Table:
    """Each masked column: what survives in it, and what its mask promised and has kept."""
    table = Table(box=None, pad_edge=False)
    for heading in ("column", "mask", "values", "survive", "coincide", "same rows", "keeps"):
        table.add_column(heading, justify="left" if heading in ("column", "mask", "keeps") else "right")
    same = {(check.table, check.column): f"{check.same:,} of {check.rows:,}" for check in found.rows}
    keeps: dict[tuple[object, str], list[str]] = {}
    for promise in found.promises:
        if promise.verdict == "held":
            keeps.setdefault((promise.table, promise.column), []).append(promise.promise)
    for check in found.tables:
        for column in check.columns:
            at = (check.table, column.column)
            name = f"{check.table}.{column.column}".replace("[", r"\[")
            counts = (f"{count:,}" for count in (column.values, column.survivors, column.coincidences))
            table.add_row(name, column.mask, *counts, same.get(at, ""), ", ".join(keeps.get(at, ())))
    return table


def _crowds(found: Verification) -> Table:
    """How well people hide, for a person: sizes of groups, never what they have in common."""
    table = Table(box=None, pad_edge=False)
    for heading in ("alike in", "rows", "groups", "k", "alone", "smallest groups"):
        table.add_column(heading, justify="left" if heading in ("alike in", "smallest groups") else "right")
    for crowd in found.disclosure:
        name = f"{crowd.table} ({', '.join(crowd.columns)})".replace("[", r"\[")
        sizes = ", ".join(map(str, crowd.smallest))
        share = f"{crowd.unique_share:.2%}"
        table.add_row(name, f"{crowd.rows:,}", f"{crowd.groups:,}", str(crowd.k), share, sizes)
    return table
