"""What a verdict says beyond its answer: reasons, waivers, mending statements, and the formats it is printed in."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from psycopg.conninfo import make_conninfo
from rich.console import Console

from understudy.catalog import Impact
from understudy.cli.parity import show
from understudy.parity import Answer, Difference, Options, Verdict, compare, waivers
from understudy.parity.errors import WaiverError
from understudy.parity.formats import FORMATS
from understudy.parity.parity import MakeWorkshop
from understudy.postgres import Server, connect
from understudy.postgres.dsn import parameters

TODAY = datetime.date(2026, 11, 21)
LABELS = ("staging", "migrations <1>")

DIFFERENT = Verdict(
    Answer.DIFFER,
    [
        Difference("column public.t.a", "column", "type", "integer", "bigint", Impact.BREAKS),
        Difference("index public.i", "index", "presence", "present", "absent", Impact.PERFORMANCE, "CREATE INDEX <i>"),
        Difference("table public.t", "table", "comment", None, "50 %\nof", Impact.COSMETIC),
    ],
    reasons=["LEFT: one thing could not be read."],
    notes=["Not compared: owners."],
    versions=(18, 16),
    objects=(5, 6),
)

CHANGES = """
CREATE INDEX i ON t (id); CREATE UNIQUE INDEX j ON t (id) WHERE id > 5;
ALTER TABLE t ADD CONSTRAINT c CHECK (id > 0); ALTER TABLE t ADD CONSTRAINT r FOREIGN KEY (id) REFERENCES u;
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT 1'; ALTER FUNCTION g() IMMUTABLE;
ALTER FUNCTION g() SECURITY DEFINER; CREATE TRIGGER y AFTER INSERT ON t EXECUTE FUNCTION h();
ALTER TABLE t DISABLE TRIGGER x; ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;
COMMENT ON TABLE t IS 'it''s a \\ table'; COMMENT ON COLUMN t."Na me" IS 'x'; COMMENT ON TRIGGER x ON t IS 'x';
ALTER TABLE t ALTER "Na me" SET DEFAULT 'a'; ALTER TABLE t ALTER "Na me" SET STATISTICS 5;
ALTER TABLE t ALTER "Na me" SET STORAGE EXTERNAL; ALTER TABLE t ALTER n DROP NOT NULL; ALTER SEQUENCE s INCREMENT 5;
CREATE VIEW v AS SELECT id FROM t; ALTER TABLE t VALIDATE CONSTRAINT late
"""
BEFORE = """
CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE t (id int, "Na me" text, n int CONSTRAINT nn NOT NULL);
CREATE SEQUENCE s; CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION h() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION h();
ALTER TABLE t ADD CONSTRAINT late CHECK (id <> 7) NOT VALID
"""


def execute(dsn: str, text: str) -> str:
    with connect(dsn) as connection:
        connection.execute(text)
    return dsn


def test_a_mending_statement_mends(make_database: Callable[[], str]) -> None:
    """Run on LEFT, each statement takes its difference away; a difference without a safe statement has none."""
    left = execute(make_database(), BEFORE)
    right = execute(make_database(), BEFORE + ";" + CHANGES)
    before = compare(left, right).differences
    mended = {(d.key, d.attribute) for d in before if d.mend}
    assert len(mended) >= 20
    with connect(left) as connection:
        for difference in before:
            if difference.mend:
                connection.execute(difference.mend.encode())
    after = {(d.key, d.attribute): d for d in compare(left, right).differences}
    # what was added without validation is there, and only that is left to do
    assert {place for place in mended & after.keys() if after[place].attribute != "validated"} == set()
    assert all(d.attribute == "validated" for d in after.values()), after.values()


def test_no_statement_is_given_that_would_fail(make_database: Callable[[], str]) -> None:
    """A default here that is a generation expression there, and a constraint that nobody enforces, have none."""
    late = "c CHECK (id > 0)"
    left = execute(make_database(), f"CREATE TABLE t (id int, s text DEFAULT 'x', CONSTRAINT {late})")
    right = execute(
        make_database(), f"CREATE TABLE t (id int, s text GENERATED ALWAYS AS (id::text) STORED, CONSTRAINT {late})"
    )
    differences = {d.attribute: d for d in compare(left, right).differences}
    assert {"default", "generated"} <= differences.keys()
    assert differences["default"].mend is None
    with connect(left) as connection:
        if connection.info.server_version < 180000:
            return
        connection.execute("ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (id > 0) NOT ENFORCED")
    validated = next(d for d in compare(left, right).differences if d.attribute == "validated")
    assert validated.mend is None


def test_what_may_not_be_read_makes_it_cannot_tell(parity_server: Server, make_database: Callable[[], str]) -> None:
    """A role that may read neither the options of user mappings nor a table's rows gets no "same"."""
    text = (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR public SERVER s"
    )
    left, right = execute(make_database(), text), execute(make_database(), text)
    with parity_server.administer() as connection:
        connection.execute("ALTER ROLE parity_bob LOGIN PASSWORD 'invented'")
    blind = make_conninfo(**{**parameters(left), "user": "parity_bob", "password": "invented"})
    verdict = compare(blind, right)
    assert verdict.answer is Answer.CANNOT_TELL
    assert not verdict
    assert any(reason.startswith("LEFT: user mapping: option values") for reason in verdict.reasons)
    execute(left, "CREATE TABLE t (id int)")
    execute(right, "CREATE TABLE t (id int)")
    verdict = compare(blind, right)
    assert any("second witness could not be heard" in reason for reason in verdict.reasons)
    alone = compare(blind, right, Options(second_witness=False))
    assert not any("second witness" in reason for reason in alone.reasons)
    assert any(note.startswith("pg_dump was not heard") for note in alone.notes)


