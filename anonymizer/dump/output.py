"""Where a masked dump goes: nothing until the policy is known to fit, and never a part that looks whole."""

from __future__ import annotations

from typing import IO

_SPOILED = b"""
-- understudy refused what follows, so this dump is incomplete.
DO $understudy$ BEGIN RAISE EXCEPTION 'this dump is incomplete: understudy anonymize ended with an error'; \
END $understudy$;
"""


class Output:
    """Writes to a stream; holds back what comes before the first row."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Takes the stream."""
        self._stream = stream
        self._held: list[bytes] | None = []
        self.in_rows = False

    def write(self, text: bytes) -> None:
        """Write, or keep for `release`."""
        if self._held is None:
            self._stream.write(text)
        else:
            self._held.append(text)

    def release(self) -> None:
        """Write what was held back, and hold back no more."""
        if self._held is not None:
            held, self._held = self._held, None
            self._stream.write(b"".join(held))

    def finish(self) -> None:
        """Write whatever is left."""
        self.release()
        self._stream.flush()

    def spoil(self) -> None:
        """End an output that will not be whole so that loading it fails, in one transaction to nothing."""
        if self._held is None:
            self._stream.write((b"\\.\n" if self.in_rows else b";") + _SPOILED)
            self._stream.flush()
