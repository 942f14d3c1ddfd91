"""The report: everything it is given is in it, nothing of it is loaded or executed, and a bad clone looks bad."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from understudy.demo.figures import Figure, Figures, Step
from understudy.demo.plot import LEFT, RIGHT, Pair, paired_bars, round_up
from understudy.demo.report import (
    CheckedColumn,
    ClonedTable,
    LeakCheck,
    ReportInput,
    SchemaDifference,
    SchemaParity,
    render,
    write,
)

HOSTILE = """<script>alert('x')</script>"><img src=x onerror=alert(1)>&amp;{{ 7 * 7 }}"""

FIGURES = Figures(
    (
        Figure("onboarding conversion", Decimal(5), 18, Decimal("27.78"), "%"),
        Figure("average completion time", Decimal("17.0"), 5, Decimal("3.40"), "h"),
    ),
    (Step(1, "profile", 10, 8, Decimal("80.00"), Decimal("44.44")),),
)

GOOD = ReportInput(
    made=datetime(2025, 6, 30, 18, 0, tzinfo=UTC),
    source="embedded:demo_production",
    target="embedded:demo_staging",
    server="PostgreSQL 18",
    version="0.1.0",
    tables=[
        ClonedTable("public.users", 8334, 5_200_000, 2.0, [("id", "keep"), ("email", "email"), ("notes", "text")]),
        ClonedTable("public.audit", 0, 0, 0.0, [], dropped=True),
    ],
    leaks=LeakCheck([CheckedColumn("public.users", "email", "email", 8334, 0, 3)], 8334, 63),
    parity=SchemaParity("same", (469, 469), notes=["Not compared: the journal."]),
    source_figures=FIGURES,
    target_figures=FIGURES,
    seconds={"load": 4.0, "verify": 1.5},
    attestation={"file": "/home/me/attestation.json", "key's fingerprint": "871592265e13a2c7"},
    left_out=["2 large objects"],
)


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._style = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.elements.append((tag, dict(attrs)))
        self._style = tag == "style"

    def handle_data(self, data: str) -> None:
        """Text, or the style sheet."""
        if not self._style:
            self.text += " " + " ".join(data.split())
        self._style = False


def hostile() -> ReportInput:
    """A report in which every text that comes from a database is an attack."""
    figures = Figures(
        (Figure(HOSTILE, Decimal(1), 2, Decimal(50), "%"),), (Step(1, HOSTILE, 2, 1, Decimal(50), Decimal(50)),)
    )
    return dataclasses.replace(
        GOOD,
        source=HOSTILE,
        target=HOSTILE,
        server=HOSTILE,
        tables=[ClonedTable(HOSTILE, 1, 1, 1.0, [(HOSTILE, HOSTILE), (HOSTILE, "keep")])],
        leaks=LeakCheck([CheckedColumn(HOSTILE, HOSTILE, HOSTILE, 2, 1, 1)], 2, 1, [HOSTILE]),
        parity=SchemaParity("differ", (1, 2), [SchemaDifference(*[HOSTILE] * 5)], [HOSTILE]),
        source_figures=figures,
        target_figures=figures,
        seconds={HOSTILE: 1.0},
        attestation={HOSTILE: HOSTILE},
        left_out=[HOSTILE],
    )


@pytest.mark.parametrize("given", [GOOD, hostile()], ids=["good", "hostile"])
def test_nothing_is_loaded_and_nothing_runs(given: ReportInput) -> None:
    """No script, no image, no address of another place, no event handler; and the page forbids them itself."""
    html = render(given)
    page = Page(html)
    assert not {tag for tag, _ in page.elements} & {"script", "img", "link", "iframe", "object", "embed", "base", "use"}
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "action", "xlink:href")]
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"url\(|@import|https?://", html)
    assert (
        "meta",
        {"http-equiv": "Content-Security-Policy", "content": "default-src 'none'; style-src 'unsafe-inline'"},
    ) in (page.elements)


def test_a_hostile_name_is_shown_as_it_is() -> None:
    """Every text of the database appears as text, neither executed nor interpreted by the template."""
    assert " ".join(HOSTILE.split()) in " ".join(Page(render(hostile())).text.split())
    assert "49" not in Page(render(hostile())).text.replace("&amp;", "")


