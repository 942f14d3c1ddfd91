"""What a server or one of its programs said, fit to be shown: without any value of a row.

PostgreSQL's DETAIL quotes whole rows ("Failing row contains ...") and its CONTEXT the line that COPY was reading.
Neither ever reaches one of our errors; of the message itself, quoted values are taken out where it quotes data.
"""

from __future__ import annotations

import re

import psycopg

from anonymizer.errors import AnonymizerError

_DATA_EXCEPTION = "22"
_DISK_FULL = "53100"
_QUOTED = re.compile(r': ".*"', re.DOTALL)
_PROGRAM_LINE = re.compile(r"^pg_(?:dump|restore): error: (?:could not execute query: )?(.*)$|^ERROR: +(.*)$")


class DiskFull(AnonymizerError):
    """the disk is full"""


class ServerFailed(AnonymizerError):
    """the database server reported an error"""


def from_server(error: psycopg.Error, doing: str) -> AnonymizerError:
    """Our error for one of the server's.

    Args:
        error: what psycopg raised.
        doing: what was being done, as the beginning of a sentence: "Loading public.users".
    """
    if error.sqlstate == _DISK_FULL:
        return disk_full(doing)
    said = error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
    if (error.sqlstate or "").startswith(_DATA_EXCEPTION):
        said = _QUOTED.sub("", said)
    return ServerFailed(detail=f"{doing} failed: {said}.")


def from_program(stderr: str, doing: str) -> AnonymizerError:
    """Our error for a client program that ended with one: its error lines, without DETAIL, CONTEXT and statements."""
    if "No space left on device" in stderr:
        return disk_full(doing)
    lines = [found[1] or found[2] for line in stderr.splitlines() if (found := _PROGRAM_LINE.match(line))]
    said = "; ".join(_QUOTED.sub("", line) if "invalid input" in line else line for line in lines if line)
    return ServerFailed(detail=f"{doing} failed: {said or 'the program ended with an error and said nothing'}.")


def disk_full(doing: str) -> DiskFull:
    """The error for a target without room."""
    return DiskFull(
        detail=f"{doing} failed for lack of space on the server. The target is what it was.",
        hint="Free or add space: while a clone is built, the server holds the old database and the new one.",
    )
