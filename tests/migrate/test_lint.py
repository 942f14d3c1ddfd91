"""The linter speaks at a page's bad example, is silent at its good one, and estimates where there is data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy import migrate
from understudy.cli import understudy
from understudy.cli.output import run
from understudy.migrate.errors import MigrateError
from understudy.migrate.lint import Finding, Level, LintSettings, formats, lint, squawk
from understudy.migrate.lint.rules.registry import RULES
from understudy.migrate.lint.sizes import Sizes, duration, human, read_sizes
from understudy.postgres import connect
from understudy.postgres.dsn import url

Write = Callable[[dict[str, str]], Path]
DOCS = Path(__file__).parents[2] / "docs" / "lint"
BLOCK = re.compile(r"```sql\n-- (setup|bad|good)\n(.*?)```", re.DOTALL)


def blocks(rule: str, kind: str) -> list[str]:
    return [text for found, text in BLOCK.findall((DOCS / f"{rule}.md").read_text()) if found == kind]


def findings(dsn: str, folder: Path, **given: Any) -> list[Finding]:
    return lint(dsn, migrate.read_folder(folder), **given)


def rules(found: list[Finding], version: int = 2) -> set[str]:
    return {one.rule for one in found if one.path.name.startswith(f"{version}_")}


@pytest.mark.parametrize("rule", RULES)
def test_the_bad_example_of_a_rules_page_is_found(database: str, write: Write, rule: str) -> None:
    """Each page has a bad example, and the rule says something about it with an advice."""
    (setup,), (bad,) = blocks(rule, "setup"), blocks(rule, "bad")
    folder = write({"1_setup": setup, "1_setup.rollback": "", "2_bad": bad})
    said = [one for one in findings(database, folder) if one.rule == rule and one.path.name == "2_bad.sql"]
    assert said
    assert all(one.level > Level.NOTE and one.advice.endswith((".", ";")) for one in said)


@pytest.mark.parametrize("rule", RULES)
def test_the_good_example_satisfies_the_rule(database: str, write: Write, rule: str) -> None:
    """Who follows the advice hears nothing more from the rule, nor from any other of ours."""
    (setup,), good = blocks(rule, "setup"), blocks(rule, "good")
    assert good
    files = {"1_setup": setup, "1_setup.rollback": ""}
    for number, text in enumerate(good, 2):
        files |= {f"{number}_good": text, f"{number}_good.rollback": ""}
    said = [one for one in findings(database, write(files)) if not one.path.name.startswith("1_")]
    assert [one for one in said if one.source == "understudy"] == []


def test_every_page_is_a_rule_and_every_rule_is_in_the_list() -> None:
    """A rule has the same name in the code, in its page and in the table of pages."""
    assert {page.stem for page in DOCS.glob("*.md")} - {"README"} == set(RULES)
    assert all(f"[{rule}]({rule}.md)" in (DOCS / "README.md").read_text() for rule in RULES)


def test_sizes_turn_a_warning_into_an_estimate(make_database: Callable[[], str], write: Write) -> None:
    """With a database that has data, the message says how big and how long; what is brief is a note."""
    full = make_database()
    with connect(full) as connection:
        connection.execute("CREATE TABLE t (id int, x text); CREATE TABLE small (id int)")
        connection.execute("INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(1, 20000) g")
        connection.execute("ANALYZE")
    folder = write(
        {
            "1_t": "CREATE TABLE t (id int, x text); CREATE TABLE small (id int);",
            "2_b": "ALTER TABLE t ALTER id TYPE bigint; ALTER TABLE small ALTER id TYPE bigint",
        }
    )
    slow = LintSettings(rewrite_mb_per_s=0.01)
    said = findings(make_database(), folder, sizes=read_sizes(full, slow), settings=slow)
    big, small = (one for one in said if one.rule == "table-rewrite")
    assert re.fullmatch(
        r"rewrites public\.t: \d\.\d MB \(20,000 rows\), about \d+ minutes under ACCESS EXCLUSIVE \(nobody .*\)",
        big.message,
    )
    assert (big.level, small.level) == (Level.WARNING, Level.NOTE)


def test_an_estimate_is_said_as_a_person_would() -> None:
    """12 GB at 50 MB/s are about 4 minutes."""
    assert human(12e9) == "12 GB"
    assert duration(12e9 / 50e6) == "about 4 minutes"
    assert Sizes(None, LintSettings()).estimate("t", "scan") is None


def test_a_not_null_that_was_proven_is_silent(database: str, write: Write) -> None:
    """squawk, which sees no catalog, would warn here; the validated CHECK of an earlier file is known to us."""
    folder = write(
        {
            "1_t": "CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;",
            "2_v": "ALTER TABLE t VALIDATE CONSTRAINT c",
            "3_n": "ALTER TABLE t ALTER a SET NOT NULL",
        }
    )
    assert rules(findings(database, folder), 3) == {"missing-rollback"}


def test_a_table_of_the_same_file_has_no_users(database: str, write: Write) -> None:
    """Anything may be done to a table that the file itself has made."""
    text = "CREATE TABLE t (a int); CREATE INDEX i ON t (a); ALTER TABLE t ALTER a TYPE bigint, ADD UNIQUE (a)"
    said = findings(database, write({"2_t": text, "2_t.rollback": "DROP TABLE t"}))
    assert [one for one in said if one.source == "understudy"] == []


@pytest.mark.skipif(squawk.program() is None, reason="squawk is not installed (pip install squawk-cli)")
def test_squawk_says_what_the_text_tells(database: str, write: Write) -> None:
    """Its rules come with its name and page; those that we observe do not come twice."""
    said = findings(database, write({"1_t": "CREATE TABLE t (a timestamp, b char(3));\nALTER TABLE t DROP b;"}))
    found = {one.rule: one for one in said if one.source == "squawk"}
    assert {"ban-char-field", "prefer-timestamp-tz"} <= set(found)
    assert found["ban-char-field"].level is Level.WARNING
    assert found["prefer-timestamp-tz"].level is Level.NOTE
    assert not set(found) & {*squawk.OBSERVED, *squawk.MADE_TRUE}


REWRITE = "ALTER TABLE t ALTER a TYPE bigint"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"-- lint: allow table-rewrite because it has ten rows\n{REWRITE}", set()),
        ("ALTER TABLE t\n  -- lint: allow table-rewrite because it has ten rows\n  ALTER a TYPE bigint", set()),
        (f"-- lint: allow table-rewrite\n{REWRITE}", {"table-rewrite", "allow-needs-reason"}),
        (f"-- lint: allow table-rewrit because x\n{REWRITE}", {"table-rewrite", "allow-unknown"}),
        (f"-- lint: allow long-write because x\n{REWRITE}", {"table-rewrite", "allow-unused"}),
        (f"-- lint: allow table-rewrite because x\nSELECT 1;\n{REWRITE}", {"table-rewrite", "allow-unused"}),
    ],
)
def test_a_comment_that_allows_needs_a_reason(database: str, write: Write, text: str, expected: set[str]) -> None:
    """It covers the statement it stands above or in; a missing reason, a wrong name, nothing to allow: each is said."""
    folder = write({"1_t": "CREATE TABLE t (a int)", "2_b": text, "2_b.rollback": ""})
    assert rules(findings(database, folder)) == expected


def test_what_the_server_refuses_ends_the_linting(database: str, write: Write) -> None:
    """A statement that cannot run is an error at its line; later files stand on nothing and are left out."""
    said = findings(database, write({"1_t": "SELECT 1;\nCREATE TABLE t (a nonsense)", "2_b": "DROP TABLE t"}))
    assert [(one.rule, one.line, one.level) for one in said if one.rule == "does-not-apply"] == [
        ("does-not-apply", 2, Level.ERROR)
    ]
    assert rules(said) == set()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SET LOCAL search_path = s;\nALTER TABLE t ALTER a TYPE bigint", {"table-rewrite"}),
        ("SAVEPOINT x;\nALTER TABLE s.t ADD b int;\nROLLBACK TO x;\nALTER TABLE s.t ADD b int;\nRELEASE x", set()),
        ("SELECT set_config('a.b', 'c', true);\nSELECT 1 / length(current_setting('a.b'))", set()),
        ("CREATE TEMP TABLE z (a int) ON COMMIT DROP;\nINSERT INTO z VALUES (1)", set()),
        ("ALTER TYPE s.e ADD VALUE 'y';\nSELECT 'y'::s.e", {"does-not-apply"}),
        ("UPDATE s.t SET a = 1 WHERE a = 2;\nUPDATE s.u SET a = 1 WHERE a = 3;\nDELETE FROM s.u", {"long-write"}),
    ],
)
def test_a_file_is_run_in_one_transaction_as_the_runner_does(
    make_database: Callable[[], str], write: Write, text: str, said: set[str]
) -> None:
    """SET LOCAL, savepoints and settings last to the file's end; what PostgreSQL refuses there, it refuses here."""
    setup = "CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE TABLE s.u (a int); CREATE TYPE s.e AS ENUM ('x')"
    folder = write({"1_s": setup, "2_b": text, "2_b.rollback": ""})
    found = [one for one in findings(make_database(), folder) if one.source == "understudy" and one.path.name[0] == "2"]
    assert {one.rule for one in found} == said
    try:
        migrate.up(make_database(), folder)
    except MigrateError:
        assert said == {"does-not-apply"}
    else:
        assert "does-not-apply" not in said


