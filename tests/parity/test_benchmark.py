"""`python -m benchmarks parity` fails by itself where it is beyond its goals."""

from __future__ import annotations

import pytest

from benchmarks import __main__, parity


def test_a_figure_beyond_its_goal_is_named() -> None:
    """Half a second for the catalog witness and two for the whole; what is within them is not spoken of."""
    assert parity.GOALS == {parity.WITNESS: 0.5, parity.WHOLE: 2.0}
    assert parity.beyond_goals({parity.WITNESS: 0.49, parity.WHOLE: 1.99, "migra": 60.0}) == []
    said = parity.beyond_goals({parity.WITNESS: 0.51, parity.WHOLE: 1.0})
    assert said == ["catalog witness, both sides read and compared took 0.51 s, and may take 0.5 s"]


def test_the_program_ends_with_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, with the figure on standard error; 0 where all goals hold, 2 for a name that is none."""

    def beyond() -> None:
        raise SystemExit("it took too long")

    monkeypatch.setattr(parity, "main", beyond)
    assert __main__.main(["parity"]) == 1
    assert capsys.readouterr().err == "error: it took too long\n"
    monkeypatch.setattr(parity, "main", lambda: None)
    assert __main__.main(["parity"]) == 0
    assert __main__.main(["nothing"]) == 2
