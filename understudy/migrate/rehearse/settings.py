"""`[migrations.budget]` of understudy.toml: what a migration may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from understudy.environments import FILE_NAME, Configuration, ConfigurationError


@dataclass(frozen=True)
class Budget:
    """The limits of a rehearsal.

    Args:
        max_block_ms: how long anybody else may wait, once, because of a migration or its rollback.
        max_rollback_s: how long a rollback may take.
    """

    max_block_ms: float = 500.0
    max_rollback_s: float = 300.0


def budget(configuration: Configuration) -> Budget:
    """Read the table.

    Raises:
        ConfigurationError: a key is not known, or its value is no positive number.
    """
    given: dict[str, Any] = {}
    for key, value in configuration.tables.get("migrations", {}).get("budget", {}).items():
        numeric = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
        if key not in ("max_block_ms", "max_rollback_s") or not numeric:
            raise ConfigurationError(
                detail=f"{FILE_NAME}: migrations.budget.{key} is not known, or not a positive number.",
                hint="It may have max_block_ms = 500 and max_rollback_s = 300.",
            )
        given[key] = float(value)
    return Budget(**given)