def test_what_was_done_is_in_it() -> None:
    """Tables with rows, bytes and rate, columns with their masks, checks, figures of both sides, times, attestation."""
    text = Page(render(GOOD)).text
    for said in (
        "Staging knows the part",
        "embedded:demo_production",
        "embedded:demo_staging",
        "30 June 2025, 18:00 UTC",
        "8,334",
        "5.2 MB",
        "4,167",
        "email",
        "kept:",
        "rows dropped, structure only",
        "No original value survives",
        "63 constraints",
        "The two schemas are the same",
        "Not compared: the journal.",
        "onboarding conversion",
        "27.8 %",
        "3.4 h",
        "= equal",
        "1 profile",
        "4.0 s",
        "871592265e13a2c7",
        "2 large objects",
    ):
        assert said in text, said
    assert "not proven" not in text
    assert GOOD.proven


LEAKING = LeakCheck([CheckedColumn("public.users", "email", "email", 8334, 2, 0)], 8334, 63, ["2 values survive"])
MOVED = Figures((dataclasses.replace(FIGURES.figures[0], part=Decimal(6)), *FIGURES.figures[1:]), FIGURES.funnel)
OTHER_FUNNEL = Figures(FIGURES.figures, (dataclasses.replace(FIGURES.funnel[0], finished=7),))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"leaks": LEAKING}, "2 original values survive"),
        ({"leaks": LeakCheck([], 1, 1, ["a constraint is missing"])}, "a constraint is missing"),
        (
            {
                "parity": SchemaParity(
                    "differ", (3, 2), [SchemaDifference("table", "public.t", "presence", "present", "–")]
                )
            },
            "public.t",
        ),
        ({"parity": SchemaParity("cannot tell", (3, 2))}, "could not be compared"),
        ({"target_figures": MOVED}, "≠ differs"),
        ({"target_figures": OTHER_FUNNEL}, "≠ differs"),
        ({"target_figures": Figures((), ())}, "missing"),
    ],
)
def test_a_clone_that_is_not_proven_says_so_at_the_top(change: dict[str, object], said: str) -> None:
    """One proof that does not hold is enough, and it is named; a count differs even where its rounding agrees."""
    given = dataclasses.replace(GOOD, **change)  # type: ignore[arg-type]
    text = Page(render(given)).text
    assert not given.proven
    assert "This clone is not proven" in text
    assert said in text


def test_a_report_without_figures_is_still_a_report() -> None:
    """An empty production has figures without values; nothing is divided by zero."""
    empty = Figures((Figure("onboarding conversion", Decimal(0), 0, None, "%"),), ())
    assert "–" in Page(render(dataclasses.replace(GOOD, source_figures=empty, target_figures=empty, seconds={}))).text


def test_the_file_is_written_whole(tmp_path: Path) -> None:
    """It replaces an older one, its folder is made, and nothing else is left behind."""
    path = tmp_path / "reports" / "demo.html"
    write(GOOD, path)
    write(GOOD, path)
    assert path.read_text().startswith("<!doctype html>")
    assert list(path.parent.iterdir()) == [path]


def test_the_length_of_a_bar_is_its_value() -> None:
    """Half the scale is half the width; what is beyond the scale ends at it; nothing has no length."""

    def pair(source: int | None, target: int | None) -> Pair:
        values = [None if value is None else Decimal(value) for value in (source, target)]
        return Pair("x", values[0], values[1], "", "", equal=True)

    plot = paired_bars("t", [pair(50, 100), pair(None, 150)], end=Decimal(100), unit=" %")
    assert [[bar.length for bar in row.bars] for row in plot.rows] == [
        [(RIGHT - LEFT) / 2, RIGHT - LEFT],
        [0, RIGHT - LEFT],
    ]
    assert [tick.text for tick in plot.ticks] == ["0 %", "25 %", "50 %", "75 %", "100 %"]


@pytest.mark.parametrize(
    ("value", "expected"), [("0", "1"), ("1", "1"), ("3.4", "4"), ("4823", "6000"), ("8.1", "10"), ("0.03", "0.04")]
)
def test_a_scale_ends_at_a_round_number(value: str, expected: str) -> None:
    """The next of 1, 2, 4, 6, 8, 10 times a power of ten."""
    assert round_up(Decimal(value)) == Decimal(expected)
