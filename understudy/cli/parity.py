"""`understudy parity LEFT RIGHT`: are these two schemas the same?"""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console
from rich.text import Text

from understudy import environments
from understudy.catalog import Impact
from understudy.catalog.names import JOURNAL_SCHEMA
from understudy.cli import output
from understudy.parity import Answer, Difference, Options, Verdict, compare
from understudy.rollout.schemas import open_schemas

_STYLES = {
    Impact.BREAKS: "bold red",
    Impact.BEHAVIOUR: "red",
    Impact.PERFORMANCE: "yellow",
    Impact.COSMETIC: "cyan",
}
_ANSWER_STYLES = {Answer.SAME: "bold green", Answer.DIFFER: "bold red", Answer.CANNOT_TELL: "bold yellow"}


@click.command("parity")
@click.argument("left")
@click.argument("right")
@click.option(
    "--ignore-schema",
    "ignored",
    multiple=True,
    metavar="NAME",
    help=f"Leave this schema out, as SQL would write it; the migration journal's ({JOURNAL_SCHEMA}) always is.",
)
@output.json_option
def command(left: str, right: str, ignored: tuple[str, ...], as_json: bool) -> None:
    """Compare two schemas: same (exit 0), differ or cannot tell (exit 3).

    LEFT and RIGHT are each a database (postgresql://..., embedded:NAME, an environment), a .sql or .dump file, or a
    folder of migrations.
    """
    configuration = environments.load()
    with open_schemas(left, right, configuration) as (one, other):
        live = not (one.from_files or other.from_files)
        options = Options(ignored_schemas=(JOURNAL_SCHEMA, *ignored), owners=live, database=live)
        verdict = compare(one.dsn, other.dsn, options)
    labels = (one.label, other.label)
    output.result(as_data(verdict, labels), lambda console: show(console, verdict, labels), as_json=as_json)
    if not verdict:
        raise click.exceptions.Exit(3)


def as_data(verdict: Verdict, labels: tuple[str, str]) -> dict[str, Any]:
    """The verdict as docs/json.md describes it."""
    return {
        "verdict": verdict.answer.value,
        "left": {"name": labels[0], "version": verdict.versions[0], "objects": verdict.objects[0]},
        "right": {"name": labels[1], "version": verdict.versions[1], "objects": verdict.objects[1]},
        "differences": [_difference(d) for d in verdict.differences],
        "reasons": list(verdict.reasons),
        "notes": list(verdict.notes),
        "defects": list(verdict.defects),
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "kind": difference.kind,
        "path": difference.path,
        "attribute": difference.attribute,
        "left": difference.left,
        "right": difference.right,
        "class": difference.impact.value,
        "mend": difference.mend,
    }


def show(console: Console, verdict: Verdict, labels: tuple[str, str]) -> None:
    """The verdict for a person."""
    console.print(Text(f"LEFT   {labels[0]} (PostgreSQL {verdict.versions[0]}, {verdict.objects[0]} objects)"))
    console.print(Text(f"RIGHT  {labels[1]} (PostgreSQL {verdict.versions[1]}, {verdict.objects[1]} objects)"))
    for difference in verdict.differences:
        line = Text.assemble((difference.kind, "bold"), f" {difference.path}: {difference.attribute}", "  ")
        console.print(line.append(f"[{difference.impact.value}]", _STYLES[difference.impact]), soft_wrap=True)
        console.print(Text(f"    LEFT   {as_text(difference.left)}"), soft_wrap=True)
        console.print(Text(f"    RIGHT  {as_text(difference.right)}"), soft_wrap=True)
        if difference.mend:
            console.print(Text(f"    mend   {difference.mend}", "dim"), soft_wrap=True)
    for title, sentences in (("cannot tell", verdict.reasons), ("defect", verdict.defects), ("note", verdict.notes)):
        for sentence in sentences:
            console.print(Text(f"{title}: {sentence}"), soft_wrap=True)
    count = len(verdict.differences)
    tail = f": {count} difference{'' if count == 1 else 's'}" if count else ""
    console.print(Text(verdict.answer.value + tail, _ANSWER_STYLES[verdict.answer]))


def as_text(value: Any) -> str:
    """A value on one line."""
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "(none)"
    return " ".join(str(value).split()) if str(value) else "(empty)"
