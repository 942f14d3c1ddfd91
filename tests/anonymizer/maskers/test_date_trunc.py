"""The mask `date_trunc`."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from anonymizer.errors import PolicyError
from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["2024-05-17 08:31:59.25+00", "infinity"]
    expected = ["2024-05-01 00:00:00+00", "infinity"]
    assert masked("date_trunc", values, {"unit": "month"}, kind="time", base="timestamptz") == expected


@pytest.mark.parametrize("unit", ["year", "quarter", "month", "week", "day", "hour", "minute", "second"])
def test_as_postgres_truncates(masked: Masked, database: str, unit: str) -> None:
    """The server's own date_trunc, an independent judge, gives the same for every unit."""
    values = ["2024-05-17 08:31:59.25+00", "2024-12-30 23:59:59.999999+00", "1999-01-01 00:00:00+00", "infinity"]
    with psycopg.connect(database) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        query = "SELECT date_trunc(%s, v::timestamptz)::text FROM unnest(%s::text[]) v"
        wanted = [row[0] for row in connection.execute(query, (unit, values))]
    assert masked("date_trunc", values, {"unit": unit}, kind="time", base="timestamptz") == wanted


def test_a_unit_is_one_of_eight(masker: Made) -> None:
    """Anything else is refused with a list."""
    with pytest.raises(PolicyError, match="knows no unit"):
        masker("date_trunc", {"unit": "decade"})
