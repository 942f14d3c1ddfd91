"""How many users, and how many of each kind, so that the figures of the first users come out to the printed decimal.

Of 18 users 5 finish the onboarding (27.8 %), 13 are inactive (72.2 %) and 3 are power users (16.7 %): so users come in
blocks of 18. How many began and how many finished within a day are then the whole numbers nearest to 48 % and 94.4 %,
and a number of blocks where the nearest is not near enough is passed over for its neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass

from understudy.demo.errors import TooSmallError

BLOCK = 18
COMPLETED, POWER, CASUAL = 5, 3, 2
"""Of a block: who finished the onboarding; who are power users; who are active without being one."""

ROWS_PER_USER = 24.0
"""Rows of all tables for one user, as this generator makes them."""

EVENTS_PER_USER = 12
SMALLEST_ROWS = 12_000


@dataclass(frozen=True)
class Size:
    """The whole numbers that everything else follows from."""

    blocks: int
    began: int
    within_24h: int

    @property
    def users(self) -> int:
        """All users."""
        return self.blocks * BLOCK

    @property
    def completed(self) -> int:
        """Users who finished the onboarding."""
        return self.blocks * COMPLETED

    @property
    def events(self) -> int:
        """Rows of analytics_events; a multiple of 100, so that shares of them are whole."""
        return round(self.users * EVENTS_PER_USER / 0.95 / 100) * 100

    @property
    def audit_rows(self) -> int:
        """Rows of security_audit_logs."""
        return self.users * 2


def size_for(rows: int) -> Size:
    """The size whose tables hold about that many rows together.

    Raises:
        TooSmallError: so few users cannot show the figures.
    """
    if rows < SMALLEST_ROWS:
        raise TooSmallError(
            f"a production of {rows} rows is too small",
            detail=f"With fewer than {SMALLEST_ROWS} rows the business figures cannot come out to the decimal.",
            hint=f"Ask for --rows {SMALLEST_ROWS} or more.",
        )
    wanted = round(rows / ROWS_PER_USER / BLOCK)
    nearby = (wanted + step for distance in range(wanted) for step in (distance, -distance))
    return next(size for size in map(_with_blocks, nearby) if size is not None)


def _with_blocks(blocks: int) -> Size | None:
    completed = blocks * COMPLETED
    began, within = round(completed / 0.48), round(completed * 17 / 18)
    exact = round(100 * completed / began, 1) == 48.0 and round(100 * within / completed, 1) == 94.4
    return Size(blocks, began, within) if exact else None
