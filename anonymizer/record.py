"""The types of columns, recorded in the policy: what somebody decided about a text may be wrong for what it becomes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from anonymizer import catalog, suggest
from anonymizer.catalog import Table
from anonymizer.policy import Policy

_BEGIN = "# The type of each column when somebody last decided on it; written by `understudy policy record`."
_SECTION = re.compile(rf"(?:{re.escape(_BEGIN)}\n)?^\[types\][ \t]*(?:#.*)?\n(?:^(?!\s*\[).*\n?)*", re.MULTILINE)


def section(tables: Sequence[Table]) -> str:
    """The section `[types]` of a policy: a line a table, so that a change is a line in a review."""
    lines = [_BEGIN, "[types]"]
    for table in tables:
        if table.name == table.root and not table.foreign:
            types = [
                f"{suggest.key(column.name)} = {suggest.toml(catalog.described(column))}"
                for column in table.columns
                if not column.generated
            ]
            lines.append(f"{suggest.toml(str(table.name))} = {{ {', '.join(types)} }}" if types else "")
    return "\n".join(line for line in lines if line) + "\n"


def recorded(text: str, tables: Sequence[Table]) -> str:
    """A policy's text with the types of these tables in the place of those it had, everything else as it was."""
    new = section(tables)
    if _SECTION.search(text):
        return _SECTION.sub(lambda _: new + "\n", text, count=1).rstrip("\n") + "\n"
    return text.rstrip("\n") + "\n\n" + new


def unrecorded(policy: Policy, tables: Sequence[Table]) -> int:
    """How many columns that are copied have no recorded type: a change of it goes unnoticed unless its mask breaks."""
    return sum(
        not column.generated and column.name not in policy.types.get(table.name, {})
        for table in tables
        if table.name == table.root and not table.foreign
        for entry in (policy.tables.get(table.name),)
        if entry is not None and not entry.drops_rows
        for column in table.columns
    )
