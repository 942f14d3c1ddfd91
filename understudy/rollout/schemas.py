"""From what a person types to a database whose schema can be read: files are loaded into a scratch database.

A scratch database lives on the embedded server, of the other side's major version where the wheel has it, and is gone
when the `with` block ends; so are the roles that had to be made for it.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from understudy.environments import Configuration
from understudy.errors import UsageError
from understudy.migrate.errors import MigrationFileError
from understudy.migrate.script import read_script
from understudy.parity.errors import LoadError
from understudy.parity.workshop import Workshop
from understudy.postgres import EmbeddedServer, open_database
from understudy.postgres.programs import find
from understudy.postgres.wheel import DEFAULT_VERSION, VERSIONS

_CONTENTS = b"toc.dat"
"""The file that a dump in directory format has, and that one in tar format begins with."""
_INCLUDES = re.compile(r"^\s*\\i", re.M)
_NUMBER = re.compile(r"(\d+)")


class NoSchemaError(UsageError):
    """this names no schema"""


@dataclass(frozen=True)
class Schema:
    """A database to read a schema from, and whether it was made from files for that."""

    dsn: str
    label: str
    from_files: bool = False


def is_file(location: str, configuration: Configuration) -> bool:
    """Whether a location is a file or a folder to load, and not a database."""
    if location in configuration.environments or location.startswith(("postgresql://", "postgres://", "embedded:")):
        return False
    return Path(location).exists() or location.endswith((".sql", ".dump", "/"))


def fitting_version(major: int | None) -> int:
    """The embedded version to load files into when the other side's server is of that major version."""
    return min((v for v in VERSIONS if major is not None and v >= major), default=DEFAULT_VERSION)


@contextlib.contextmanager
def open_schemas(left: str, right: str, configuration: Configuration) -> Iterator[tuple[Schema, Schema]]:
    """Both sides of a comparison, ready to be read.

    Raises:
        LocationError: a location names nothing.
        NoSchemaError: a file or folder has no SQL in it.
        LoadError: what a file says could not be done; the detail is the server's own words.
    """
    with contextlib.ExitStack() as stack:
        live: dict[str, Schema] = {}
        major = None
        for location in (left, right):
            if not is_file(location, configuration) and location not in live:
                database = stack.enter_context(open_database(location, configuration))
                live[location] = Schema(database.dsn, database.label)
                with database.connect() as connection:
                    major = max(major or 0, connection.info.server_version // 10000)
        version = fitting_version(major)
        yield (
            live.get(left) or stack.enter_context(open_files(Path(left), version)),
            live.get(right) or stack.enter_context(open_files(Path(right), version)),
        )


@contextlib.contextmanager
def open_files(path: Path, version: int = DEFAULT_VERSION) -> Iterator[Schema]:
    """A scratch database with what a `.sql` file, a dump of any format or a folder of migrations makes."""
    with EmbeddedServer(version) as server, Workshop(server) as workshop:
        try:
            yield Schema(workshop.database(*scripts(path, version)), str(path), from_files=True)
        except LoadError as error:
            raise LoadError(f"cannot load {path}", detail=error.detail, hint=error.hint) from None


def scripts(path: Path, version: int = DEFAULT_VERSION) -> list[str]:
    """The SQL that makes a schema: of a file, an archive or a folder's migrations in their order.

    Raises:
        NoSchemaError: there is none.
    """
    if (path / _CONTENTS.decode()).is_file():
        return [_script_of(path, version)]
    if path.is_dir():
        return [_with_includes(file) for file in migration_files(path)]
    if not path.is_file():
        raise NoSchemaError(f"{str(path)!r} does not exist", hint="Name a database, a .sql or .dump file, or a folder.")
    with path.open("rb") as file:
        archive = file.read(len(_CONTENTS)).startswith((b"PGDMP", _CONTENTS))
    return [_script_of(path, version) if archive else _text(path)]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        hint = "Name a text in UTF-8, or a dump in one of pg_dump's other formats."
        raise NoSchemaError(f"{str(file)!r} is not UTF-8 text", hint=hint) from None


def _with_includes(file: Path) -> str:
    """A migration's SQL, with what it includes in its place: relative to the file, as the runner reads it."""
    text = _text(file)
    if not _INCLUDES.search(text):
        return text
    try:
        return "".join(f"{statement.text};\n" for statement in read_script(file).statements)
    except MigrationFileError as error:
        raise LoadError(f"cannot load {file}", detail=error.detail or error.message, hint=error.hint) from None


def migration_files(folder: Path) -> list[Path]:
    """The `*.sql` files of a folder that go forward, in the order of their numbers.

    Raises:
        NoSchemaError: there are none.
    """
    files = [file for file in folder.glob("*.sql") if ".rollback." not in file.name]
    if not files:
        raise NoSchemaError(f"{str(folder)!r} has no migrations", detail="There is no .sql file in it.")

    def place(file: Path) -> tuple[int, str]:
        number = _NUMBER.match(file.name)
        return (int(number[1]) if number else 0, file.name)

    return sorted(files, key=place)


def _script_of(dump: Path, version: int) -> str:
    """The SQL of an archive that pg_dump made, without its rows and without whose it was."""
    program = find("pg_restore", server_major=version)
    command = [str(program.path), "--schema-only", "--no-owner", "--file=-", str(dump)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LoadError(f"cannot read {dump}", detail=" ".join(done.stderr.split()))
    return done.stdout
