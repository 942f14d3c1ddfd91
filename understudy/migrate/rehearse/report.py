"""The rehearsal as one self-contained HTML page."""

from __future__ import annotations

from pathlib import Path

import jinja2
from markupsafe import Markup

from understudy import __version__
from understudy.migrate.lint.sizes import human
from understudy.migrate.rehearse.model import Act, Rehearsal, Run
from understudy.migrate.rehearse.picture import COLOURS, NO_LOCK, lanes, timeline

_WORDS = {
    "AccessExclusiveLock": "ACCESS EXCLUSIVE",
    "ExclusiveLock": "EXCLUSIVE",
    "ShareRowExclusiveLock": "SHARE ROW EXCLUSIVE",
    "ShareLock": "SHARE",
    "ShareUpdateExclusiveLock": "SHARE UPDATE EXCLUSIVE",
    "RowExclusiveLock": "ROW EXCLUSIVE",
    "RowShareLock": "ROW SHARE",
    "AccessShareLock": "ACCESS SHARE",
}
_STOPS = {
    "AccessExclusiveLock": "stops readers and writers",
    "ShareRowExclusiveLock": "stops writers",
    "ShareLock": "stops writers",
    "ShareUpdateExclusiveLock": "stops other changes of the schema",
    "RowExclusiveLock": "an ordinary write",
}


_WEAK = ("AccessShareLock", "RowShareLock", "RowExclusiveLock")
"""Locks of ordinary reads and writes: which tables they are on matters little."""


def lock_lines(act: Act) -> list[tuple[str, str, bool]]:
    """The locks of a statement for its table: the mode, what it is on, and whether it took it itself.

    Ordinary reads and writes are counted and not listed, and left out where an earlier statement took them.
    """
    lines = []
    for mode in _WORDS:
        for taken in (True, False):
            tables = [name for name, held in act.locks.items() if held == mode and (name in act.taken) is taken]
            if not tables or (mode in _WEAK and not taken):
                continue
            many = mode in _WEAK and len(tables) > 1
            lines.append((lock_words(mode), f"{len(tables)} tables" if many else ", ".join(tables), taken))
    return lines


def lock_words(mode: str) -> str:
    """`AccessExclusiveLock` as the manual writes it."""
    return _WORDS.get(mode, mode)


def write_report(rehearsal: Rehearsal, path: Path) -> None:
    """Write the page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"human": human, "locks": lock_lines, "ms": lambda value: f"{value:,.0f}"}
    environment.filters |= {"shown": lambda run: lanes(run)[0], "brief": lambda run: lanes(run)[1]}

    def picture(run: Run) -> Markup:
        return Markup(timeline(run, rehearsal.pulses))  # noqa: S704 - it escapes its own words

    legend = [(COLOURS[mode], lock_words(mode), stops) for mode, stops in _STOPS.items()]
    legend.append((NO_LOCK, "none, or an ordinary read", ""))
    page = environment.get_template("report.html").render(
        r=rehearsal, picture=picture, legend=legend, version=__version__
    )
    path.write_text(page, encoding="utf-8")
