"""The report of a subset: how many rows of each table came, and what pulled them in. Numbers and names, no values."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from anonymizer.subset.choice import Subset
from anonymizer.subset.closure import BELONGS, BESIDE, CHOSEN, REFERRED, Reason


def to_json(subset: Subset) -> list[dict[str, Any]] | None:
    """What `--json` prints (docs/json.md)."""
    return [table.record() for table in subset.tables] if subset.rules else None


def show(console: Console, subset: Subset) -> None:
    """A line a table: its rows, and why they came."""
    if not subset.rules:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("subset")
    for heading in ("of rows", "came"):
        table.add_column(heading, justify="right")
    table.add_column("because", overflow="fold")
    for one in subset.tables:
        because = "; ".join(_because(reason, one.rule) for reason in one.reasons) or "nothing brought any"
        table.add_row(_plain(str(one.table)), f"{one.source_rows:,}", f"{one.rows:,}", _plain(because))
    console.print(table)
    console.print("a table that is not listed here came as without a subset", markup=False)


def _because(reason: Reason, rule: str | None) -> str:
    words = {
        CHOSEN: f"chosen ({rule})",
        BELONGS: f"belong to {reason.table} ({reason.constraint})",
        REFERRED: f"referred to by {reason.table} ({reason.constraint})",
        BESIDE: "refer to nothing that was left out",
    }
    return f"{reason.rows:,} {words[reason.kind]}"


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
