"""The docs that the program writes are current, and every command keeps the same promises."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from understudy.cli import COMMANDS, docs
from understudy.errors import UnderstudyError

ALL = dict(docs.commands())
LEAVES = {path: command for path, command in ALL.items() if not isinstance(command, click.Group)}
PROPER_NOUNS = ("Docker", "Polars", "PostgreSQL", "Pulumi")


def subclasses(error: type[BaseException]) -> list[type[BaseException]]:
    ours = [one for one in error.__subclasses__() if one.__module__.split(".")[0] in docs.PACKAGES]
    return [error, *(below for one in ours for below in subclasses(one))]


def test_generated_parts_are_current() -> None:
    """What `make docs` would write stands there already."""
    stale = [str(path.relative_to(docs.DOCS.parent)) for path in docs.stale()]
    assert not stale, "run `make docs` and commit what it wrote"


@pytest.mark.parametrize("path", LEAVES)
def test_every_command_takes_json(path: str) -> None:
    """`--json` is an option of each, and says the same of itself everywhere."""
    options = {name: option for option in LEAVES[path].params for name in option.opts}
    assert "--json" in options
    assert isinstance(options["--json"], click.Option)
    assert options["--json"].help == "Print the result as one JSON document."


@pytest.mark.parametrize("path", LEAVES)
def test_every_command_s_json_is_documented(path: str) -> None:
    """docs/json.md has a section that names it."""
    headings = re.findall(r"^#+ (.+)$", (docs.DOCS / "json.md").read_text(encoding="utf-8"), re.MULTILINE)
    named = {name.strip(" `") for heading in headings for name in heading.split(",")}
    assert path in named, f"docs/json.md needs a section `## {path}`"


def test_json_in_the_docs_is_json() -> None:
    """Every example in docs/json.md can be read by a machine."""
    for example in re.findall(r"```json\n(.*?)```", (docs.DOCS / "json.md").read_text(encoding="utf-8"), re.DOTALL):
        json.loads(example)


@pytest.mark.parametrize("path", ALL)
def test_every_command_and_option_explains_itself(path: str) -> None:
    """A command has a sentence, which ends as one; an option has a help."""
    said = (ALL[path].help or "").strip().splitlines()
    assert said
    assert said[0][0].isupper()
    for parameter in ALL[path].params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path} {parameter.opts[0]}"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_s_line_is_the_command_s_own_first_sentence(name: str) -> None:
    """The table that the help is printed from says what the command says of itself."""
    assert (ALL[name].help or "").strip().startswith(COMMANDS[name].summary)


@pytest.mark.parametrize("file", sorted(docs.DOCS.rglob("*.md")), ids=lambda file: str(file.relative_to(docs.DOCS)))
def test_links_between_docs_lead_somewhere(file: Path) -> None:
    """A relative link names a file or folder that is there."""
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text(encoding="utf-8")):
        assert (file.parent / link).exists(), link


def test_every_error_has_a_message_of_the_documented_shape() -> None:
    """Lower case, no full stop, one line; the exit code is one of four."""
    docs.errors_page()
    for error in subclasses(UnderstudyError):
        message = (error.__doc__ or "").strip().splitlines()[0]
        assert message[0].islower() or message.startswith(PROPER_NOUNS), error
        assert not message.endswith("."), error
        assert error.exit_code in (1, 2, 3, 4), error  # type: ignore[attr-defined]


def test_a_page_keeps_what_was_written_by_hand() -> None:
    """Only what stands between the markers is replaced; a page without them gets them at its end."""
    name = next(iter(COMMANDS))
    fresh = docs.page(name, "# Title\n\nMy words.\n")
    assert fresh.startswith("# Title\n\nMy words.\n\n## Help\n")
    assert docs.page(name, fresh) == fresh
    stale = fresh.replace("Usage:", "Abusage:") + "\nMore of my words.\n"
    assert docs.page(name, stale) == fresh + "\nMore of my words.\n"
    assert docs.page(name, "").startswith(f"# understudy {name}\n\n{COMMANDS[name].summary}\n")
