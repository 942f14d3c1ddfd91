"""The mask `faker`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import time_machine

from anonymizer.errors import PolicyError
from anonymizer.maskers import Masker
from anonymizer.maskers import faker as faker_module

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["red", "blue"]
    expected = ["MintCream", "SlateGray"]
    assert masked("faker", values, {"provider": "color_name"}) == expected


def test_any_provider_with_its_arguments(masked: Masked, masker: Made) -> None:
    """One that does not exist is refused with a hint."""
    (out,) = masked("faker", ["x"], {"provider": "pystr_format", "args": {"string_format": "##"}})
    assert str(out).isdigit()
    with pytest.raises(PolicyError, match="Faker cannot make"):
        masker("faker", {"provider": "no_such_thing"})


def test_the_pool_is_the_same_in_every_process() -> None:
    """Faker keeps some words in sets, whose order changes with Python's hash seed, and each worker has its own."""
    code = "from anonymizer.maskers.faker import _pool; print(_pool('it_IT', 'city', {})[:50])"
    pools = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(pools) == 1


def test_the_pool_is_the_same_on_every_day() -> None:
    """Dates, and identity numbers with a date of birth in them, are counted from a day that never changes."""
    for locale, provider in (("en_US", "iso8601"), ("en_US", "date_of_birth"), ("it_IT", "ssn"), ("sv_SE", "ssn")):
        with time_machine.travel(datetime(2031, 7, 1, tzinfo=UTC)):
            later = faker_module._sample(locale, provider, {}, 20)
        assert faker_module._sample(locale, provider, {}, 20) == later


def test_an_argument_may_be_a_list(masked: Masked) -> None:
    """As `random_element` wants it: a closed list of words."""
    words = ["draft", "active", "done"]
    out = masked("faker", [str(n) for n in range(60)], {"provider": "random_element", "args": {"elements": words}})
    assert set(out) == set(words)
