"""`-- lint: allow RULE because REASON`, above a statement or in it; at the end of a file or its header for the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from understudy.migrate.lint.finding import Finding, Level
from understudy.migrate.lint.rules.registry import OWN, RULES
from understudy.migrate.script import Script

_ALLOW = re.compile(
    r"--\s*lint:\s*allow\s+(?P<rule>[a-z0-9-]+)[ \t]*(?:because\s+(?P<reason>\S.*?))?\s*$", re.MULTILINE
)


@dataclass(frozen=True)
class Allow:
    """A rule that somebody switched off for the lines from `first` to `last`."""

    rule: str
    reason: str | None
    line: int
    first: int
    last: int


def allows(script: Script) -> list[Allow]:
    """The allow comments of a file. Each covers the statement that it stands above or in."""
    ends = []
    for statement, source in zip(script.statements, script.sources, strict=True):
        if source == script.path:
            ends.append((statement.line, statement.line + statement.text.count("\n")))
    found = []
    for match in _ALLOW.finditer(script.text):
        line = script.text.count("\n", 0, match.start()) + 1
        first, last = next(((min(a, line), b) for a, b in ends if b >= line), (1, line))
        found.append(Allow(match["rule"], match["reason"], line, first, last))
    return found


def apply(script: Script, findings: Iterable[Finding], known: Sequence[str]) -> list[Finding]:
    """The findings that no comment allows, and what is wrong with the comments themselves.

    Args:
        script: the file.
        findings: all of it.
        known: the names that squawk uses here.
    """
    kept, used = [], set[Allow]()
    comments = allows(script)
    for finding in findings:
        matching = [
            allow
            for allow in comments
            if allow.rule == finding.rule and allow.reason and (allow.first <= finding.line <= allow.last)
        ]
        used.update(matching)
        if not matching or finding.rule in OWN:
            kept.append(finding)
    return kept + [problem for allow in comments if (problem := _problem(script, allow, used, known))]


def _problem(script: Script, allow: Allow, used: set[Allow], known: Sequence[str]) -> Finding | None:
    def say(rule: str, level: Level, message: str, advice: str) -> Finding:
        return Finding(rule, level, script.path, allow.line, message, advice)

    if not allow.reason:
        return say(
            "allow-needs-reason",
            Level.ERROR,
            f"{allow.rule} is allowed without a reason",
            f"Write -- lint: allow {allow.rule} because ..., for whoever reads it in a year.",
        )
    if allow not in used:
        if allow.rule not in RULES and allow.rule not in known:
            return say("allow-unknown", Level.WARNING, f"no rule is called {allow.rule}", "Look at the rule's name.")
        return say("allow-unused", Level.NOTE, f"{allow.rule} has nothing to say here", "Remove the comment.")
    return None
