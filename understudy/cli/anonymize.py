"""`understudy anonymize`: the same masks as a filter over a plain pg_dump."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click

from anonymizer import keys, policy
from anonymizer.dump.filter import Filtered, anonymize
from understudy.cli.ending import terminated
from understudy.cli.ends import key_option, policy_option, steps
from understudy.cli.output import json_option, message, result
from understudy.environments import load


@click.command("anonymize")
@policy_option
@key_option
@click.option(
    "--schema",
    "schema_file",
    type=click.File("rb"),
    help="A dump of the schema (pg_dump --schema-only), for a dump of the data alone.",
)
@click.option(
    "--encoding", metavar="NAME", help="The encoding of the database that was dumped, if the dump's is another."
)
@click.option(
    "--no-transaction",
    is_flag=True,
    help="Write no BEGIN and COMMIT: for more tables than one transaction can lock, or roles that the target lacks.",
)
@click.option(
    "--output",
    "output_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the masked dump; standard output by default. The file appears only when it is whole.",
)
@json_option
def command(
    policy_file: Path | None,
    key_file: Path | None,
    schema_file: IO[bytes] | None,
    encoding: str | None,
    no_transaction: bool,
    output_file: Path | None,
    as_json: bool,
) -> None:
    """Mask a plain pg_dump from standard input to standard output.

    Rows of COPY and of INSERT are masked as a clone masks them: the same key gives the same values. What is not
    understood is refused (exit 4), as is what the policy does not name, and a dump that is cut off. A dump that is a
    file is looked through first, so nothing is written of one that is refused; from a pipe an output may be begun. The
    output is one transaction that ends in its last line, so a part of it loads to nothing.
    """
    if as_json and output_file is None:
        raise click.UsageError("--json needs --output: standard output is the dump")
    if sys.stdin.isatty():
        raise click.UsageError(
            "standard input is a terminal, and a dump is read from it: understudy anonymize < dump.sql"
        )
    key = keys.load(key_file)
    rules = policy.load(policy_file or load().policy)
    with terminated(), steps() as see, _output(output_file) as target:
        made = anonymize(
            sys.stdin.buffer,
            target,
            rules,
            key,
            schema=schema_file,
            encoding=encoding.upper() if encoding else None,
            transaction=not no_transaction,
            report=lambda table, rows, size: see("load", table, rows, size),
        )
    for left in made.left_out:
        message(f"left out: {left}")
    message(f"{made.rows:,} rows, {made.bytes / 1e6:,.1f} MB in {made.seconds:.1f} s")
    if as_json:
        result(to_json(made), "", as_json=True)


@contextlib.contextmanager
def _output(path: Path | None) -> Iterator[IO[bytes]]:
    """Standard output, or a file that takes its name when it is whole."""
    if path is None:
        yield sys.stdout.buffer
        return
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        unfinished = Path(file.name)
        try:
            yield file.file
            file.close()
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def to_json(made: Filtered) -> dict[str, Any]:
    """What `--json` prints (docs/json.md)."""
    return {
        "rows": made.rows,
        "bytes": made.bytes,
        "seconds": round(made.seconds, 3),
        "tables": [
            {"table": str(t.table), "rows": t.rows, "dropped": t.dropped, "columns": dict(t.columns)}
            for t in made.tables
        ],
        "left_out": list(made.left_out),
        "accepted": list(made.accepted),
    }
