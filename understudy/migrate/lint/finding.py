"""What the linter says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path


class Level(IntEnum):
    """How much it matters. Notes never make the command end with 3."""

    NOTE = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True)
class Finding:
    """One thing to say about a statement, or with `line` 1 about a file.

    `message` is one sentence of what will happen, `advice` one of what to do instead.
    """

    rule: str
    level: Level
    path: Path
    line: int
    message: str
    advice: str
    source: str = "understudy"

    @property
    def page(self) -> str:
        """Where it is explained."""
        if self.source == "squawk":
            return f"https://squawkhq.com/docs/{self.rule}"
        own = self.rule.startswith("allow-") or self.rule == "does-not-apply"
        return "docs/lint/README.md" if own else f"docs/lint/{self.rule}.md"
