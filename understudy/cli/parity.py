"""`understudy parity LEFT RIGHT`: are these two schemas the same?"""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from understudy import environments
from understudy.catalog import Impact
from understudy.catalog.names import JOURNAL_SCHEMA
from understudy.cli import output
from understudy.cli.ending import terminated
from understudy.parity import Answer, Options, Verdict, compare, sensitivity, waivers
from understudy.parity.formats import FORMATS, as_data, as_text
from understudy.parity.parity import embedded_workshop
from understudy.postgres import connect
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
@click.argument("right", required=False)
@click.option(
    "--ignore-schema",
    "ignored",
    multiple=True,
    metavar="NAME",
    help=f"Leave this schema out, as SQL would write it; the migration journal's ({JOURNAL_SCHEMA}) always is.",
)
@click.option(
    "--waivers",
    "waivers_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of accepted differences, each with a reason and an expiry.",
)
@click.option(
    "--witness",
    type=click.Choice(["both", "catalog"]),
    default="both",
    show_default=True,
    help="Hear pg_dump beside the catalogs, or the catalogs alone.",
)
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", *FORMATS]),
    default="text",
    show_default=True,
    help="How the verdict is printed.",
)
@click.option(
    "--sensitivity",
    "prove",
    is_flag=True,
    help="Take LEFT alone: change a scratch copy of it, one attribute at a time, and show that each change is seen.",
)
@output.json_option
def command(
    left: str,
    right: str | None,
    ignored: tuple[str, ...],
    waivers_file: Path | None,
    witness: str,
    shape: str,
    prove: bool,
    as_json: bool,
) -> None:
    """Compare two schemas: same (exit 0), differ or cannot tell (exit 3).

    LEFT and RIGHT are each a database (postgresql://..., embedded:NAME, an environment), a .sql or .dump file, or a
    folder of migrations.
    """
    if prove:
        if right is not None or waivers_file or shape not in ("text", "json"):
            raise click.UsageError("--sensitivity takes LEFT alone, without --waivers, and prints text or JSON.")
        as_json = as_json or shape == "json"
        prove_sensitivity(left, (JOURNAL_SCHEMA, *ignored), second_witness=witness == "both", as_json=as_json)
        return
    if right is None:
        raise click.UsageError("Missing argument 'RIGHT'.")
    accepted = waivers.load(waivers_file) if waivers_file else []
    configuration = environments.load()
    with terminated(), open_schemas(left, right, configuration) as (one, other):
        live = not (one.from_files or other.from_files)
        options = Options(
            (JOURNAL_SCHEMA, *ignored),
            owners=live,
            database=live,
            second_witness=witness == "both",
            loaded=(one.from_files, other.from_files),
        )
        verdict = compare(one.dsn, other.dsn, options)
    verdict = waivers.apply(verdict, accepted, datetime.datetime.now(tz=datetime.UTC).date())
    labels = (one.label, other.label)
    if shape == "text":
        output.result(as_data(verdict, labels), lambda console: show(console, verdict, labels), as_json=as_json)
    else:
        click.echo(FORMATS["json" if as_json else shape](verdict, labels))
    if not verdict:
        raise click.exceptions.Exit(3)


def prove_sensitivity(location: str, ignored: tuple[str, ...], *, second_witness: bool, as_json: bool) -> None:
    """`--sensitivity`: exit 3 when a change was not seen."""
    with terminated(), open_schemas(location, location, environments.load()) as (schema, _):
        with connect(schema.dsn) as connection:
            major = connection.info.server_version // 10000
        with embedded_workshop(major) as workshop:
            trials = sensitivity.prove(schema.dsn, workshop, ignored, second_witness=second_witness)
    unseen = [trial for trial in trials if trial.seen is False]
    defects = sum(len(trial.defects) for trial in trials)
    tried = [trial for trial in trials if trial.seen is not None]
    by = {word: sum(trial.by == word for trial in trials) for word in _WITNESSES}
    data = {
        "database": schema.label,
        "changes": len(tried),
        "unseen": len(unseen),
        "by": by,
        "trials": [dataclasses.asdict(trial) for trial in trials],
    }

    def text(console: Console) -> None:
        for trial in trials:
            show_trial(console, trial)
        console.print(Text(f"{len(tried) - len(unseen)} of {len(tried)} changes were seen", "bold"))
        console.print(Text(", ".join(f"{count} by {_WITNESSES[word]}" for word, count in by.items())))
        if defects:
            console.print(Text(f"{defects} entries of pg_dump that no difference accounts for", "bold yellow"))

    output.result(data, text, as_json=as_json)
    if unseen:
        raise click.exceptions.Exit(3)


_WITNESSES = {"both": "both witnesses", "catalog": "the catalogs alone", "dump": "pg_dump alone"}
_SEEN = {True: ("seen", "green"), False: ("NOT SEEN", "bold red"), None: ("not tried", "dim")}


def show_trial(console: Console, trial: sensitivity.Trial) -> None:
    """A line for a change, and one for each entry of the dump that contradicts the catalogs."""
    word, style = _SEEN[trial.seen]
    of = f" ({', '.join(trial.columns)})" if trial.columns else ""
    line = Text.assemble((f"{word:10}", style), (f"{trial.by:8}", style), f"{trial.kind}: {trial.attribute}{of}  ")
    console.print(line.append(" ".join((trial.statement or trial.reason).split()), "dim"), soft_wrap=True)
    for title in trial.defects:
        console.print(Text(f"{'':18}defect: pg_dump shows {title}, too", "yellow"), soft_wrap=True)


def show(console: Console, verdict: Verdict, labels: tuple[str, str]) -> None:
    """The verdict for a person."""
    console.print(Text(f"LEFT   {labels[0]} (PostgreSQL {verdict.versions[0]}, {verdict.objects[0]} objects compared)"))
    console.print(Text(f"RIGHT  {labels[1]} (PostgreSQL {verdict.versions[1]}, {verdict.objects[1]} objects compared)"))
    for difference in verdict.differences:
        line = Text.assemble((difference.kind, "bold"), f" {difference.path}: {difference.attribute}", "  ")
        console.print(line.append(f"[{difference.impact.value}]", _STYLES[difference.impact]), soft_wrap=True)
        console.print(Text(f"    LEFT   {as_text(difference.left)}"), soft_wrap=True)
        console.print(Text(f"    RIGHT  {as_text(difference.right)}"), soft_wrap=True)
        if difference.mend:
            console.print(Text(f"    mend   {difference.mend}", "dim"), soft_wrap=True)
    for title, sentences in (
        ("cannot tell", verdict.reasons),
        ("defect", verdict.defects),
        ("waiver", verdict.waivers),
        ("note", verdict.notes),
    ):
        for sentence in sentences:
            console.print(Text(f"{title}: {sentence}"), soft_wrap=True)
    count = len(verdict.differences)
    tail = f": {count} difference{'' if count == 1 else 's'}" if count else ""
    tail += f" ({len(verdict.waived)} waived)" if verdict.waived else ""
    console.print(Text(verdict.answer.value + tail, _ANSWER_STYLES[verdict.answer]))
