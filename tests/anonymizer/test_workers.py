"""Workers: handed jobs, ended with us, and silent about what they see."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from anonymizer import endpoint
from anonymizer.errors import AnonymizerError
from anonymizer.identifiers import TableName
from anonymizer.keys import Key
from anonymizer.maskers import Mask
from anonymizer.pipeline import Chunk
from anonymizer.plan import ColumnPlan
from anonymizer.workers import Context, Pool, WorkerDied

NOWHERE = Context(
    endpoint.source("postgresql://u@127.0.0.1:1/x", "nowhere"),
    endpoint.target("postgresql://u@127.0.0.1:1/x", "nowhere"),
    Key(b"canary-key-0123456789abcdef-0123456789"),
    "/bin/false",
    "en_US",
    "utf-8",
)


def chunk(name: str) -> Chunk:
    return Chunk("", TableName("public", name), (ColumnPlan("a", Mask("email")),))


def test_the_first_error_of_a_job_is_the_pools(capfd: pytest.CaptureFixture[str]) -> None:
    """Whole, with detail and hint, as it was raised in the worker; nothing is printed."""
    with Pool(NOWHERE, 2) as pool, pytest.raises(AnonymizerError) as raised:
        pool.run([chunk("a"), chunk("b"), chunk("c")], lambda *_: None)
    assert raised.value.detail
    assert raised.value.message
    assert "".join(capfd.readouterr()) == ""


def test_no_more_workers_are_started_than_there_are_jobs() -> None:
    """A process costs half a second and fifty megabytes."""
    with Pool(NOWHERE, 8) as pool:
        with pytest.raises(AnonymizerError):
            pool.run([chunk("a")], lambda *_: None)
        assert len(pool._all) == 1


def test_a_pool_that_is_left_leaves_nobody_behind() -> None:
    """In the middle of a job or not."""
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with Pool(NOWHERE, 2) as pool, pytest.raises(AnonymizerError):
        pool.run([chunk("a"), chunk("b")], lambda *_: None)
    after = {child.pid for child in psutil.Process().children(recursive=True)}
    assert after <= before


def test_a_worker_that_is_killed_is_said_to_have_died() -> None:
    """As the kernel does when memory is short."""
    slow = Context(NOWHERE.source, NOWHERE.target, NOWHERE.key, sys.executable, "en_US", "utf-8")
    with Pool(slow, 1) as pool:
        worker = pool._start()
        pool._idle.append(worker)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(10)
        with pytest.raises(WorkerDied, match="ended unexpectedly") as raised:
            pool.run([chunk("a")], lambda *_: None)
    assert "-9" in str(raised.value)


def test_a_worker_ends_when_whoever_started_it_is_gone() -> None:
    """Killed without a word: its input ends, and so does it."""
    program = (
        "import sys, time, pickle, subprocess;"
        "w = subprocess.Popen([sys.executable, '-m', 'anonymizer.workers'], stdin=subprocess.PIPE);"
        "print(w.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        parent.wait(10)
    gone, _ = psutil.wait_procs([worker], timeout=20)
    assert gone
