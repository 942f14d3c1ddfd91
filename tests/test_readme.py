"""The README: the first screen does what it says, and nothing is claimed that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from understudy.cli import COMMANDS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_first_runnable_block_stands_above_line_25() -> None:
    """It is `make demo` and `make test`, and nothing else needs to be typed before."""
    before, _, rest = TEXT.partition("```")
    block = rest.partition("```")[0]
    assert [line.split("#")[0].strip() for line in block.splitlines()[1:]] == ["make demo", "make test"]
    assert (before + block).count("\n") < 25


def test_every_command_has_its_row_and_no_other() -> None:
    """The table of commands is the table of the program, in its order, each with its page."""
    rows = re.findall(r"^\| \[`(\w+)[^`]*`\]\(docs/commands/(\w+)\.md\)", TEXT, re.MULTILINE)
    assert rows == [(name, name) for name in COMMANDS]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`understudy (\w+)", TEXT))))
def test_commands_it_shows_exist(name: str) -> None:
    """Whatever stands after `understudy` is a command."""
    assert name in COMMANDS


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\bmake (\w+)", TEXT))))
def test_targets_it_shows_exist(name: str) -> None:
    """Whatever stands after `make` is a target of the Makefile."""
    assert re.search(rf"^{name}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", TEXT))))
def test_links_lead_somewhere(link: str) -> None:
    """A relative link names a file or folder that is there."""
    assert (ROOT / link).exists()
