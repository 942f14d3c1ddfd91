"""The business figures as a database's own views report them; migrations/0008_business_figures.sql defines them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import psycopg

from understudy.demo.errors import DemoError
from understudy.postgres import connect


@dataclass(frozen=True)
class Figure:
    """One figure: value = part / whole, in percent or hours. Equal when the counts are, not just the rounding."""

    name: str
    part: Decimal
    whole: int
    value: Decimal | None
    unit: str

    @property
    def text(self) -> str:
        """For a person, to one decimal: `27.8 %`; a dash where there is nothing to divide by."""
        return "–" if self.value is None else f"{self.value:.1f} {self.unit}"


@dataclass(frozen=True)
class Step:
    """One step of the onboarding funnel: users who entered and who finished it, and the shares in percent."""

    number: int
    name: str
    entered: int
    finished: int
    conversion: Decimal | None
    of_users: Decimal | None


@dataclass(frozen=True)
class Figures:
    """All figures of one database."""

    figures: tuple[Figure, ...]
    funnel: tuple[Step, ...]


def figures(dsn: str) -> Figures:
    """Read the figures of a migrated database.

    Raises:
        DemoError: it lacks the views.
        UnreachableError: the server does not answer.
    """
    with connect(dsn) as connection:
        try:
            rows = connection.execute(
                "SELECT name, part, whole, value, unit FROM public.business_figures ORDER BY position"
            ).fetchall()
            steps = connection.execute(
                "SELECT step, name, entered, finished, conversion_percent, percent_of_users "
                "FROM public.onboarding_funnel ORDER BY step"
            ).fetchall()
        except psycopg.errors.UndefinedTable:
            raise DemoError(
                "the database has no business figures",
                detail="The view business_figures is missing.",
                hint="Run `understudy migrate up` on it.",
            ) from None
    return Figures(tuple(Figure(*row) for row in rows), tuple(Step(*row) for row in steps))  # type: ignore[arg-type]
