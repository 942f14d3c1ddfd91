"""The schema's way to the clone: pg_dump in the clone's snapshot, pg_restore in two halves around the data.

pg_dump brings every kind of object there is, which no list of ours would. Left out on purpose, because they hold
secrets of production or would act on it: subscriptions and user mappings (their options are passwords).
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anonymizer import servererrors
from anonymizer.endpoint import Connection, Endpoint

_LEFT_OUT = tuple(
    prefix + kind for kind in ("SUBSCRIPTION ", "USER MAPPING ") for prefix in ("", "COMMENT - ", "SECURITY LABEL - ")
)
"""Beginnings of entries in an archive's list."""


@dataclass(frozen=True)
class Programs:
    """Where PostgreSQL's client programs are, none of them older than the source's server."""

    pg_dump: Path
    pg_restore: Path
    psql: Path


class Schema:
    """A source's schema in an archive file."""

    def __init__(self, programs: Programs, archive: Path) -> None:
        """Takes the programs, and where to put the archive."""
        self._programs = programs
        self._archive = archive
        self._flags: list[str] = []
        self.left_out: list[str] = []

    def dump(self, source: Endpoint, snapshot: str) -> None:
        """Write the archive.

        Raises:
            ServerFailed: pg_dump reported an error.
        """
        flags = ["--format=custom", "--schema-only", "--no-password", f"--snapshot={snapshot}"]
        conninfo, environment = source.program()
        _run(
            [self._programs.pg_dump, *flags, f"--file={self._archive}", f"--dbname={conninfo}"],
            source,
            f"Dumping the schema of {source.label}",
        )
        listed = subprocess.run(
            [self._programs.pg_restore, "--list", self._archive],
            capture_output=True,
            env=environment,
            check=True,
        ).stdout
        kept = []
        # by newlines alone: a name may hold any other character that Python takes for the end of a line
        for line in listed.decode("utf-8", "surrogateescape").split("\n"):
            entry = line.split(" ", 3)[-1]
            if line.startswith(";") or not entry.startswith(_LEFT_OUT):
                kept.append(line)
            else:
                # the last word is the owner; what is left names the object, never its options
                self.left_out.append(" ".join(entry.split()[:-1]).lower())
        contents = self._archive.with_suffix(".list")
        contents.write_bytes("\n".join(kept).encode("utf-8", "surrogateescape") + b"\n")
        self._flags = [f"--use-list={contents}"]

    def forget_roles(self) -> None:
        """Restore without owners and privileges: the target's server does not know the source's roles."""
        self._flags += ["--no-owner", "--no-privileges"]

    def forget_tablespaces(self) -> None:
        """Restore into the database's own tablespace: the target's server does not have the source's."""
        self._flags.append("--no-tablespaces")

    def restore(self, target: Endpoint, section: str, jobs: int = 1) -> None:
        """Restore a section, `pre-data` or `post-data`.

        Raises:
            ServerFailed: pg_restore reported an error.
            DiskFull: the target's server has no room.
        """
        conninfo, _ = target.program()
        flags = ["--exit-on-error", "--no-password", f"--section={section}", f"--jobs={jobs}", *self._flags]
        _run(
            [self._programs.pg_restore, *flags, f"--dbname={conninfo}", self._archive],
            target,
            "Building the tables" if section == "pre-data" else "Building indexes and constraints",
        )


def _run(command: Sequence[str | Path], end: Endpoint, doing: str) -> None:
    _, environment = end.program()
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=environment,
        check=False,
    )
    if done.returncode != 0:
        raise servererrors.from_program(done.stderr, doing)


def missing_roles(source: Connection, target: Connection) -> list[str]:
    """Roles that own something in the source or are granted something, and that the target's server lacks."""
    return _missing(source, target, "true")


def missing_policy_roles(source: Connection, target: Connection) -> list[str]:
    """Roles that a policy of row-level security in the source names, and that the target's server lacks."""
    return _missing(source, target, "d.classid = 'pg_policy'::regclass")


def _missing(source: Connection, target: Connection, condition: str) -> list[str]:
    used = source.execute(
        f"""SELECT DISTINCT r.rolname FROM pg_catalog.pg_shdepend d
        JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid AND d.refclassid = 'pg_authid'::regclass
        WHERE d.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
        AND {condition}""".encode()
    ).fetchall()
    known = {name for (name,) in target.execute("SELECT rolname FROM pg_catalog.pg_roles")}
    return sorted({str(name) for (name,) in used} - known)


def missing_tablespaces(source: Connection, target: Connection) -> list[str]:
    """Tablespaces that something of the source lies in, and that the target's server lacks."""
    used = source.execute(
        """SELECT spcname FROM pg_catalog.pg_tablespace
        WHERE oid IN (SELECT reltablespace FROM pg_catalog.pg_class WHERE reltablespace <> 0)"""
    ).fetchall()
    known = {name for (name,) in target.execute("SELECT spcname FROM pg_catalog.pg_tablespace")}
    return sorted({str(name) for (name,) in used} - known)