def test_a_subscription_that_may_not_be_read_makes_it_cannot_tell(
    parity_server: Server, make_database: Callable[[], str], make_workshop: MakeWorkshop
) -> None:
    """A role that may not read where a subscription goes to, nor dump it, gets the reason and no defect."""
    text = "CREATE SUBSCRIPTION s CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE)"
    left, right = execute(make_database(), text), execute(make_database(), text)
    try:
        with parity_server.administer() as connection:
            connection.execute("ALTER ROLE parity_bob LOGIN PASSWORD 'invented'")
        blind = make_conninfo(**{**parameters(left), "user": "parity_bob", "password": "invented"})
        verdict = compare(blind, right, make_workshop=make_workshop)
    finally:
        # a database that subscribes cannot be dropped
        for dsn in (left, right):
            execute(dsn, "DROP SUBSCRIPTION s")
    assert (verdict.answer, verdict.defects) == (Answer.CANNOT_TELL, [])
    assert any(reason.startswith("LEFT: subscription: connection") for reason in verdict.reasons)


def test_no_password_is_ever_shown(make_database: Callable[[], str]) -> None:
    """Options of a user mapping are compared and never printed."""
    text = (
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR public SERVER s"
    )
    left = execute(make_database(), text + " OPTIONS (password 'ocelot')")
    right = execute(make_database(), text + " OPTIONS (password 'margay')")
    verdict = compare(left, right)
    assert [(d.kind, d.attribute) for d in verdict.differences] == [("user mapping", "option values")]
    for render in FORMATS.values():
        assert "ocelot" not in render(verdict, LABELS)
        assert "margay" not in render(verdict, LABELS)


def test_databases_of_two_major_versions_are_compared_in_what_both_know(
    server: Server, make_database: Callable[[], str], make_workshop: MakeWorkshop
) -> None:
    """A schema is the same on two versions; a note says what only one of them knows."""
    text = (
        "CREATE TABLE t (id int PRIMARY KEY, s varchar(5) NOT NULL CHECK (s IN ('a', 'b'))); CREATE VIEW v AS TABLE t"
    )
    newer = execute(make_database(), text)
    with server.scratch(prefix="older") as older:
        execute(older, text)
        verdict = compare(older, newer, Options(database=False), make_workshop)
    assert verdict.answer is Answer.SAME, verdict
    if verdict.versions[0] != verdict.versions[1]:
        assert any("are compared in what both of them know" in note for note in verdict.notes)
        assert any("privileges and subscriptions rest on the catalogs alone" in note for note in verdict.notes)


# --- waivers


def write(folder: Path, text: str) -> Path:
    file = folder / "waivers.toml"
    file.write_text("version = 1\n" + text)
    return file


def entry(pattern: str, attribute: str = "*", expires: str = "2027-01-01") -> str:
    return f'[[waivers]]\nobject = "{pattern}"\nattribute = "{attribute}"\nreason = "agreed"\nexpires = {expires}\n'


def test_a_waiver_takes_a_difference_out(tmp_path: Path) -> None:
    """Waived differences no longer count, and are still listed as waived."""
    accepted = waivers.load(write(tmp_path, entry("index public.*", "presence")))
    verdict = waivers.apply(DIFFERENT, accepted, TODAY)
    assert [d.key for d in verdict.waived] == ["index public.i"]
    assert len(verdict.differences) == 2
    assert verdict.answer is Answer.DIFFER
    assert verdict.waivers == []


def test_with_every_difference_waived_it_is_the_same_unless_something_was_not_read(tmp_path: Path) -> None:
    """A waiver accepts a difference; it does not accept ignorance."""
    accepted = waivers.load(write(tmp_path, entry("*")))
    assert waivers.apply(DIFFERENT, accepted, TODAY).answer is Answer.CANNOT_TELL
    known = Verdict(Answer.DIFFER, DIFFERENT.differences)
    assert waivers.apply(known, accepted, TODAY).answer is Answer.SAME


