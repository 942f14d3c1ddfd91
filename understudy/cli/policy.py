"""`understudy policy`: draft a policy, and find out whether it still fits."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from anonymizer import draft, endpoint, policy
from anonymizer.errors import AnonymizerError
from understudy.cli.ends import policy_option, source_option
from understudy.cli.output import json_option, message, result
from understudy.environments import load
from understudy.postgres import open_database


class FileExists(AnonymizerError):
    """the file exists"""

    exit_code = 4


@click.group("policy")
def command() -> None:
    """Say what may leave, column by column."""


@command.command("init")
@source_option
@policy_option
@click.option("--locale", default="en_US", show_default=True, help="The locale of the names that masks draw.")
@click.option("--sample", type=click.IntRange(0), default=200, show_default=True, help="Rows to look at per table.")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@json_option
def init(source: str, policy_file: Path | None, locale: str, sample: int, force: bool, as_json: bool) -> None:
    """Draft a policy from names, types and sampled values.

    Each guess carries its confidence and its reason as a comment; "?" stands where nothing tells, and refuses to clone
    until a person decides. Without --policy the draft goes to standard output.
    """
    if policy_file is not None and policy_file.exists() and not force:
        raise FileExists(detail=f"{policy_file} is there already.", hint="Say --force to replace it.")
    with open_database(source, load()) as database:
        drafted = draft.draft(endpoint.source(database.dsn, database.label), locale=locale, sample=sample)
    if policy_file is not None:
        policy_file.parent.mkdir(parents=True, exist_ok=True)
        policy_file.write_text(drafted.text, encoding="utf-8")
        message(f"the draft is {policy_file}: {drafted.columns} columns, {drafted.unknown} of them undecided")
    data = {
        "policy": str(policy_file) if policy_file else None,
        "tables": drafted.tables,
        "columns": drafted.columns,
        "undecided": drafted.unknown,
        "text": drafted.text,
    }
    if as_json or policy_file is None:
        result(data, lambda console: console.print(drafted.text, markup=False, end="", soft_wrap=True), as_json=as_json)


@command.command("check")
@source_option
@policy_option
@json_option
def check(source: str, policy_file: Path | None, as_json: bool) -> None:
    """Find what the schema and the policy no longer agree on; exit 3 if there is anything."""
    configuration = load()
    path = policy_file or configuration.policy
    with open_database(source, configuration) as database:
        found = draft.check(endpoint.source(database.dsn, database.label), policy.load(path))
    data = {
        "policy": str(path),
        "source": database.label,
        "fits": not found,
        "findings": [
            {
                "kind": finding.kind,
                "table": finding.table,
                "column": finding.column,
                "message": finding.message,
                "suggestion": finding.suggestion,
            }
            for finding in found
        ],
    }

    def show(console: Console) -> None:
        for finding in found:
            where = finding.table + (f".{finding.column}" if finding.column else "")
            console.print(f"{where}: {finding.message}", markup=False, soft_wrap=True)
            if finding.suggestion:
                console.print("    " + finding.suggestion.replace("\n", "\n    "), markup=False, soft_wrap=True)
        console.print(f"{len(found)} findings" if found else "the policy fits", markup=False, soft_wrap=True)

    result(data, show, as_json=as_json)
    if found:
        raise click.exceptions.Exit(3)
