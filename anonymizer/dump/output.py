r"""Where a masked dump goes: nothing until the policy is known to fit, and never a part that passes for the whole.

The masked dump is one transaction: BEGIN stands before its first statement (behind \connect, if there is one), and
COMMIT is its last line. So a part of it loads to nothing, whatever made it a part and whatever psql was told: a
refusal, a full disk, a killed filter. See docs/adr/0071.
"""

from __future__ import annotations

import contextlib
from typing import IO

_SPOILED = b"""
-- understudy refused what follows, so this dump is incomplete.
DO $understudy$ BEGIN RAISE EXCEPTION 'this dump is incomplete: understudy anonymize ended with an error'; \
END $understudy$;
"""
_BEGIN, _COMMIT = b"BEGIN;\n", b"\nCOMMIT;\n"


class Output:
    """Writes to a stream; holds back what comes before the first row, and what comes behind the last line."""

    def __init__(self, stream: IO[bytes], *, transaction: bool = True) -> None:
        """Takes the stream, and whether to write a transaction."""
        self._stream = stream
        self._held: list[bytes] | None = []
        self._transaction = transaction
        self._first: int | None = None
        self._began = False
        self.released = False
        self._torn = False
        self.in_rows = False

    def write(self, text: bytes) -> None:
        """Write, or keep for `release`."""
        if self._held is None:
            self._torn = True
            self._stream.write(text)
            self._torn = False
        else:
            self._held.append(text)

    def statement(self, text: bytes) -> None:
        """Write a statement, or its beginning; the first one begins the transaction."""
        if self._transaction and not self._began and self._first is None:
            if self._held is None:
                self._stream.write(_BEGIN)
                self._began = True
            else:
                self._first = len(self._held)
        self.write(text)

    def connect(self, text: bytes) -> None:
        """Write a command that goes on to another database: no transaction may be open there."""
        self._first = None
        self.write(text)

    def hold(self) -> None:
        """Keep what follows until it is known that the dump ends there (`finish`), or goes on (`resume`)."""
        if self._held is None:
            self._held = []

    def resume(self) -> None:
        """Write what `hold` kept: another dump follows."""
        if self.released:
            self.release()

    def release(self) -> None:
        """Write what was held back, and hold back no more."""
        if self._held is None:
            return
        held, self._held = self._held, None
        if self._first is not None:
            held.insert(self._first, _BEGIN)
            self._first, self._began = None, True
        self.released = True
        self._stream.write(b"".join(held))

    def finish(self) -> None:
        """Write whatever is left, and that it is all."""
        self.release()
        if self._began:
            self._stream.write(_COMMIT)
        self._stream.flush()

    def spoil(self) -> None:
        """End an output that will not be whole with a statement that fails."""
        if self.released:
            with contextlib.suppress(BrokenPipeError):
                # a signal may have come in the middle of a row
                end = (b"\n" if self._torn else b"") + b"\\.\n" if self.in_rows else b";"
                self._stream.write(end + _SPOILED)
                self._stream.flush()