def test_expired_and_unused_waivers_are_reported(tmp_path: Path) -> None:
    """An expired waiver waives nothing; one that covers nothing is said to be unused."""
    text = entry("index public.i", expires="2026-11-20") + entry("table public.gone")
    verdict = waivers.apply(DIFFERENT, waivers.load(write(tmp_path, text)), TODAY)
    assert len(verdict.differences) == 3
    assert "expired on 2026-11-20" in verdict.waivers[0]
    assert "table public.gone: * (agreed) is not used" in verdict.waivers[1]


def test_a_waiver_is_valid_through_its_last_day(tmp_path: Path) -> None:
    """`expires` is the last day on which it holds."""
    accepted = waivers.load(write(tmp_path, entry("*", expires="2026-11-21")))
    assert waivers.apply(DIFFERENT, accepted, TODAY).differences == []


@pytest.mark.parametrize(
    "text",
    [
        "[[waivers]]\nobject = 'x'\n",
        entry("x") + "colour = 'red'\n",
        entry("x").replace('"agreed"', '" "'),
        entry("x", expires="'2026-01-01'"),
        "[waivers]\n",
        "[[waiver]]\n",
        "= 1",
    ],
)
def test_a_bad_file_of_waivers_is_refused(tmp_path: Path, text: str) -> None:
    """A waiver without reason or expiry, or with something unknown, is no waiver."""
    with pytest.raises(WaiverError):
        waivers.load(write(tmp_path, text))


# --- formats


def test_json_has_every_difference_with_both_values() -> None:
    """docs/json.md's shape."""
    data = json.loads(FORMATS["json"](DIFFERENT, LABELS))
    assert data["verdict"] == "differ"
    assert data["left"] == {"name": "staging", "version": 18, "objects": 5}
    assert data["differences"][0] == {
        "kind": "column",
        "path": "public.t.a",
        "attribute": "type",
        "left": "integer",
        "right": "bigint",
        "class": "breaks the application",
        "mend": None,
    }


def test_a_terminal_has_colours_and_a_file_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text names each difference with both values; a class is coloured where colours can be seen."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.delenv("TTY_COMPATIBLE", raising=False)
    plain, coloured = StringIO(), StringIO()
    show(Console(file=plain, width=200), DIFFERENT, LABELS)
    show(Console(file=coloured, width=200, force_terminal=True, color_system="standard"), DIFFERENT, LABELS)
    assert (
        "column public.t.a: type  [breaks the application]\n    LEFT   integer\n    RIGHT  bigint" in plain.getvalue()
    )
    assert "\x1b[" not in plain.getvalue()
    assert "\x1b[1;31m[breaks the application]" in coloured.getvalue()


def test_junit_fails_once_for_each_difference() -> None:
    """A failure a difference, an error for what cannot be told; one passed test when they are the same."""
    suite = ET.fromstring(FORMATS["junit"](DIFFERENT, LABELS))  # noqa: S314 - our own text
    assert (suite.get("failures"), suite.get("errors"), suite.get("tests")) == ("3", "1", "4")
    assert len(suite.findall("testcase/failure")) == 3
    same = ET.fromstring(FORMATS["junit"](Verdict(Answer.SAME), LABELS))  # noqa: S314 - our own text
    assert (same.get("failures"), same.get("tests")) == ("0", "1")


def test_sarif_has_a_rule_for_each_result() -> None:
    """SARIF 2.1.0 with levels by class."""
    run = json.loads(FORMATS["sarif"](DIFFERENT, LABELS))["runs"][0]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} == rules
    assert [result["level"] for result in run["results"]] == ["error", "warning", "note", "error"]


def test_github_annotations_stay_on_one_line_each() -> None:
    """Newlines and percent signs in values are escaped as GitHub wants them."""
    lines = FORMATS["github"](DIFFERENT, LABELS).splitlines()
    assert [line.split(" ")[0] for line in lines[:3]] == ["::error", "::warning", "::notice"]
    assert "50 %25 of" in lines[2]
    assert lines[-1] == "staging and migrations <1>: differ"


def test_every_format_reports_a_waiver_that_is_expired_or_not_used(tmp_path: Path) -> None:
    """Whoever reads only what a build server shows hears of it too."""
    text = entry("index public.i", expires="2026-11-20") + entry("table public.gone")
    verdict = waivers.apply(DIFFERENT, waivers.load(write(tmp_path, text)), TODAY)
    for render in FORMATS.values():
        said = render(verdict, LABELS)
        assert "expired on 2026-11-20" in said
        assert "is not used" in said


def test_the_page_escapes_what_it_shows() -> None:
    """No value can become markup."""
    text = FORMATS["html"](DIFFERENT, LABELS)
    assert "CREATE INDEX &lt;i&gt;" in text
    assert "migrations &lt;1&gt;" in text
    assert "<i>" not in text