def test_a_transaction_that_cannot_be_committed_does_not_apply(database: str, write: Write) -> None:
    """A deferred constraint speaks at the end, and is heard."""
    text = "CREATE TABLE p (id int PRIMARY KEY);\nCREATE TABLE c (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\n"
    said = findings(database, write({"1_t": f"{text}INSERT INTO c VALUES (1)", "1_t.rollback": ""}))
    assert [(one.rule, one.line) for one in said if one.level is Level.ERROR] == [("does-not-apply", 3)]


def test_a_rule_may_be_switched_off_for_a_repository(database: str, write: Write) -> None:
    """[migrations.lint] ignore."""
    folder = write({"1_t": "CREATE TABLE t ()"})
    assert findings(database, folder, settings=LintSettings(ignore=("missing-rollback",))) == []


def test_every_format_carries_every_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text, JSON, SARIF and GitHub's annotations; what would break a line is escaped."""
    monkeypatch.chdir(tmp_path)
    found = [Finding("table-rewrite", Level.WARNING, tmp_path / "a,b.sql", 3, "rewrites t: 100%\nall", "Do not.")]
    assert formats.as_text(found).startswith("a,b.sql:3: warning: rewrites t")
    assert formats.as_data(found)[0]["page"] == "docs/lint/table-rewrite.md"
    result = json.loads(formats.as_sarif(found))["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}
    assert (
        formats.as_github(found)
        == "::warning file=a%2Cb.sql,line=3,title=table-rewrite::rewrites t: 100%25%0Aall. Do not."
    )


def test_the_command_lints_what_a_database_lacks(
    make_database: Callable[[], str],
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """With --catalog only pending migrations are spoken of; a warning ends with 3, silence with 0."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERSTUDY_CONFIG", raising=False)
    catalog, scratch = url(make_database()), url(make_database())
    folder = write({"1_t": "CREATE TABLE t (a int)", "2_b": "DROP TABLE t", "2_b.rollback": ""})
    migrate.up(catalog, folder, to=1)
    command = ["migrate", "lint", "--folder", str(folder), "--on", scratch]
    assert run(understudy, [*command, "--catalog", catalog, "--json"]) == 3
    said = json.loads(capfd.readouterr().out)
    assert {(one["file"], one["rule"]) for one in said["findings"]} == {("migrations/2_b.sql", "drop-needs-contract")}
    assert run(understudy, [*command, "--since", "2", "--format", "text"]) == 0
    assert run(understudy, [*command, "--format", "sarif"]) == 3
    assert run(understudy, [*command, "--format", "github"]) == 3
    assert "::error file=migrations/1_t.sql,line=1,title=missing-rollback" in capfd.readouterr().out


def test_this_repositorys_own_migrations_are_clean(database: str) -> None:
    """Nothing but notes on migrations/."""
    folder = Path(__file__).parents[2] / "migrations"
    assert [one for one in findings(database, folder) if one.level > Level.NOTE] == []
