"""The filter in a pipeline: memory for a block whatever comes by, and a clean end when somebody leaves or says so."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

ROWS = b"".join(b"%d\tMario Rossi\tsomething that is kept\n" % n for n in range(10_000))
INSERTS = b"".join(b"INSERT INTO public.t VALUES (%d, 'Mario Rossi', 'that is kept');\n" % n for n in range(10_000))
HEAD = b"CREATE TABLE public.t (\n    id integer NOT NULL,\n    name text,\n    kept text\n);\n"
COPY = HEAD + b"COPY public.t (id, name, kept) FROM stdin;\n"
MEGABYTE = b"x y z " * 170_000

_MEASURED = """
import resource, sys
from anonymizer import policy
from anonymizer.dump.filter import anonymize
from anonymizer.keys import Key
rules = policy.parse(open(sys.argv[1]).read())
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    made = anonymize(sys.stdin.buffer, sys.stdout.buffer, rules, Key(bytes(32)))
except Exception as error:
    sys.exit(str(error))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used, made.rows, file=sys.stderr)
"""


def written(pipe: IO[bytes], parts: Iterator[bytes]) -> threading.Thread:
    """Writes to a program in a thread, until it is all written or nobody reads."""

    def write() -> None:
        try:
            with pipe:
                for part in parts:
                    pipe.write(part)
        except BrokenPipeError:
            pass

    thread = threading.Thread(target=write)
    thread.start()
    return thread


@pytest.fixture
def rules(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a policy for the table with this mask."""

    def write(mask: str) -> Path:
        path = tmp_path / "policy.toml"
        path.write_text(f'version = 1\n[tables."public.t"]\nid = "keep"\nname = "{mask}"\nkept = "keep"\n')
        return path

    return write


def measured(policy: Path, parts: Iterator[bytes]) -> tuple[int, str, str]:
    """The exit code, how many megabytes of memory a run took beyond its start with the rows, and what it said."""
    with subprocess.Popen(
        [sys.executable, "-c", _MEASURED, policy],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "POLARS_MAX_THREADS": "1"},
    ) as program:
        assert program.stdin
        assert program.stderr
        thread = written(program.stdin, parts)
        said = program.stderr.read().decode()
        code = program.wait(timeout=300)
        thread.join()
    if code:
        return code, "", said
    kilobytes, rows = said.split()
    assert int(kilobytes) < BOUND * 1024, f"{kilobytes} KiB"
    return code, rows, said


BOUND = 200
"""Megabytes beyond what Python and Polars take."""


@pytest.mark.parametrize(
    ("mask", "head", "block", "times", "end"),
    [
        ("keep", COPY, ROWS, 600, b"\\.\n"),
        ("city", COPY, ROWS, 150, b"\\.\n"),
        ("keep", HEAD, INSERTS, 80, b""),
        ("city", HEAD, INSERTS, 40, b""),
    ],
)
def test_memory_is_that_of_a_block_however_large_the_table(
    mask: str, head: bytes, block: bytes, times: int, end: bytes, rules: Callable[[str], Path]
) -> None:
    """Hundreds of megabytes of one table go by, masked and as they are, by COPY and by INSERT."""
    code, rows, _ = measured(rules(mask), iter([head, *[block] * times, end]))
    assert code == 0
    assert int(rows) == 10_000 * times


def test_a_row_of_any_length_goes_by_where_nothing_is_masked(rules: Callable[[str], Path]) -> None:
    """A value of 300 MB is never held."""
    code, rows, _ = measured(rules("keep"), iter([COPY, b"1\tMario\t", *[MEGABYTE] * 300, b"\n\\.\n"]))
    assert (code, rows) == (0, "1")


@pytest.mark.parametrize("where", [COPY + b"1\tMario\t", HEAD + b"INSERT INTO public.t VALUES (1, 'Mario', '"])
def test_a_row_that_is_too_long_to_be_masked_is_refused(where: bytes, rules: Callable[[str], Path]) -> None:
    """Masks take many times as much memory as what they mask; 64 MiB is the end."""
    code, _, said = measured(rules("city"), iter([where, *[MEGABYTE] * 100]))
    assert code == 1
    assert "is longer than 64 MiB" in said


@pytest.fixture
def running(rules: Callable[[str], Path], tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts the program, and ends what is left of it."""
    started = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        key = tmp_path / "key"
        key.write_text("k" * 40)
        program = [sys.executable, "-c", "from understudy.cli import main; main()", "anonymize"]
        started.append(
            subprocess.Popen(
                [*program, "--policy", str(rules("city")), "--key-file", str(key), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
        return started[-1]

    yield start
    for program in started:
        program.kill()
        program.wait()
        for pipe in (program.stdin, program.stdout, program.stderr):
            # what a program that is gone did not read is of no use to anybody
            with contextlib.suppress(OSError):
                pipe.close()


def held_open(told: threading.Event) -> Iterator[bytes]:
    """A dump of which enough comes for an output to begin, and then nothing until it is told."""
    yield COPY
    for _ in range(40):
        yield ROWS
    told.wait(timeout=300)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_whoever_ends_it_finds_no_whole_output(
    number: signal.Signals, code: int, running: Callable[..., subprocess.Popen[bytes]]
) -> None:
    """In the middle of a table: an exit code that says so, no traceback, and an output without its end."""
    program, told = running(), threading.Event()
    assert program.stdin
    assert program.stdout
    thread = written(program.stdin, held_open(told))
    begun = program.stdout.read(2**20)
    program.send_signal(number)
    rest = program.stdout.read()
    assert program.wait(timeout=60) == code
    told.set()
    thread.join()
    assert program.stderr
    said = program.stderr.read()
    assert b"Traceback" not in said
    assert begun.startswith(b"BEGIN;\n")
    assert b"this dump is incomplete" in rest
    assert b"COMMIT" not in rest


def test_a_file_that_is_not_whole_does_not_appear(
    running: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """SIGTERM in the middle: neither the file nor what was to become it is left."""
    folder = tmp_path / "out"
    folder.mkdir()
    program, told = running("--output", str(folder / "masked.sql")), threading.Event()
    assert program.stdin
    thread = written(program.stdin, held_open(told))
    while not any(path.stat().st_size for path in folder.iterdir()):
        assert program.poll() is None
        told.wait(0.05)
    program.terminate()
    assert program.wait(timeout=60) == 143
    told.set()
    thread.join()
    assert not list(folder.iterdir())


def test_a_reader_that_has_enough_ends_it(running: Callable[..., subprocess.Popen[bytes]]) -> None:
    """`| head`: exit code 1, and nothing said."""
    program, told = running(), threading.Event()
    assert program.stdin
    assert program.stdout
    assert program.stderr
    told.set()
    thread = written(program.stdin, held_open(told))
    program.stdout.read(100)
    program.stdout.close()
    assert program.stderr.read() == b""
    assert program.wait(timeout=60) == 1
    thread.join()
