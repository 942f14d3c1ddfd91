"""`understudy policy`: draft a policy, see what it does, and find out whether it still fits."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console

from anonymizer import catalog, draft, drift, endpoint, keys, policy, record
from anonymizer import preview as previewing
from anonymizer.errors import AnonymizerError
from anonymizer.preview import TablePreview
from understudy.cli.ends import key_option, policy_option, source_option
from understudy.cli.output import Group, json_option, message, result
from understudy.cli.terminal import cut, harmless, require_terminal
from understudy.environments import load
from understudy.postgres import open_database


class FileExists(AnonymizerError):
    """the file exists"""

    exit_code = 4


@click.group("policy", cls=Group)
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
@click.option(
    "--sample",
    type=click.IntRange(0),
    default=500,
    show_default=True,
    help="Rows with documents to look into per table.",
)
@json_option
def check(source: str, policy_file: Path | None, sample: int, as_json: bool) -> None:
    """Find what the schema and the policy no longer agree on; exit 3 if there is anything.

    Tables and columns that came, went or changed their type, paths in documents that no rule names, masks that cannot
    suit their column, and literals of the schema itself that look personal. No value of a row is ever printed.
    """
    configuration = load()
    path = policy_file or configuration.policy
    rules = policy.load(path)
    with open_database(source, configuration) as database:
        checked = draft.examine(endpoint.source(database.dsn, database.label), rules, sample=sample)
    found = checked.findings
    if checked.unrecorded:
        message(
            f"the types of {checked.unrecorded} columns are not recorded, so a change of them may go unnoticed; "
            "`understudy policy record` records them"
        )
    message("carried over besides the rows: " + "; ".join(checked.carried))
    if checked.left_out:
        message("left out: " + "; ".join(checked.left_out))
    data = {
        "policy": str(path),
        "source": database.label,
        "fits": not found,
        "unrecorded": checked.unrecorded,
        "carried": list(checked.carried),
        "left_out": list(checked.left_out),
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
        console.print(
            f"{len(found)} finding{'s' * (len(found) != 1)}" if found else "the policy fits",
            markup=False,
            soft_wrap=True,
        )

    result(data, show, as_json=as_json)
    if found:
        raise click.exceptions.Exit(3)


@command.command("record")
@source_option
@policy_option
@click.option(
    "--sample",
    type=click.IntRange(0),
    default=500,
    show_default=True,
    help="Rows with documents to look into per table.",
)
@json_option
def record_types(source: str, policy_file: Path | None, sample: int, as_json: bool) -> None:
    """Record what is there today, after somebody looked at what `policy check` says of it.

    That is the columns' types, and what stands inside of JSON documents where they are kept: only the sections [types]
    and [paths] of the file are written.
    """
    configuration = load()
    path = policy_file or configuration.policy
    rules = policy.load(path)
    with (
        open_database(source, configuration) as database,
        draft.reading(endpoint.source(database.dsn, database.label)) as connection,
    ):
        every = catalog.tables(connection)
        inside = drift.kept(connection, rules, every, sample) if sample else None
        tables = [table for table in every if table.name in rules.tables]
    text = path.read_text(encoding="utf-8")
    new = record.recorded(text, tables, inside)
    policy.parse(new)
    path.write_text(new, encoding="utf-8")
    data = {"policy": str(path), "tables": len(tables), "changed": new != text}
    said = f"the types of {len(tables)} tables are recorded in {path}" if new != text else "nothing has changed"
    result(data, said, as_json=as_json)


@command.command("preview")
@source_option
@policy_option
@key_option
@click.option("--rows", type=click.IntRange(1, 100), default=3, show_default=True, help="Rows to show per table.")
@json_option
def preview(source: str, policy_file: Path | None, key_file: Path | None, rows: int, as_json: bool) -> None:
    """Show a few rows of each table before and after, on a terminal and nowhere else.

    The source is read in one snapshot by a session that cannot write, and masked here by the code of the clone: with
    the clone's key the values are the clone's. Where standard output is no terminal it refuses (exit 4). --json prints
    which columns would be shown and how many of their values change, and no value.
    """
    if not as_json:
        require_terminal()
    key = keys.load(key_file)
    configuration = load()
    rules = policy.load(policy_file or configuration.policy)
    with open_database(source, configuration) as database:
        tables = previewing.preview(endpoint.source(database.dsn, database.label), rules, key, rows)
    data = {
        "source": database.label,
        "tables": [
            {
                "table": str(table.table),
                "rows": table.rows,
                "dropped": table.drops_rows,
                "kept": list(table.kept),
                "columns": [
                    {"column": column.name, "mask": column.mask, "changed": column.changed} for column in table.columns
                ],
            }
            for table in tables
        ],
    }

    def show(console: Console) -> None:
        for line in _lines(tables, shutil.get_terminal_size().columns):
            console.print(line, markup=False, soft_wrap=True)

    result(data, show, as_json=as_json)


def _lines(tables: Sequence[TablePreview], width: int) -> Iterator[str]:
    """A block for each table: for each row a line for each masked column, before and after, no wider than this."""
    for place, table in enumerate(tables):
        if place:
            yield ""
        yield harmless(str(table.table)) + (": the rows are dropped" if table.drops_rows else "")
        if not table.columns and not table.drops_rows:
            yield "  nothing is masked"
        elif table.columns and not table.rows:
            yield "  no rows"
        names = [f"{harmless(column.name)} ({column.mask})" for column in table.columns]
        label = min(max(map(len, names), default=0), max(10, width // 3))
        room = max(4, (width - label - 8) // 2)
        for row in range(table.rows):
            if row:
                yield ""
            for name, column in zip(names, table.columns, strict=True):
                before, after = (_shown(values[row], room) for values in (column.before, column.after))
                yield f"  {cut(name, label):<{label}}  {before} → {after}"


def _shown(value: str | None, cells: int) -> str:
    # of a long value a little more than fits is enough, and a document may have megabytes
    return "NULL" if value is None else cut(harmless(value[: 4 * cells]), cells)
