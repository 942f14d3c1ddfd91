"""Findings as text, JSON, SARIF and GitHub's annotations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from understudy import __version__
from understudy.migrate.lint.finding import Finding, Level

_SARIF = {Level.NOTE: "note", Level.WARNING: "warning", Level.ERROR: "error"}
_GITHUB = {Level.NOTE: "notice", Level.WARNING: "warning", Level.ERROR: "error"}


def shown(path: Path) -> str:
    """A path relative to where we stand, where that is possible."""
    here = Path.cwd()
    whole = path.resolve()
    return whole.relative_to(here).as_posix() if whole.is_relative_to(here) else str(path)


def as_text(findings: Sequence[Finding]) -> str:
    """One finding in two lines: where and what, then what to do."""
    lines = []
    for one in findings:
        lines.append(f"{shown(one.path)}:{one.line}: {one.level.name.lower()}: {one.message} [{one.rule}]")
        lines.append(f"    {one.advice}")
    return "\n".join(lines)


def as_data(findings: Sequence[Finding]) -> list[dict[str, object]]:
    """For docs/json.md."""
    return [
        {
            "rule": one.rule,
            "source": one.source,
            "level": one.level.name.lower(),
            "file": shown(one.path),
            "line": one.line,
            "message": one.message,
            "advice": one.advice,
            "page": one.page,
        }
        for one in findings
    ]


def as_sarif(findings: Sequence[Finding]) -> str:
    """A SARIF 2.1.0 log with one run."""
    rules = {one.rule: one.page for one in findings}
    run = {
        "tool": {
            "driver": {
                "name": "understudy",
                "version": __version__,
                "rules": [{"id": name, "help": {"text": f"See {page}."}} for name, page in sorted(rules.items())],
            }
        },
        "results": [
            {
                "ruleId": one.rule,
                "level": _SARIF[one.level],
                "message": {"text": f"{one.message}. {one.advice}"},
                "locations": [
                    {
                        "physicalLocation": {
                            "artifactLocation": {"uri": shown(one.path)},
                            "region": {"startLine": one.line},
                        }
                    }
                ],
            }
            for one in findings
        ],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2)


def as_github(findings: Sequence[Finding]) -> str:
    """Workflow commands that GitHub shows beside the lines."""
    return "\n".join(
        f"::{_GITHUB[one.level]} file={_property(shown(one.path))},line={one.line},title={_property(one.rule)}"
        f"::{_data(f'{one.message}. {one.advice}')}"
        for one in findings
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
