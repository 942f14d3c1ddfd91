"""One migration file as the runner sees it: header, statements, checksum; what cannot be run safely is refused here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from understudy.migrate.errors import MigrationFileError
from understudy.migrate.lexer import UnterminatedError
from understudy.migrate.statements import Command, Statement, split

_HEADER = re.compile(r"--\s*(?P<key>[A-Za-z][A-Za-z_-]*)\s*:\s*(?P<value>.*?)\s*$")
_KEYS = {"transaction": ("none", "one"), "phase": ("expand", "contract"), "lock-timeout": ()}
_DURATION = re.compile(r"(?P<number>\d+)\s*(?P<unit>ms|s|min)?")
_UNITS = {"ms": 1, "s": 1000, "min": 60_000, None: 1}
_INCLUDE = re.compile(r"\\(?:i|ir|include|include_relative)\s+(?:'(?P<quoted>[^']+)'|(?P<bare>\S+))\s*")
TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "END", "ABORT", "START", "PREPARE TRANSACTION")


@dataclass(frozen=True)
class Script:
    """A migration's or a rollback's file, read.

    Args:
        path: the file.
        statements: in order, those of included files in their places.
        sources: the file each statement stands in, by the statement's place.
        checksum: SHA-256 of the text and of every included text, the same for any sort of line end.
        transactional: False for `-- transaction: none`.
        phase: `expand`, `contract` or None.
        lock_timeout_ms: of `-- lock-timeout:`; 0 waits for ever, None leaves it to the runner.
    """

    path: Path
    text: str
    statements: tuple[Statement, ...]
    sources: tuple[Path, ...]
    checksum: str
    transactional: bool = True
    phase: str | None = None
    lock_timeout_ms: int | None = None

    def place(self, index: int) -> str:
        """Where a statement stands, for messages: `0001_a.sql, line 3`."""
        return f"{self.sources[index].name}, line {self.statements[index].line}"


def normalise(data: bytes) -> str:
    """The text of a file: UTF-8, without byte order mark, every line end one newline.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
    """
    return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def duration_ms(text: str) -> int | None:
    """`2s`, `500ms`, `1min` or a bare number of milliseconds; None for anything else."""
    found = _DURATION.fullmatch(text.strip())
    return int(found["number"]) * _UNITS[found["unit"]] if found else None


def read_script(path: Path, *, standard_strings: bool = True) -> Script:
    """Read a migration's file.

    Args:
        path: the file.
        standard_strings: the server's standard_conforming_strings.

    Raises:
        MigrationFileError: it cannot be read, or holds what the runner does not do.
    """
    reader = _Reader(standard_strings)
    found = list(reader.read(path, ()))
    text = reader.texts[0][1]
    digest = sha256(text.rstrip("\n").encode())
    for name, included in reader.texts[1:]:
        digest.update(f"\0{name}\0".encode() + included.rstrip("\n").encode())
    script = Script(path, text, tuple(s for s, _ in found), tuple(source for _, source in found), digest.hexdigest())
    script = _with_header(script)
    for index, statement in enumerate(script.statements):
        _refuse(script, index, statement)
    return script


class _Reader:
    """Reads a file and those it includes; remembers their texts for the checksum."""

    def __init__(self, standard_strings: bool) -> None:
        self.texts: list[tuple[str, str]] = []
        self._standard_strings = standard_strings

    def read(self, path: Path, above: tuple[Path, ...]) -> Iterator[tuple[Statement, Path]]:
        text = _read(path, above)
        self.texts.append((path.name, text))
        try:
            for item in split(text, standard_strings=self._standard_strings):
                if isinstance(item, Statement):
                    yield item, path
                else:
                    yield from self.read(_included(item, path, above), (*above, path))
        except UnterminatedError as error:
            line = text.count("\n", 0, error.start) + 1
            raise MigrationFileError(
                f"{path.name} ends in the middle of a statement",
                detail=f"The {error.what} that begins on line {line} is never closed.",
                hint="Close it; a file that psql could not read cannot be a migration.",
            ) from None


def _read(path: Path, above: tuple[Path, ...]) -> str:
    try:
        return normalise(path.read_bytes())
    except OSError as error:
        by = f" It is included by {above[-1].name}." if above else ""
        raise MigrationFileError(f"{path.name} cannot be read", detail=f"{path}: {error.strerror}.{by}") from None
    except UnicodeDecodeError as error:
        raise MigrationFileError(
            f"{path.name} is not UTF-8",
            detail=f"Byte {error.start + 1} of it begins no character of UTF-8.",
            hint="Save the file as UTF-8.",
        ) from None


def _included(command: Command, path: Path, above: tuple[Path, ...]) -> Path:
    where = f"{path.name}, line {command.line}"
    found = _INCLUDE.fullmatch(command.text)
    if not found:
        raise MigrationFileError(
            "psql's backslash commands are not understood in a migration",
            detail=f"{where} says {command.text.split()[0]}; only \\i and \\ir are.",
            hint="Write plain SQL; what psql would compute on the client belongs into the file itself.",
        )
    if command.inside:
        raise MigrationFileError(
            f"{command.text.split()[0]} stands in the middle of a statement",
            detail=f"{where}: the statement before it is not closed.",
            hint="End the statement before it with a semicolon.",
        )
    target = path.parent / (found["quoted"] or found["bare"])
    if target.resolve() in {seen.resolve() for seen in (*above, path)}:
        raise MigrationFileError(f"{path.name} includes itself", detail=f"{where} includes {target.name} again.")
    return target


def _with_header(script: Script) -> Script:
    """The script with what its first comment lines say of it."""
    for number, line in enumerate(script.text.split("\n"), 1):
        if line.strip() and not line.startswith("--"):
            break
        found = _HEADER.match(line)
        if not found:
            continue
        key, value, where = found["key"].lower(), found["value"], f"{script.path.name}, line {number}"
        if key not in _KEYS:
            if near := difflib.get_close_matches(key, _KEYS, cutoff=0.8):
                raise MigrationFileError(
                    f"the header {key!r} is not known", detail=f"{where}.", hint=f"Did you mean {near[0]}?"
                )
            continue
        script = _with_entry(script, key, value, where)
    return script


def _with_entry(script: Script, key: str, value: str, where: str) -> Script:
    if key == "lock-timeout":
        milliseconds = duration_ms(value)
        if milliseconds is None:
            raise MigrationFileError(
                f"the lock timeout {value!r} is not understood", detail=f"{where}.", hint="Write 500ms, 2s or 1min."
            )
        return replace(script, lock_timeout_ms=milliseconds)
    if value not in _KEYS[key]:
        raise MigrationFileError(
            f"the header {key} cannot be {value!r}", detail=f"{where}.", hint=f"It is {' or '.join(_KEYS[key])}."
        )
    if key == "phase":
        return replace(script, phase=value)
    return replace(script, transactional=value != "none")


def _refuse(script: Script, index: int, statement: Statement) -> None:
    """Refuse what would break the runner's promises: its transaction is its own, and it reads no data from stdin."""
    words = statement.words
    prepared = words[:2] == ("PREPARE", "TRANSACTION")
    to_savepoint = words[0] == "ROLLBACK" and "TO" in words[1:3]
    if (words[0] in TRANSACTION_CONTROL or prepared) and not to_savepoint:
        raise MigrationFileError(
            f"{' '.join(words[: 2 if prepared else 1])} is the runner's business",
            detail=f"{script.place(index)}: a migration runs in one transaction that the runner begins and ends.",
            hint="Remove it; for statements that cannot run in a transaction begin the file with: -- transaction: none",
        )
    if words[0] == "COPY" and {"STDIN", "STDOUT"} & set(words):
        raise MigrationFileError(
            "COPY from or to the client is not understood in a migration",
            detail=f"{script.place(index)}.",
            hint="Write INSERT ... VALUES.",
        )
    alone = cannot_run_in_transaction(statement)
    if alone and script.transactional:
        raise MigrationFileError(
            f"{alone} cannot run inside a transaction",
            detail=f"{script.place(index)}.",
            hint="Begin the file with the comment: -- transaction: none",
        )


def cannot_run_in_transaction(statement: Statement) -> str | None:
    """What PostgreSQL would refuse inside a transaction block, in words; None for everything else."""
    words = statement.words
    if "CONCURRENTLY" in words[:6] and words[0] in ("CREATE", "DROP", "REINDEX"):
        return f"{words[0]} INDEX CONCURRENTLY" if words[0] != "REINDEX" else "REINDEX CONCURRENTLY"
    if words[:2] == ("ALTER", "TABLE") and "DETACH" in words and words[-1] == "CONCURRENTLY":
        return "DETACH PARTITION CONCURRENTLY"
    if words[:2] in (("ALTER", "SYSTEM"), ("ALTER", "SUBSCRIPTION")):
        return f"ALTER {words[1]}" if words[1] == "SYSTEM" or "REFRESH" in words else None
    if words[0] in ("CREATE", "DROP") and words[1:2] in (("DATABASE",), ("TABLESPACE",), ("SUBSCRIPTION",)):
        return f"{words[0]} {words[1]}"
    if words[0] == "VACUUM":
        return "VACUUM"
    if words[0] == "REINDEX" and any(word in ("DATABASE", "SYSTEM", "SCHEMA") for word in words[1:6]):
        return "REINDEX of more than a table"
    return None
