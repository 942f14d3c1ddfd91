"""Masks that look at other columns of their row, in the stream of a table."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from anonymizer.keys import Key
from anonymizer.maskers import Mask
from anonymizer.pipeline import Transform
from anonymizer.plan import ColumnPlan

CONTEXT: Any = SimpleNamespace(key=Key(b"k" * 32), locale="it_IT", codec="utf-8")


def test_masks_wait_for_what_they_follow() -> None:
    """The index follows the note, which follows the name; the name comes last in the table and first in the work."""
    columns = (
        ColumnPlan("words", Mask("tsvector", {"from": ["note"]}), "tsvector"),
        ColumnPlan("note", Mask("entity", {"columns": ["name"]})),
        ColumnPlan("at", Mask("date_shift", {"subject": "id"}), "time", base="date"),
        ColumnPlan("name", Mask("first_name")),
        ColumnPlan("id", Mask("keep")),
    )
    transform = Transform(columns, cast(Any, CONTEXT))
    block = b"'maria':1\tMaria\\tcalled\t2024-01-10\tMaria\t7\n\\N\t\\N\t2024-01-20\t\\N\t7\n"
    first, second = (line.split("\t") for line in transform.block(block).decode().splitlines())
    words, note, at, name, id_ = first
    assert "Maria" not in name
    assert note == f"{name}\\tcalled"
    assert words == f"'{name.lower()}':1 'called':2"
    assert id_ == "7"
    assert second[:2] + second[3:] == ["\\N", "\\N", "\\N", "7"]
    assert (int(second[2][-2:]) - int(at[-2:])) in (10, -21, -20)
