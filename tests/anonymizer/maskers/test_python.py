"""The mask `python`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from anonymizer.errors import PolicyError
from anonymizer.maskers import Masker
from anonymizer.maskers.python import FunctionFailed

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]

MODULE = """
def upper(values, suffix=""):
    return values.str.to_uppercase() + suffix

def tagged(values, digests):
    return digests.str.slice(0, 8)

def broken(values):
    raise ValueError(values[0])

def short(values):
    return values.head(1)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A team's own module, importable."""
    (tmp_path / "our_masks.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "our_masks", ModuleType("our_masks"))
    del sys.modules["our_masks"]
    return "our_masks"


def test_a_function_is_called_with_all_values(masked: Masked, module: str) -> None:
    """And with its arguments; NULL and the empty string never reach it."""
    options = {"function": f"{module}:upper", "args": {"suffix": "!"}}
    assert masked("python", ["a", None, "", "b"], options) == ["A!", None, "", "B!"]


def test_digests_are_handed_over_on_demand(masked: Masked, module: str) -> None:
    """Keyed, so that the function can choose without a key of its own. Pinned."""
    assert masked("python", ["a", "b"], {"function": f"{module}:tagged"}) == ["a56e2404", "f209c0c2"]


@pytest.mark.parametrize("name", ["broken", "short"])
def test_a_failure_repeats_no_value(masked: Masked, module: str, name: str) -> None:
    """Whatever the function raises or returns."""
    with pytest.raises(FunctionFailed) as caught:
        masked("python", ["Maria", "Anna"], {"function": f"{module}:{name}"})
    assert "Maria" not in str(caught.value)
    assert name in str(caught.value)


def test_a_function_must_be_there(masker: Made, module: str) -> None:
    """Refused when the policy is read, not in the middle of a clone."""
    for path in ("no_such_module:f", f"{module}:nothing", "nocolon", f"{module}:MODULE"):
        with pytest.raises(PolicyError):
            masker("python", {"function": path})


def test_the_team_promises(masker: Made, module: str) -> None:
    """Whether different values stay different is theirs to say."""
    assert not masker("python", {"function": f"{module}:upper"}).injective
    assert masker("python", {"function": f"{module}:upper", "injective": True}).injective
