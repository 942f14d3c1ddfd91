"""`[migrations.lint]` of understudy.toml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from understudy.environments import FILE_NAME, Configuration, ConfigurationError


@dataclass(frozen=True)
class LintSettings:
    """What is said and what is not.

    Args:
        ignore: rules that are never applied, ours or squawk's.
        brief_s: what an estimate says is over within this time is a note and not a warning.
        rewrite_mb_per_s, scan_mb_per_s, index_mb_per_s: how fast the server rewrites a table, reads it, and builds an
            index on it, in MB of the table's size. The defaults are for ordinary cloud disks.
    """

    ignore: tuple[str, ...] = ()
    brief_s: float = 1.0
    rewrite_mb_per_s: float = 50.0
    scan_mb_per_s: float = 200.0
    index_mb_per_s: float = 40.0


def lint_settings(configuration: Configuration) -> LintSettings:
    """Read the table.

    Raises:
        ConfigurationError: a key is not known, or its value is of the wrong kind.
    """
    given: dict[str, Any] = {}
    for key, value in configuration.tables.get("migrations", {}).get("lint", {}).items():
        numeric = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
        if key == "ignore" and isinstance(value, list):
            given[key] = tuple(map(str, value))
        elif key in ("brief_s", "rewrite_mb_per_s", "scan_mb_per_s", "index_mb_per_s") and numeric:
            given[key] = float(value)
        else:
            raise ConfigurationError(
                detail=f"{FILE_NAME}: migrations.lint.{key} is not known, or not of the right kind.",
                hint="It may have ignore (a list of rules), and the numbers brief_s, rewrite_mb_per_s, scan_mb_per_s,"
                " index_mb_per_s.",
            )
    return LintSettings(**given)
