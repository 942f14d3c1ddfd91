"""The mask `address`."""

from __future__ import annotations

from collections.abc import Callable

Masked = Callable[..., list[str | None]]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["Via Garibaldi 12", "Corso Francia 3 bis"]
    expected = ["Via Muriagnaro 403", "Piazza Agostinerli 568"]
    assert masked("address", values) == expected


def test_the_number_stands_where_the_locale_has_it(masked: Masked) -> None:
    """Behind the street in Italy, before it in America."""
    assert str(masked("address", ["x"], locale="it_IT")[0])[-1].isdigit()
    assert str(masked("address", ["x"], locale="en_US")[0])[0].isdigit()
