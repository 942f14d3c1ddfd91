"""The mask `date_shift`."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest

from anonymizer.errors import PolicyError
from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["2024-05-17 08:31:59+00", "2024-05-20 08:31:59+00", "2024-05-20 08:31:59+00"]
    expected = ["2024-06-13 08:31:59+00", "2024-06-16 08:31:59+00", "2024-05-22 08:31:59+00"]
    assert (
        masked(
            "date_shift",
            values,
            {"subject": "user_id", "days": 30},
            kind="time",
            base="timestamptz",
            row={"originals": {"user_id": ["7", "7", "8"]}, "masked": {}},
        )
        == expected
    )


def test_intervals_survive(masked: Masked) -> None:
    """Of one subject all dates move alike, in any column of the join domain, dates and timestamps."""
    values = ["2024-02-28", "2024-03-01", "2023-12-31"]
    row = {"originals": {"user_id": ["7", "7", "7"]}}
    out = masked("date_shift", values, {"subject": "user_id"}, kind="time", base="date", row=row)
    moved = [datetime.date.fromisoformat(str(text)) for text in out]
    were = [datetime.date.fromisoformat(text) for text in values]
    assert len({after - before for after, before in zip(moved, were, strict=True)}) == 1
    assert moved != were
    stamp = masked("date_shift", ["2024-02-28 01:02:03"], {"subject": "id"}, row={"originals": {"id": ["7"]}})
    assert str(stamp[0]).split()[0] == out[0]


def test_never_by_nothing_and_never_too_far(masked: Masked) -> None:
    """A thousand subjects, and none stays where it was."""
    row = {"originals": {"id": [str(n) for n in range(1000)]}}
    out = masked("date_shift", ["2024-01-01"] * 1000, {"subject": "id", "days": 2}, row=row)
    assert set(out) == {"2023-12-30", "2023-12-31", "2024-01-02", "2024-01-03"}


def test_the_ends_of_the_calendar(masked: Masked) -> None:
    """9999-12-31 moves backwards, infinity stays, a date before Christ becomes its year's first."""
    values = ["9999-12-31", "infinity", "0044-03-15 BC", "0001-01-01"]
    out = masked("date_shift", values, {"subject": "id"}, kind="time", row={"originals": {"id": ["7"] * 4}})
    assert str(out[0]) < "9999-12-31"
    assert out[1:3] == ["infinity", "0044-01-01 BC"]
    assert str(out[3]) > "0001-01-01"


def test_a_subject_is_needed(masker: Made) -> None:
    """And a type that can move, and some days."""
    with pytest.raises(PolicyError, match="needs the option 'subject'"):
        masker("date_shift")
    with pytest.raises(PolicyError, match="days"):
        masker("date_shift", {"subject": "id", "days": 0})
    assert masker("date_shift", {"subject": "id"}, kind="time", base="interval").objection()
    assert masker("date_shift", {"subject": "id"}).needs == ("id",)
