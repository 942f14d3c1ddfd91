"""What every command shares: where results, messages, progress and errors go, and how a command ends.

Results go to standard output, everything else to standard error; with `--json` the result is one JSON document
(docs/json.md), and so is an error. A progress bar is drawn on a terminal only.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ParamSpec, TypeVar

import click
import psycopg
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from anonymizer.errors import AnonymizerError
from understudy.errors import UnderstudyError
from understudy.postgres.dsn import scrubbed

P = ParamSpec("P")
R = TypeVar("R")

OurError = (UnderstudyError, AnonymizerError)


PIPED_WIDTH = 200
"""Columns of a table whose reader is a pipe or a file: no terminal is there to fold it for."""


class Group(click.Group):
    """A command of commands, which its help lists in the order they are written."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in order of definition; click would sort them."""
        return list(self.commands)


def errors() -> Console:
    """The console of messages and progress: standard error."""
    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def message(text: str) -> None:
    """Say something that is not the result; markup in it is not interpreted."""
    errors().print(text, markup=False)


def json_option(function: Callable[P, R]) -> Callable[P, R]:
    """Gives a command `--json`, and hands it `as_json: bool`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON document.")(function)


def result(data: Any, text: RenderableType | Callable[[Console], None], *, as_json: bool) -> None:
    """Print a command's result.

    Args:
        data: what `--json` prints: dicts, lists, texts, numbers, None, and whatever has a text form.
        text: the same for a person: anything rich can print, or a function that prints on the console given.
        as_json: which of the two.
    """
    if as_json:
        click.echo(json.dumps(data, indent=2, ensure_ascii=False, default=str))
        return
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    console = Console(highlight=False, emoji=False, width=width)
    if callable(text):
        text(console)
    else:
        # a line of text is never folded: it may be an address that somebody copies
        console.print(text, soft_wrap=isinstance(text, str | Text))


@contextlib.contextmanager
def progress() -> Iterator[Progress]:
    """A progress display on standard error, silent where that is no terminal."""
    console = errors()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as display:
        yield display


def run(program: click.Command, arguments: Sequence[str]) -> int:
    """Run a command to its exit code, and print whatever error it ends with in the documented shape."""
    try:
        return _run(program, arguments)
    except BrokenPipeError:
        # The reader of our output has left: there is nobody to say it to, and nothing more may be written there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(program: click.Command, arguments: Sequence[str]) -> int:
    as_json = "--json" in arguments
    try:
        ended = program.main(args=list(arguments), prog_name="understudy", standalone_mode=False)
        return ended if isinstance(ended, int) else 0
    except OurError as error:
        return _fail(error.message, error.detail, error.hint, error.exit_code, as_json=as_json)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        return _fail("interrupted", None, None, 130, as_json=as_json)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        return _fail(*_usage(error), 2, as_json=as_json)
    except click.ClickException as error:
        return _fail(error.format_message(), None, None, error.exit_code, as_json=as_json)
    except psycopg.Error as error:
        said = " ".join((error.diag.message_primary or str(error)).split())
        return _fail("the database server reported an error", f"It said: {said}.", None, 1, as_json=as_json)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail("the operating system reported an error", f"{where}{error.strerror}.", None, 1, as_json=as_json)


def _usage(error: click.UsageError) -> tuple[str, None, str]:
    """A usage error of click's in our shape: what it would guess goes to the hint."""
    where = error.ctx.command_path if error.ctx else "understudy"
    hint = f"Run `{where} --help`."
    said = error.format_message()
    if isinstance(error, click.exceptions.NoSuchOption | click.exceptions.NoSuchCommand):
        said = error.message
        if error.possibilities:
            hint = f"Did you mean {' or '.join(error.possibilities)}? {hint}"
    said = said.rstrip(".")
    return said[:1].lower() + said[1:], None, hint


def _fail(text: str, detail: str | None, hint: str | None, code: int, *, as_json: bool) -> int:
    # a usage error repeats what was typed, and that may be an address with its password
    text, detail, hint = scrubbed(text), detail and scrubbed(detail), hint and scrubbed(hint)
    if as_json:
        click.echo(json.dumps({"error": {"message": text, "detail": detail, "hint": hint, "exit": code}}, indent=2))
    console = errors()
    console.print(f"[bold red]error:[/] {_escape(text)}")
    for name, sentence in (("detail", detail), ("hint", hint)):
        if sentence:
            console.print(f"[bold]{name}:[/] {_escape(sentence)}")
    return code


def _escape(text: str) -> str:
    return text.replace("[", r"\[")


def exit_with(code: int) -> Callable[[Callable[P, bool]], Callable[P, None]]:
    """Make a command that answers True or False end with 0 or with this exit code."""

    def decorate(function: Callable[P, bool]) -> Callable[P, None]:
        @functools.wraps(function)
        def command(*args: P.args, **kwargs: P.kwargs) -> None:
            if not function(*args, **kwargs):
                raise click.exceptions.Exit(code)

        return command

    return decorate
