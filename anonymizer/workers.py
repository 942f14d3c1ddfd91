"""Worker processes: each is handed jobs one after another and sends back progress and results.

Threads in one process fight over the interpreter, so a worker is a process. It is started as a program of its own and
spoken to by its pipes: if we are killed, its input ends, and so does it; nothing of a dead clone goes on working.
A job is a value that any process can be handed, with no state of its parent.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import polars as pl

from anonymizer.endpoint import Endpoint
from anonymizer.errors import AnonymizerError
from anonymizer.keys import Key

Report = Callable[[str, int, int], None]
"""Called with a table's name, and how many rows and bytes came since the last call."""


@dataclass(frozen=True)
class Context:
    """What all jobs of a run share.

    Attributes:
        psql: the path of the program that reads the source.
        codec: Python's name of the source's encoding.
    """

    source: Endpoint
    target: Endpoint
    key: Key
    psql: str
    locale: str
    codec: str


class Job(Protocol):
    """A piece of work: a value that can be sent to another process."""

    def run(self, context: Context, report: Report) -> Any:
        """Do it."""


class WorkerDied(AnonymizerError):
    """a worker process ended unexpectedly"""


class Pool:
    """A few workers. Use it in a `with` block: leaving it ends them, in the middle of a job if need be."""

    def __init__(self, context: Context, size: int) -> None:
        """Remembers what to start; a worker starts with its first job."""
        self._context = context
        self._threads = ThreadPoolExecutor(size)
        self._idle: list[subprocess.Popen[bytes]] = []
        self._all: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            workers = list(self._all)
        for worker in workers:
            # by the process itself, never by name: another clone's workers look the same
            worker.kill()
        self._threads.shutdown(cancel_futures=True)
        for worker in workers:
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe:
                    with contextlib.suppress(OSError):
                        pipe.close()

    def run(self, jobs: Sequence[Job], report: Report) -> list[Any]:
        """The results of all jobs, in their order.

        Raises:
            AnonymizerError: the first error of any job; those that have not begun are not begun.
        """
        futures = [self._threads.submit(self._one, job, report) for job in jobs]
        for finished in _as_completed(futures):
            if error := finished.exception():
                for future in futures:
                    future.cancel()
                raise error
        return [future.result() for future in futures]

    def _one(self, job: Job, report: Report) -> Any:
        with self._lock:
            worker = self._idle.pop() if self._idle else self._start()
        for kind, payload in _converse(worker, job):
            if kind == "progress":
                report(*payload)
            else:
                with self._lock:
                    self._idle.append(worker)
                if kind == "error":
                    raise payload
                return payload
        raise WorkerDied(
            detail=f"It ended with status {worker.wait()}.",
            hint="The machine may be short of memory; fewer --jobs need less.",
        )

    def _start(self) -> subprocess.Popen[bytes]:
        # Polars starts a thread for each core in every worker unless told otherwise; the workers are the threads.
        environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
        environment.pop("UNDERSTUDY_KEY", None)
        worker = subprocess.Popen(
            [sys.executable, "-m", "anonymizer.workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self._all.append(worker)
        assert worker.stdin  # noqa: S101 - asked for above
        with contextlib.suppress(BrokenPipeError):
            pickle.dump(self._context, worker.stdin)
            worker.stdin.flush()
        return worker


def _as_completed(futures: Iterable[Future[Any]]) -> Iterator[Future[Any]]:
    """Futures as they end; interrupted at once by Ctrl-C, which a plain wait would put off."""
    pending = set(futures)
    while pending:
        done, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
        yield from done


def _converse(worker: subprocess.Popen[bytes], job: Job) -> Iterator[tuple[str, Any]]:
    """Hand a worker a job, and read what it says until it is done or dead."""
    assert worker.stdin  # noqa: S101 - opened in _start
    assert worker.stdout  # noqa: S101 - opened in _start
    with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError, ValueError):
        pickle.dump(job, worker.stdin)
        worker.stdin.flush()
        while True:
            yield pickle.load(worker.stdout)  # noqa: S301 - our own process's pipe


def _serve() -> None:
    """A worker's life: read the context, then jobs, until the input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the answers
    jobs: Iterator[Any] = _read(sys.stdin.buffer)
    context = next(jobs, None)
    # From here on rows are seen, and what Polars' native code prints when it panics may be one of them.
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        os.dup2(nowhere.fileno(), 1)
    lock = threading.Lock()

    def answer(kind: str, payload: Any) -> None:
        with lock:
            pickle.dump((kind, payload), answers)
            answers.flush()

    # Opening JSON makes millions of small containers, none of them in a cycle; looking for cycles among them took
    # half of the time.
    gc.disable()
    for job in jobs:
        give_back()
        try:
            result = job.run(context, lambda *progress: answer("progress", progress))
        except AnonymizerError as error:
            answer("error", error)
        except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001 - whatever it is must reach the parent; its text may hold a value
            kind = type(error).__name__
            answer("error", AnonymizerError(detail=f"A {kind} in a worker at {_where(error)}."))
        else:
            answer("result", result)


def give_back() -> None:
    """What is no longer used goes back to the system. glibc would keep it, and the next job needs other sizes."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # another C library has no such function
        ctypes.CDLL(None).malloc_trim(0)


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "an unknown place"


def _read(pipe: IO[bytes]) -> Iterator[Any]:
    """What the parent sends. A thread waits for it, so that the end of the parent ends us in the middle of a job."""
    import queue

    received: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def listen() -> None:
        try:
            while True:
                received.put(pickle.load(pipe))  # noqa: S301 - our parent's pipe
        except (EOFError, OSError, pickle.UnpicklingError):
            os._exit(1)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        yield received.get()


if __name__ == "__main__":
    try:
        # The class that jobs are pickled against is that of the package, not of this program's __main__.
        from anonymizer import workers

        workers._serve()
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(1)
