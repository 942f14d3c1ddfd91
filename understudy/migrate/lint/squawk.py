"""What squawk knows from the text alone. Rules that we observe better, or that our runner makes true, are off."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from understudy.migrate.errors import MigrateError
from understudy.migrate.lint.finding import Finding, Level
from understudy.migrate.script import Script

OBSERVED = (
    "adding-field-with-default",
    "adding-foreign-key-constraint",
    "adding-not-nullable-field",
    "adding-required-field",
    "ban-drop-column",
    "ban-drop-table",
    "changing-column-type",
    "constraint-missing-not-valid",
    "disallowed-unique-constraint",
    "renaming-column",
    "renaming-table",
    "require-concurrent-index-creation",
)
"""Ours say the same with what the catalog knows."""

MADE_TRUE = (
    "ban-concurrent-index-creation-in-transaction",
    "ban-uncommitted-transaction",
    "prefer-robust-stmts",
    "require-concurrent-index-deletion",
    "require-lock-timeout",
    "require-statement-timeout",
    "transaction-nesting",
)
"""The runner has a lock_timeout, one transaction, and a journal of statements."""


def program() -> Path | None:
    """Where squawk is: beside this Python, or in PATH."""
    beside = (Path(sysconfig.get_path("scripts")) / "squawk", Path(sys.executable).parent / "squawk")
    found = next((path for path in beside if path.exists()), None) or shutil.which("squawk")
    return Path(found) if found else None


def squawk(script: Script, major: int) -> list[Finding]:
    """What squawk says of a file. Empty when it is not installed: see `program`.

    Raises:
        MigrateError: it ended in a way that is not its way of saying that it found something.
    """
    path = program()
    if path is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        # a folder of its own: squawk would read a .squawk.toml, and its words would depend on where we stand
        given = Path(folder) / script.path.name
        given.write_text(script.text, encoding="utf-8")
        arguments = [str(path), "--reporter", "json", "--pg-version", str(major)]
        arguments += ["--exclude", ",".join((*OBSERVED, *MADE_TRUE))]
        if script.transactional:
            arguments.append("--assume-in-transaction")
        done = subprocess.run(
            [*arguments, given.name], cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
    try:
        said = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise MigrateError(
            "squawk failed", detail=f"{path} ended with status {done.returncode}: {' '.join(done.stderr.split())}"
        ) from None
    return [_finding(script, one) for one in said]


def _finding(script: Script, one: dict[str, object]) -> Finding:
    rule = str(one["rule_name"])
    level = Level.ERROR if one["level"] == "Error" else Level.NOTE if rule.startswith("prefer-") else Level.WARNING
    message = " ".join(str(one["message"]).split()).rstrip(".")
    advice = " ".join(str(one["help"] or "See its page.").split())
    return Finding(rule, level, script.path, int(str(one["line"])) + 1, message, advice, "squawk")
