"""What a server or one of its programs said, fit to be shown: without any value of a row.

PostgreSQL's DETAIL quotes whole rows ("Failing row contains ...") and its CONTEXT the line that COPY was reading.
Neither ever reaches one of our errors. The message itself quotes data where data is what is wrong (class 22), and says
whatever it likes where a function of the product's own raised it. So a message is shown if it is known to be harmless,
shown without what it quotes if we know where it quotes, and withheld if it is neither.
"""

from __future__ import annotations

import re

import psycopg

from anonymizer.errors import AnonymizerError

_DATA_EXCEPTION = "22"
_DISK_FULL = "53100"
# fmt: off
_IMPERSONAL = ("08", "0A", "25", "26", "28", "2B", "34", "3B", "3D",
               "3F", "40", "42", "53", "54", "55", "57", "58")
# fmt: on
"""Classes of errors that are about sessions, objects and resources, whose messages quote no data."""

_PROGRAM_LINE = re.compile(r"^(?:pg_(?:dump|restore): error: )?(?:could not execute query: )?ERROR: +(.*)$")
_PROGRAM_SAID = re.compile(r"^(?:pg_dump|pg_restore|psql): error: (.*)$")
_NAMES_ONLY = re.compile(
    r"could not (?:create|open|extend|access|read|write|fsync|connect|find|load|resize|determine|import)\b"
    r"|insert or update on table|permission denied|must be |canceling |connection |server closed|terminating "
    r"|query would be affected|duplicate key value|conflicting key value|missing data for column"
    r"|null value in column|value for domain|aborting because|index row |new row for relation|there is no "
    r"|(?:check|exclusion|not-null|foreign key|partition) constraint|constraint |invalid snapshot|invalid page"
    r"|(?:role|type|schema|extension|function|operator|table|relation|language|collation|column|database|tablespace"
    r"|text search|access method|publication|index|view|trigger|sequence|encoding|locale|snapshot)"
    r"(?: \"|.* does not exist|.* already exists|.* is not )"
)
"""Beginnings of messages whose quotes hold names of objects, never data."""

_OF_DATA = re.compile(
    r"invalid (?:input syntax for|input value for|byte sequence for|memory alloc|XML )|value too long for|value \""
    r"|character with byte sequence|date/time field|malformed (?:array|range|multirange|record) literal|numeric field"
    r"|division by zero|bit string length|time zone \"|(?:small|big)?int(?:eger)? out of range"
)
"""Beginnings of messages about data: what is quoted in them is taken out."""

_BYTES = re.compile(r"(?:0x[0-9a-f]{2} ?)+")
_QUOTED = re.compile(r'".*"', re.DOTALL)
_WITHHELD = "its message may hold a value of a row, and stands in the server's log only"


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
    state = error.sqlstate or ""
    if state.startswith(_DATA_EXCEPTION) and _OF_DATA.match(said):
        said = _QUOTED.sub('"***"', _BYTES.sub("***", said))
    elif state and not state.startswith(_IMPERSONAL) and not _NAMES_ONLY.match(said):
        said = f"{_WITHHELD} (SQLSTATE {state})"
    return ServerFailed(detail=f"{doing} failed: {said}{_where(error)}.")


def from_program(stderr: str, doing: str) -> AnonymizerError:
    """Our error for a client program that ended with one: its first error, without DETAIL, CONTEXT and statement.

    Args:
        stderr: what it printed. It says no SQLSTATE, so only what is known to quote no data is repeated.
        doing: as above.
    """
    if "No space left on device" in stderr:
        return disk_full(doing)
    lines = stderr.split("\n")
    server = next((found[1] for line in lines if (found := _PROGRAM_LINE.match(line))), None)
    program = next((found[1] for line in lines if (found := _PROGRAM_SAID.match(line))), None)
    if server is None:
        # the program's own words: it knows of connections and files, not of rows
        said = program or "the program ended with an error and said nothing"
    elif _NAMES_ONLY.match(server):
        said = server
    elif _OF_DATA.match(server):
        # a line may end in the middle of a value, so nothing behind a quote is sure to be outside of it
        said = _BYTES.sub("***", server).partition('"')[0].rstrip(": ")
    else:
        said = _WITHHELD
    return ServerFailed(detail=f"{doing} failed: {said}.")


def _where(error: psycopg.Error) -> str:
    """The row and column that COPY was at. Its context names them before it quotes the value; only they are taken."""
    place, quoted, _ = (error.diag.context or "").split("\n", 1)[0].partition(': "')
    return f" ({place})" if quoted and place.startswith("COPY ") else ""


def disk_full(doing: str) -> DiskFull:
    """The error for a target without room."""
    return DiskFull(
        detail=f"{doing} failed for lack of space on the server. The target is what it was.",
        hint="Free or add space: while a clone is built, the server holds the old database and the new one.",
    )
