"""Writes the parts of docs/ that the program knows best: each command's help, and the errors. `make docs` runs it.

    docs/commands/NAME.md   a page for each command; its help stands between two markers, the rest is written by hand
    docs/errors.md          every error with its message and exit code; generated whole

A test says whether they are current.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click

from anonymizer.errors import AnonymizerError
from understudy.cli import COMMANDS, understudy
from understudy.errors import UnderstudyError

DOCS = Path(__file__).parents[2] / "docs"

BEGIN = "<!-- help: written by `make docs` -->"
END = "<!-- end of help -->"
WIDTH = 100
"""Columns of the help in the docs, whatever the terminal of whoever runs this."""

PACKAGES = ("understudy", "anonymizer", "infra")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its path, `flags` before `flags list`, in the order of the help."""
    context = click.Context(understudy, info_name="understudy")
    for name in COMMANDS:
        command = understudy.get_command(context, name)
        assert command is not None  # noqa: S101 - it stands in the table
        yield from _below(name, command, context)


def _below(path: str, command: click.Command, parent: click.Context) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path.split()[-1], parent=parent)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from _below(f"{path} {name}", below, context)


def help_of(path: str, command: click.Command) -> str:
    """What `understudy PATH --help` prints."""
    parent = click.Context(understudy, info_name="understudy", **understudy.context_settings)
    for word in path.split()[:-1]:
        parent = click.Context(click.Group(), info_name=word, parent=parent)
    context = click.Context(
        command, info_name=path.split()[-1], parent=parent, terminal_width=WIDTH, max_content_width=WIDTH
    )
    return command.get_help(context)


def page(name: str, text: str) -> str:
    """The page of a command with its help as it is now; one without the markers gets them at its end.

    Args:
        name: the command's name, one word.
        text: the page as it is; empty when there is none.
    """
    helps = [help_of(path, command) for path, command in commands() if path.split()[0] == name]
    block = "\n\n".join([BEGIN, *(f"```text\n{one}\n```" for one in helps), END])
    if BEGIN not in text or END not in text:
        written = text.rstrip() or f"# understudy {name}\n\n{COMMANDS[name].summary}"
        return f"{written}\n\n## Help\n\n{block}\n"
    before, _, rest = text.partition(BEGIN)
    return before + block + rest.partition(END)[2]


def errors_page() -> str:
    """docs/errors.md."""
    for package in PACKAGES:
        for module in _modules(importlib.import_module(package)):
            importlib.import_module(module)
    trees = []
    for root in (UnderstudyError, AnonymizerError):
        lines = ["exit", *_tree(root)]
        trees.append("```text\n" + "\n".join(lines) + "\n```")
    return _ERRORS.format(understudy=trees[0], anonymizer=trees[1])


def _modules(package: ModuleType) -> Iterator[str]:
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.endswith(".__main__"):
            yield found.name


def _tree(error: type[UnderstudyError | AnonymizerError], before: str = "", joint: str = "") -> Iterator[str]:
    message = (inspect.getdoc(error) or "").partition("\n")[0]
    yield f"{error.exit_code:>4}  {before + joint + error.__name__:<44} {message}"
    ours = [one for one in error.__subclasses__() if one.__module__.split(".")[0] in PACKAGES]
    ours.sort(key=lambda one: (one.__module__, inspect.getsourcelines(one)[1]))
    below = before + {"": "", "├── ": "│   ", "└── ": "    "}[joint]
    for one in ours:
        yield from _tree(one, below, "└── " if one is ours[-1] else "├── ")


_ERRORS = """# Errors

This page is written by `make docs`.

An error has PostgreSQL's shape: a message in lower case, a detail that says what was tried and why it failed, a hint
that says what to run next. It goes to standard error; with `--json` it is also the document on standard output
([json.md](json.md)). No part of it ever holds a password, a key or a value of a row.

| exit | means |
| --- | --- |
| 0 | done |
| 1 | failed |
| 2 | the command was not understood |
| 3 | an honest no: it ran, and the answer is not the one hoped for |
| 4 | refused, nothing was touched, and the hint says what would allow it |

An error that derives from another is a kind of it. The message is the default one; most say something more exact.

## Of understudy

{understudy}

## Of the anonymizer

The anonymizer imports nothing of understudy, so its family has a root of its own.

{anonymizer}
"""


def wanted() -> dict[Path, str]:
    """Every generated file and what it must hold."""
    files = {}
    for name in COMMANDS:
        path = DOCS / "commands" / f"{name}.md"
        files[path] = page(name, path.read_text(encoding="utf-8") if path.exists() else "")
    files[DOCS / "errors.md"] = errors_page()
    return files


def stale() -> list[Path]:
    """The generated files that do not hold what they must."""
    files = wanted().items()
    return [path for path, text in files if not path.exists() or path.read_text(encoding="utf-8") != text]


def main() -> int:
    """Write what is stale and say so."""
    files = wanted()
    for path in stale():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
        click.echo(f"wrote {path.relative_to(DOCS.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
