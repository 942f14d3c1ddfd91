"""Values of rows on a terminal: whatever is in them, they do nothing to it, and they go nowhere else."""

from __future__ import annotations

import sys

from rich.cells import cell_len, chop_cells

from understudy.errors import RefusedError


class NotATerminal(RefusedError):
    """unmasked values are shown on a terminal only"""


def require_terminal() -> None:
    """Refuse where standard output is a file or a pipe: that may be a log.

    Raises:
        NotATerminal: it is.
    """
    if not sys.stdout.isatty():
        raise NotATerminal(
            detail="Standard output is no terminal, and whatever else it is may be kept.",
            hint="Run it in a terminal, or say --json for what it would show without the values.",
        )


def harmless(text: str) -> str:
    r"""A text in which every character that a terminal may act on, or that cannot be seen, is written as `\x1b` is.

    Control characters, marks of direction, separators of lines, and what has no width: a value must not move the
    cursor, set the clipboard, or pass for another.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def cut(text: str, cells: int) -> str:
    """A text in no more columns of a terminal than these; what is cut ends in an ellipsis."""
    if cell_len(text) <= cells:
        return text
    return chop_cells(text[: cells * 4], max(1, cells - 1))[0] + "…"
