"""What every room's tests share: the command line, run in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from understudy.cli import understudy
from understudy.cli.output import run


@dataclass(frozen=True)
class Ran:
    """How a command ended: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs `understudy` with the arguments given, as the program does."""

    def call(*arguments: str) -> Ran:
        capfd.readouterr()
        code = run(understudy, list(arguments))
        return Ran(code, *capfd.readouterr())

    return call
