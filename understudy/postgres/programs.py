"""The client programs (pg_dump, pg_restore, psql, pgbench): found, checked against the server, and run.

PATH comes first, because a site's own client is the one its DBA chose; then the wheel of the embedded server.
pg_dump refuses a server newer than itself, and an older psql misreads newer catalogs: so a program older than the
server is passed over, and if no other is left that is an error that says so.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from understudy.postgres.dsn import program_environment, redacted
from understudy.postgres.errors import ProgramError
from understudy.postgres.wheel import VERSIONS, bin_path


@dataclass(frozen=True)
class Program:
    """A client program: where it is and which major version of PostgreSQL it belongs to."""

    path: Path
    major: int


@functools.cache
def major_version(path: Path) -> int:
    """The major version that a client program reports of itself.

    Raises:
        ProgramError: it does not run, or does not say.
    """
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise ProgramError(f"{path.name} cannot be run", detail=f"{path}: {error}.") from None
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    if not found:
        raise ProgramError(f"{path.name} cannot be used", detail=f"{path} --version answered {said.strip()!r}.")
    return int(found[1])


def candidates(name: str) -> list[Program]:
    """Every program of that name: PATH's first, then the wheel's, newest last."""
    paths = [Path(found)] if (found := shutil.which(name)) else []
    paths += [bin_path(version) / name for version in sorted(VERSIONS)]
    return [_behind_wrapper(Program(path, major_version(path))) for path in paths if path.exists()]


def _behind_wrapper(program: Program) -> Program:
    """The program itself where PATH has Debian's `pg_wrapper`: it is Perl, and starts slower than what it starts."""
    if program.path.resolve().name != "pg_wrapper":
        return program
    real = Path(f"/usr/lib/postgresql/{program.major}/bin") / program.path.name
    return Program(real, program.major) if real.exists() else program


def find(name: str, *, server_major: int = 0) -> Program:
    """The first program of that name that is not older than the server.

    Raises:
        ProgramError: there is none, or each is older than the server.
    """
    seen = candidates(name)
    for program in seen:
        if program.major >= server_major:
            return program
    if not seen:
        raise ProgramError(
            f"{name} is not installed",
            detail="It is neither in PATH nor in the wheel of the embedded server.",
            hint="Run `make install`, or install PostgreSQL's client programs.",
        )
    raise ProgramError(
        f"{name} is older than the server",
        detail=f"The server is PostgreSQL {server_major}; found "
        + ", ".join(f"{program.path} ({program.major})" for program in seen)
        + ".",
        hint=f"Install PostgreSQL {server_major}'s client programs and put them in PATH.",
    )


def run(name: str, *arguments: str, dsn: str, server_major: int = 0, input_text: str | None = None) -> str:
    """Run a client program against a database and return its standard output.

    The password travels by the environment, so it shows in no process list.

    Raises:
        ProgramError: no usable program, or it ended with an error; `detail` is what it said.
    """
    program = find(name, server_major=server_major)
    conninfo, environment = program_environment(dsn)
    done = subprocess.run(
        [program.path, "--no-password", f"--dbname={conninfo}", *arguments],
        capture_output=True,
        text=True,
        input=input_text,
        env=environment,
        check=False,
    )
    if done.returncode != 0:
        raise ProgramError(
            f"{name} failed on {redacted(dsn)}",
            detail=said(done.stderr) or f"It ended with status {done.returncode} and said nothing.",
        )
    return done.stdout


_SERVER_SAID = re.compile(r"^.*?\b(?:ERROR|FATAL|PANIC):  ")
_OBJECT = re.compile(
    r"\b(?:aggregate|cast|collation|column|constraint|database|domain|extension|function|index|language|operator|parameter|"
    r"procedure|publication|relation|role|schema|sequence|server|subscription|table|tablespace|trigger|type|user|view) "
    r"$"
)


def said(stderr: str) -> str:
    """What a program printed when it failed, on one line and without a value of any row.

    Of what a server said, only its first message is repeated: its DETAIL, its CONTEXT and the statement quote rows. In
    the message itself whatever stands in quotes is withheld unless it names an object.
    """
    lines = stderr.splitlines()
    for number, line in enumerate(lines):
        if _SERVER_SAID.match(line) and "connection to server" not in line:
            kept = [other for other in lines[:number] if not re.search(r"\b(?:NOTICE|WARNING|LINE \d+):", other)]
            return " ".join(" ".join([*kept[-1:], _withheld(line)]).split())
    return " ".join(" ".join(lines).split())


def _withheld(line: str) -> str:
    parts = line.split('"')
    if len(parts) % 2 == 0:
        # a quote that does not end on this line
        return parts[0].rstrip(": ")
    for number in range(1, len(parts), 2):
        if not _OBJECT.search(parts[number - 1]):
            parts[number] = "***"
    return '"'.join(parts)
