"""What a replica and a template are, how their databases are called, and the record in a database's comment."""

from __future__ import annotations

import getpass
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from understudy.replica.errors import ReplicaNameError

REPLICA_PREFIX = "understudy_replica_"
TEMPLATE_PREFIX = "understudy_template_"
BUILDING_PREFIX = "understudy_building_"

NAME_LENGTH = 63 - len(REPLICA_PREFIX)
"""What PostgreSQL's limit of 63 bytes leaves of a database's name."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True)
class Replica:
    """A private copy. `source` is how its source was named, without secrets; None where the record is unreadable."""

    name: str
    version: int
    dsn: str
    source: str | None
    owner: str | None
    created: datetime | None
    size: int
    """Bytes on disk."""
    connections: int


@dataclass(frozen=True)
class Template:
    """The local copy of a source that lives elsewhere, from which replicas of it are made."""

    database: str
    source: str | None
    created: datetime | None
    size: int
    """Bytes on disk."""


@dataclass(frozen=True)
class Record:
    """What the comment of a replica's or a template's database says."""

    source: str | None = None
    owner: str | None = None
    created: datetime | None = None

    @classmethod
    def now(cls, source: str) -> Record:
        """A record of something made at this moment by this user."""
        return cls(source, login(), datetime.now(UTC).replace(microsecond=0))

    @classmethod
    def read(cls, comment: str | None) -> Record:
        """The record in a comment; an empty one where somebody wrote a comment of their own."""
        try:
            found: Any = json.loads(comment or "")
            return cls(str(found["source"]), str(found["owner"]), datetime.fromisoformat(found["created"]))
        except (ValueError, TypeError, KeyError):
            return cls()

    def write(self) -> str:
        """The comment."""
        created = self.created.isoformat() if self.created else None
        return json.dumps({"understudy": 1, "source": self.source, "owner": self.owner, "created": created})


def login() -> str:
    """The name of the user who runs this program."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as containers have them
        return "somebody"


def default_name() -> str:
    """The name of one's own replica: the login, as far as it can be a replica's name."""
    return re.sub(r"[^a-z0-9_-]+", "-", login().lower()).strip("-_")[:NAME_LENGTH] or "mine"


def replica_name(text: str) -> str:
    """The text, if a replica may be called so.

    Raises:
        ReplicaNameError: it may not.
    """
    if len(text) > NAME_LENGTH or not _NAME.fullmatch(text):
        raise ReplicaNameError(
            f"{text!r} is not the name of a replica",
            detail=f"A name is up to {NAME_LENGTH} lower-case letters, digits, dashes and underscores.",
            hint="For example: mine, bug-1234.",
        )
    return text


def template_database(location: str) -> str:
    """The database of the template of the source at a location."""
    return TEMPLATE_PREFIX + hashlib.sha256(location.encode()).hexdigest()[:16]
