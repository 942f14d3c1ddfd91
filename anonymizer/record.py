"""The types of columns, recorded in the policy: what somebody decided about a text may be wrong for what it becomes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from anonymizer import catalog, suggest
from anonymizer.catalog import Table
from anonymizer.drift import Paths
from anonymizer.policy import Policy

_BEGIN = "# The type of each column when somebody last decided on it; written by `understudy policy record`."
_PATHS = (
    "# What stands inside of documents where they are kept, and no rule names; written by `understudy policy record`."
)


def _pattern(begin: str, name: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{re.escape(begin)}\n)?^\[{name}\][ \t]*(?:#.*)?\n(?:^(?!\s*\[).*\n?)*", re.MULTILINE)


_TYPES_SECTION, _PATHS_SECTION = _pattern(_BEGIN, "types"), _pattern(_PATHS, "paths")


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


def paths_section(paths: Paths) -> str:
    """The section `[paths]` of a policy, empty where nothing is kept inside of documents."""
    lines = []
    for table, columns in sorted(paths.items()):
        entries = [f"{suggest.key(name)} = [{', '.join(map(suggest.toml, some))}]" for name, some in columns.items()]
        lines.append(f"{suggest.toml(str(table))} = {{ {', '.join(entries)} }}")
    return "\n".join([_PATHS, "[paths]", *lines]) + "\n" if lines else ""


def recorded(text: str, tables: Sequence[Table], paths: Paths | None = None) -> str:
    """A policy's text with what is recorded in the place of what was, everything else as it was.

    Args:
        text: the policy.
        tables: whose types to record.
        paths: what stands inside of their documents where they are kept; None to leave what is recorded.
    """
    text = _put(text, _TYPES_SECTION, section(tables))
    return text if paths is None else _put(text, _PATHS_SECTION, paths_section(paths))


def _put(text: str, pattern: re.Pattern[str], new: str) -> str:
    if pattern.search(text):
        return pattern.sub(lambda _: new + "\n" if new else "", text, count=1).rstrip("\n") + "\n"
    return text.rstrip("\n") + "\n\n" + new if new else text


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
