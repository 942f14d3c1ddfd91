"""A folder of migrations is read whole, and what cannot be run safely is refused before anything is touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from understudy.migrate.errors import MigrationFileError
from understudy.migrate.files import read_folder

Write = Callable[[dict[str, str]], Path]


def test_migrations_come_in_the_order_of_their_numbers(write: Write) -> None:
    """10 comes after 9, whatever the names; a rollback belongs to its migration."""
    folder = write({"10_b": "SELECT 1", "9_a": "SELECT 1", "9_a.rollback": "SELECT 2"})
    assert [(m.version, m.name, m.down is not None) for m in read_folder(folder)] == [(9, "a", True), (10, "b", False)]


def test_the_header_says_how_it_runs(write: Write) -> None:
    """transaction, phase and lock-timeout are read from the first comment lines."""
    folder = write({"1_a": "-- A thing.\n-- transaction: none\n-- phase: contract\n-- lock-timeout: 2s\n\nSELECT 1"})
    script = read_folder(folder)[0].up
    assert (script.transactional, script.phase, script.lock_timeout_ms) == (False, "contract", 2000)


def test_a_header_below_the_first_statement_is_prose(write: Write) -> None:
    """Only the beginning of a file is its header."""
    assert read_folder(write({"1_a": "SELECT 1;\n-- transaction: none\n"}))[0].up.transactional


def test_the_checksum_does_not_see_line_ends(write: Write, tmp_path: Path) -> None:
    """CRLF, CR, LF and a byte order mark are the same file; another text is not."""
    sums = set()
    for text in (b"SELECT 1;\nSELECT 2;\n", b"SELECT 1;\r\nSELECT 2;\r\n", b"\xef\xbb\xbfSELECT 1;\rSELECT 2;\r"):
        folder = write({"1_a": ""})
        (folder / "1_a.sql").write_bytes(text)
        sums.add(read_folder(folder)[0].up.checksum)
    assert len(sums) == 1
    assert read_folder(write({"1_a": "SELECT 1;\nSELECT 3;\n"}))[0].up.checksum not in sums


def test_included_files_are_read_relative_to_the_file_and_count_in_the_checksum(write: Write) -> None:
    """Includes are followed from the file that says them, down through folders."""
    folder = write({"1_a": "SELECT 1;\n\\i parts/b.sql\nSELECT 3;", "parts/b": "\\ir 'c.sql'\n", "parts/c": "SELECT 2"})
    script = read_folder(folder)[0].up
    assert [s.text for s in script.statements] == ["SELECT 1", "SELECT 2", "SELECT 3"]
    assert script.place(1) == "c.sql, line 1"
    write({"parts/c": "SELECT 22"})
    assert read_folder(folder)[0].up.checksum != script.checksum


@pytest.mark.parametrize(
    ("files", "match"),
    [
        ({"1_a": "", "01_b": ""}, "taken twice"),
        ({"1_a": "", "1_b.rollback": ""}, "undoes nothing"),
        ({"create_users": ""}, "not the name of a migration"),
        ({"1_a": "\\set x 1"}, "backslash commands"),
        ({"1_a": "\\copy t from 'x'"}, "backslash commands"),
        ({"1_a": "SELECT 1\n\\i b.sql"}, "middle of a statement"),
        ({"1_a": "\\i 1_a.sql"}, "includes itself"),
        ({"1_a": "\\i gone.sql"}, "cannot be read"),
        ({"1_a": "SELECT 'x"}, "middle of a statement"),
        ({"1_a": "BEGIN; SELECT 1; COMMIT"}, "runner's business"),
        ({"1_a": "-- transaction: none\nSTART TRANSACTION"}, "runner's business"),
        ({"1_a": "PREPARE TRANSACTION 'x'"}, "runner's business"),
        ({"1_a": "COPY t FROM stdin"}, "COPY"),
        ({"1_a": "CREATE INDEX CONCURRENTLY i ON t (a)"}, "inside a transaction"),
        ({"1_a": "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)"}, "inside a transaction"),
        ({"1_a": "ALTER TABLE p DETACH PARTITION c CONCURRENTLY"}, "inside a transaction"),
        ({"1_a": "VACUUM t"}, "inside a transaction"),
        ({"1_a": "-- transaction: nothing"}, "cannot be 'nothing'"),
        ({"1_a": "-- transacton: none"}, "not known"),
        ({"1_a": "-- lock-timeout: soon"}, "not understood"),
    ],
)
def test_what_cannot_be_run_safely_is_refused(write: Write, files: dict[str, str], match: str) -> None:
    """Each is an error that says where, with exit code 4: nothing was touched."""
    folder = write(files)
    with pytest.raises(MigrationFileError, match=match) as caught:
        read_folder(folder)
    assert caught.value.exit_code == 4


def test_a_file_that_is_not_utf8_is_refused(write: Write) -> None:
    """Latin-1 is said, not guessed."""
    folder = write({"1_a": ""})
    (folder / "1_a.sql").write_bytes(b"SELECT '\xe9'")
    with pytest.raises(MigrationFileError, match="not UTF-8"):
        read_folder(folder)


def test_a_savepoint_is_the_files_own_business(write: Write) -> None:
    """SAVEPOINT and ROLLBACK TO stay inside the runner's transaction, so they may be used."""
    folder = write({"1_a": "SAVEPOINT s; SELECT 1; ROLLBACK TO SAVEPOINT s; RELEASE s"})
    assert len(read_folder(folder)[0].up.statements) == 4


def test_no_folder_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    """A missing folder is not an empty one."""
    with pytest.raises(MigrationFileError, match="no folder of migrations"):
        read_folder(tmp_path / "gone")
