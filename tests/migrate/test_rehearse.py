"""A rehearsal on real volume sees who waits for whom, and for how long."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from understudy import environments, migrate
from understudy.cli import understudy
from understudy.cli.output import run
from understudy.migrate.errors import MigrateError, MigrationRefused
from understudy.migrate.rehearse import Budget, Load, Rehearsal, budget, rehearse, rehearse_tool, write_report
from understudy.migrate.rehearse.load import suggest
from understudy.migrate.rehearse.model import Act, Cost, Pulse, Rehearsed, Run, Wait
from understudy.migrate.rehearse.picture import lanes, timeline
from understudy.migrate.rehearse.run import copied
from understudy.migrate.rehearse.sampler import Sampler
from understudy.migrate.tool import OtherTool
from understudy.postgres import Server, connect, programs
from understudy.postgres.dsn import database_of, url

Write = Callable[[dict[str, str]], Path]
Ask = Callable[[str, str], list[tuple[Any, ...]]]
LOAD = Load(clients=3, rate=100)
# What is measured must last until it was seen, on any machine: these wait for that, and give up only after a minute.
WAITING = """
CREATE FUNCTION until_looked(id int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE begun timestamptz := clock_timestamp(); latest timestamptz; seen timestamptz; looks int := 0;
BEGIN
  WHILE id = 1 AND looks < 12 AND clock_timestamp() < begun + interval '1 minute' LOOP
    PERFORM pg_stat_clear_snapshot();
    SELECT max(query_start) INTO latest FROM pg_stat_activity
    WHERE application_name = 'understudy' AND query LIKE '%pg_locks%' AND pid <> pg_backend_pid();
    EXIT WHEN latest IS NULL; -- nobody is looking
    looks := looks + CASE WHEN latest > begun AND latest IS DISTINCT FROM seen THEN 1 ELSE 0 END;
    seen := latest;
    PERFORM pg_sleep(0.005);
  END LOOP;
  RETURN true;
END $$;
CREATE FUNCTION until_blocked(seconds float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE begun timestamptz := clock_timestamp();
BEGIN
  LOOP
    PERFORM pg_stat_clear_snapshot();
    EXIT WHEN clock_timestamp() > begun + interval '1 minute'
      OR NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'pgbench' AND datname = current_database())
      OR clock_timestamp() > begun + seconds * interval '1 s' AND EXISTS (
        SELECT FROM pg_locks l WHERE NOT l.granted AND pg_backend_pid() = ANY (pg_blocking_pids(l.pid))
        AND l.waitstart < clock_timestamp() - seconds * interval '1 s');
    PERFORM pg_sleep(0.01);
  END LOOP;
END $$;
"""
FILES = {
    "1_t": "CREATE TABLE t (id int PRIMARY KEY, x text); INSERT INTO t SELECT g, 'x' FROM generate_series(1, 20000) g;"
    f"CREATE TABLE other (id int);{WAITING}",
    "1_t.rollback": "DROP TABLE t, other; DROP FUNCTION until_looked, until_blocked",
    "2_hold": "ALTER TABLE t ADD y int; SELECT until_blocked(0.8);\nUPDATE t SET y = 1 WHERE id <= 100;\n"
    "ALTER TABLE t ALTER id TYPE bigint",
    "2_hold.rollback": "ALTER TABLE t DROP y, ALTER id TYPE int",
    "3_kind": "-- transaction: none\nCREATE INDEX CONCURRENTLY t_x ON t (x) WHERE until_looked(id::int)",
    "3_kind.rollback": "DROP INDEX t_x",
}


@pytest.fixture(scope="module")
def rehearsed(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """One rehearsal that several tests look at."""
    folder = tmp_path_factory.mktemp("rehearsed")
    for name, text in FILES.items():
        (folder / f"{name}.sql").write_text(text)
    with postgres_server.scratch() as source:
        migrate.up(source, folder, to=1)
        with copied(postgres_server, database_of(source)) as dsn:
            return rehearse(dsn, folder, label="staging", load=LOAD, budget=Budget(max_block_ms=300))


def last(run_: Run) -> list[Act]:
    """Each statement's last attempt: on a busy machine a lock may have come too late the first time."""
    return [act for _, act in sorted({act.place: act for act in run_.acts}.items())]


def test_it_sees_how_long_others_were_made_to_wait(rehearsed: Rehearsal) -> None:
    """A lock held until somebody has waited 0.8 s for it is seen to do so, and the budget is exceeded."""
    hold = rehearsed.migrations[0]
    assert hold.up.longest_block_ms >= 750  # the first glimpse of a wait may miss its beginning by one look
    sleep = last(hold.up)[1]
    assert hold.up.blocked_sessions(sleep) >= 1
    assert hold.up.blocked_ms(sleep) > 400  # 800 less what the two clocks may differ by
    assert any(
        re.fullmatch(r"2_hold made another session wait \d+ ms; the budget is 300 ms", p) for p in rehearsed.problems
    )


def test_it_names_the_lock_of_each_statement(rehearsed: Rehearsal) -> None:
    """The strongest on each table in use, those taken by the statement itself, and those of a concurrent build."""
    hold, kind = rehearsed.migrations
    assert [act.locks for act in last(hold.up)] == [{"t": "AccessExclusiveLock"}] * 4
    assert [act.taken for act in last(hold.up)] == [{"t"}, set(), set(), set()]
    assert [act.locks for act in kind.up.acts] == [{"t": "ShareUpdateExclusiveLock"}]
    assert kind.up.acts[0].sampled


def test_it_measures_rows_wal_and_disk(rehearsed: Rehearsal) -> None:
    """Rows written by the UPDATE, rows of the table written anew, and bytes for both."""
    _, sleep, update, retype = rehearsed.migrations[0].costs
    assert (sleep.rows, update.rows) == (0, 100)
    assert retype.rewritten == {"t": pytest.approx(20000, rel=0.1)}
    assert update.wal > 0
    assert retype.disk > 0


def test_the_rollback_is_rehearsed_with_its_time(rehearsed: Rehearsal) -> None:
    """Down under load, before the migration is taken up again; the copy ends at the top."""
    hold, kind = rehearsed.migrations
    assert hold.down is not None
    assert hold.down.seconds > 0
    assert last(hold.down)[0].locks == {"t": "AccessExclusiveLock"}
    assert kind.down is not None
    assert kind.up.begin > hold.down.end


def test_the_load_went_on_all_the_while(rehearsed: Rehearsal) -> None:
    """Transactions of pgbench are recorded, none failed, and the one that waited for the lock has waited."""
    assert rehearsed.failures == []
    assert max(pulse.latency for pulse in rehearsed.pulses) >= 0.8
    assert sorted(rehearsed.pulses, key=lambda pulse: pulse.at) == list(rehearsed.pulses)


def test_the_report_is_one_page_with_a_timeline_for_each_run(rehearsed: Rehearsal, tmp_path: Path) -> None:
    """Self-contained, well-formed, with every statement and a picture of up and down."""
    write_report(rehearsed, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 4
    for picture in pictures:
        ET.fromstring(picture)  # noqa: S314 - our own
    assert "over budget" in page
    assert "ALTER TABLE t ALTER id TYPE bigint" in page
    assert not re.search(r'(src|href)="', page)


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_queue_behind_a_waiting_migration_counts(database: str, ask: Ask) -> None:
    """Who waits behind a migration that itself waits is blocked by it, though it holds no lock."""
    ask(database, "CREATE TABLE t (id int)")
    with Sampler(database) as sampler, contextlib.ExitStack() as stack:
        holder, runner, other = (
            stack.enter_context(contextlib.closing(connect(database, autocommit=False))) for _ in range(3)
        )
        holder.execute("SELECT * FROM t")
        sampler.watch(runner.info.backend_pid)
        alter = threading.Thread(target=runner.execute, args=("ALTER TABLE t ADD x int",))
        alter.start()
        until(lambda: any(wait.own for wait in sampler.waits()))
        select = threading.Thread(target=other.execute, args=("SELECT * FROM t",))
        select.start()
        until(lambda: any(not wait.own and wait.ms > 200 for wait in sampler.waits()))
        holder.rollback()
        alter.join(60)
        runner.rollback()
        select.join(60)
        waits = sampler.take()
    assert {wait.own for wait in waits} == {True, False}
    assert max(wait.ms for wait in waits if not wait.own) > 200


def test_a_statement_that_nobody_saw_is_not_said_to_take_no_lock(
    database: str, write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A concurrent build that is over before the sampler looks: its locks are not known, and that is what is said."""
    folder = write({name: text for name, text in FILES.items() if name[0] == "1"})
    migrate.up(database, folder)
    write({"2_i": "-- transaction: none\nCREATE INDEX CONCURRENTLY t_x ON t (x)", "2_i.rollback": "DROP INDEX t_x"})
    monkeypatch.setattr(Sampler, "_look_at_own", lambda *_: None)
    found = rehearse(database, folder, label="x", load=LOAD, budget=Budget())
    (act,) = found.migrations[0].up.acts
    assert (act.locks, act.sampled) == ({}, False)
    write_report(found, tmp_path / "r.html")
    assert "over too quickly to be seen" in (tmp_path / "r.html").read_text()


def test_a_lock_that_comes_late_is_seen_as_retries(
    database: str, write: Write, ask: Ask, quick: migrate.Options
) -> None:
    """How often the migration tried is in the record; whoever listened to the runner already still hears of it."""
    folder = write({name: text for name, text in FILES.items() if name[0] == "1"})
    migrate.up(database, folder)
    write({"2_a": "ALTER TABLE t ADD z int", "2_a.rollback": "ALTER TABLE t DROP z"})
    heard: list[str] = []
    with contextlib.closing(connect(database, autocommit=False)) as holder:
        holder.execute("SELECT 1 FROM t LIMIT 1")

        def trace(moment: str, label: str, place: int) -> None:
            heard.append(moment)
            if moment == "waiting" and heard.count("waiting") == 2:
                holder.rollback()

        limits = replace(quick, attempts=200, trace=trace)
        found = rehearse(database, folder, label="x", load=LOAD, budget=Budget(), options=limits)
    up = found.migrations[0].up
    assert sum(act.retries for act in up.acts) >= 2


def test_waiting_is_told_from_making_wait() -> None:
    """Of each wait only what lies within the statement counts, for the migration or against it."""
    waits = [Wait(1, 0.5, 1.5, True), Wait(2, 1.2, 1.4, False), Wait(3, 1.3, 9.0, False)]
    run_ = Run("1_a", 0, 2, [Act(0, "a", 0, 1), Act(1, "b", 1, 2)], waits)
    first, second = run_.acts
    assert run_.waited_ms(first) == pytest.approx(500)
    assert (run_.blocked_ms(first), run_.blocked_sessions(first)) == (0, 0)
    assert run_.blocked_ms(second) == pytest.approx(900)
    assert run_.blocked_sessions(second) == 2
    assert run_.longest_block_ms == pytest.approx(7700)


def test_what_breaks_the_load_is_a_problem(database: str, write: Write, tmp_path: Path) -> None:
    """A query of the team's own script that fails after the migration is said."""
    folder = write({name: text for name, text in FILES.items() if name[0] == "1"})
    migrate.up(database, folder)
    rename = "ALTER TABLE t RENAME x TO y; SELECT until_blocked(0.01)"
    write({"2_a": rename, "2_a.rollback": "ALTER TABLE t RENAME y TO x"})
    script = tmp_path / "load.sql"
    script.write_text("\\set id random(1, 100)\nSELECT x FROM t WHERE id = :id;\n")
    found = rehearse(database, folder, label="x", load=Load(scripts=(script,), clients=2), budget=Budget())
    assert found.failures == ['a query of the load failed: column "x" does not exist']


def test_recorded_queries_can_be_the_load(database: str, write: Write, tmp_path: Path) -> None:
    """Each is a transaction of its own; with parameters they cannot be run, and that is said."""
    folder = write(FILES)
    migrate.up(database, folder)
    queries = tmp_path / "q.sql"
    queries.write_text("SELECT count(*) FROM t;\nSELECT 1;")
    found = rehearse(database, folder, label="x", load=Load(queries=queries), budget=Budget(), redo=1)
    assert [one.label for one in found.migrations] == ["3_kind"]
    assert found.pulses
    queries.write_text("SELECT $1")
    with pytest.raises(MigrationRefused, match="with parameters"):
        rehearse(database, folder, label="x", load=Load(queries=queries), budget=Budget(), redo=1)


def test_what_is_applied_is_rehearsed_with_the_rows_below_it(database: str, write: Write, ask: Ask) -> None:
    """Redone to the very first, each finds the rows of the tables below it; only the first has an empty database."""
    rows = "INSERT INTO {0} SELECT g FROM generate_series(1, 500) g"
    folder = write(
        {
            "1_a": "CREATE TABLE a (id int PRIMARY KEY)",
            "1_a.rollback": "DROP TABLE a",
            "2_b": "CREATE TABLE b (id int PRIMARY KEY REFERENCES a); UPDATE a SET id = id",
            "2_b.rollback": "DROP TABLE b",
            "3_c": "UPDATE b SET id = id",
            "3_c.rollback": "",
        }
    )
    migrate.up(database, folder, to=2)
    ask(database, f"{rows.format('a')};{rows.format('b')}")
    found = rehearse(database, folder, label="x", load=LOAD, budget=Budget(), redo=2)
    _, second, third = found.migrations
    assert [one.label for one in found.migrations] == ["1_a", "2_b", "3_c"]
    assert [one.idle for one in found.migrations] == [True, False, False]
    assert [cost.rows for cost in second.costs] == [0, 500]
    assert [cost.rows for cost in third.costs] == [500]
    assert last(second.up)[0].locks == {"a": "ShareRowExclusiveLock"}
    assert found.failures == []


def test_a_script_that_pgbench_refuses_is_said(database: str, write: Write, tmp_path: Path) -> None:
    """A load that does not run would make every rehearsal look good."""
    folder = write(FILES)
    (tmp_path / "bad.sql").write_text("\\nonsense\n")
    with pytest.raises(MigrateError, match="pgbench ended at once"):
        rehearse(database, folder, label="x", load=Load(scripts=(tmp_path / "bad.sql",)), budget=Budget())


def test_nothing_to_rehearse_and_nothing_to_load_with_are_refused(database: str, write: Write) -> None:
    """Both say what to do."""
    folder = write({"1_a": "CREATE TABLE a ()", "1_a.rollback": "DROP TABLE a"})
    with pytest.raises(MigrationRefused, match="nothing to load the copy with"):
        rehearse(database, folder, label="x", load=LOAD, budget=Budget())
    migrate.up(database, folder)
    with pytest.raises(MigrationRefused, match="nothing to rehearse"):
        rehearse(database, folder, label="x", load=LOAD, budget=Budget())


def test_the_suggested_load_reads_and_writes_by_key(database: str, ask: Ask) -> None:
    """For tables with rows and a whole number as their key; names are quoted."""
    table = 'CREATE TABLE "A b" ("Id" int PRIMARY KEY, "V" text)'
    ask(database, f'{table}; INSERT INTO "A b" VALUES (3), (9); CREATE TABLE e (id int PRIMARY KEY)')
    with contextlib.closing(connect(database)) as connection:
        (script,) = suggest(connection)
    assert script.startswith("\\set id random(3, 9)\n")
    assert 'UPDATE "public"."A b" SET "V" = "V" WHERE "Id" = :id;' in script


def test_a_copy_is_made_even_while_somebody_is_connected(postgres_server: Server, database: str, ask: Ask) -> None:
    """By the server where it can, else by dump and restore; it is gone afterwards."""
    ask(database, "CREATE TABLE t AS SELECT 1 AS a")
    before = postgres_server.databases()
    with connect(database), copied(postgres_server, database_of(database)) as dsn:
        assert ask(dsn, "TABLE t") == [(1,)]
    with copied(postgres_server, database_of(database)) as dsn:
        assert ask(dsn, "TABLE t") == [(1,)]
    assert postgres_server.databases() == before


def test_the_budget_is_kept_to_the_number() -> None:
    """Just under is within, just over is not; a missing rollback never is."""
    good = Rehearsed("1_a", Run("1_a", 0, 1, [], [Wait(1, 0, 0.4, False)]), Run("1_a.rollback", 0, 300), [])
    assert good.over(Budget(max_block_ms=401, max_rollback_s=300)) == []
    assert len(good.over(Budget(max_block_ms=399, max_rollback_s=299))) == 2
    assert replace(good, down=None).over(Budget()) == ["1_a has no rollback"]


def test_the_command_ends_with_3_over_budget_and_refuses_production(
    database: str, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The JSON has every statement; production itself is no place for it (4)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERSTUDY_CONFIG", raising=False)
    monkeypatch.setenv("HERE", url(database))
    folder = write({k: v for k, v in FILES.items() if not k.startswith("3")})
    migrate.up(database, folder, to=1)
    config = (
        'version = 1\n[environments.s]\ndsn = "env:HERE"\nproduction = {}\n[migrations.budget]\nmax_block_ms = 50\n'
    )
    (tmp_path / "understudy.toml").write_text(config.format("true"))
    assert run(understudy, ["migrate", "rehearse", "--from", "s"]) == 4
    (tmp_path / "understudy.toml").write_text(config.format("false"))
    command = ["migrate", "rehearse", "--from", "s", "--clients", "3", "--rate", "100", "--json"]
    capfd.readouterr()
    assert run(understudy, command) == 3
    said = json.loads(capfd.readouterr().out)
    assert said["within_budget"] is False
    statements = said["migrations"][0]["up"]["statements"]
    assert [one for one in statements if one["place"] == 0][-1]["locks"] == {"t": "ACCESS EXCLUSIVE"}
    assert (tmp_path / "rehearsal.html").exists()
    assert migrate.status(database, folder).version == 1  # the copy was changed, not this


def test_statements_text_is_escaped_in_the_picture(tmp_path: Path) -> None:
    """What a migration says is text, never markup."""
    act = Act(0, "SELECT '<script>alert(1)</script>'", 0.0, 1.0)
    found = Rehearsal(
        "<b>",
        1,
        "PostgreSQL",
        "load",
        [Rehearsed("1_a", Run("1_a", 0, 1, [act]), None, [Cost(1, 0, {}, 0, -5)])],
        [Pulse(0.5, 0.1)],
        [],
        Budget(),
    )
    write_report(found, tmp_path / "r.html")
    assert "<script" not in (tmp_path / "r.html").read_text()


def test_the_picture_shows_what_matters_and_counts_the_rest() -> None:
    """Of many statements those that took long or stopped somebody have a lane; times on the axes are plain numbers."""
    acts = [Act(n, f"COMMENT ON TABLE t IS '{n}'", n / 1000, n / 1000 + 0.0002) for n in range(40)]
    acts[3] = Act(3, "ALTER TABLE t ADD x int", 0.003, 0.0034, {"t": "AccessExclusiveLock"}, frozenset({"t"}))
    acts[9] = Act(9, "UPDATE t SET x = 1", 0.009, 0.3, {"t": "AccessExclusiveLock"})
    run_ = Run("1_a", 0, 0.31, acts, [Wait(7, 0.1, 0.2, False)])
    shown, brief = lanes(run_)
    assert {acts[3].text, acts[9].text} <= {act.text for act in shown}
    assert len(shown) < 10
    assert sorted([*shown, *brief], key=lambda act: act.place) == acts
    picture = timeline(run_, [Pulse(n / 100, 0.002) for n in range(-100, 130)])
    words = ["".join(text.itertext()) for text in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    assert "at most 1 at once, the longest 100 ms" in words
    assert f"{len(brief)} more, each at most 0.2 ms" in words
    assert not [word for word in words if re.search(r"\d\.\d{4}", word)]


@pytest.mark.parametrize("line", ["max_block_ms = 0", 'max_rollback_s = "300"', "max = 1"])
def test_a_budget_that_is_wrong_is_named(tmp_path: Path, line: str) -> None:
    """[migrations.budget] is checked like everything else."""
    (tmp_path / "understudy.toml").write_text(f"version = 1\n[migrations.budget]\n{line}\n")
    with pytest.raises(environments.ConfigurationError):
        budget(environments.load(tmp_path / "understudy.toml"))


def test_another_tools_commands_are_rehearsed_from_outside(database: str, ask: Ask, tmp_path: Path) -> None:
    """Its sessions are watched: statements, locks, and who they made wait; then its down, with its time."""
    ask(database, "CREATE TABLE t (id int PRIMARY KEY, x text); INSERT INTO t SELECT g FROM generate_series(1, 9000) g")
    ask(database, WAITING)
    psql = programs.find("psql").path
    held = "SELECT pg_sleep(0.2), until_blocked(0.6), until_looked(1);"
    (tmp_path / "up.sql").write_text(f"BEGIN; ALTER TABLE t ADD y int; {held} COMMIT;")
    tool = OtherTool(tmp_path, f"{psql} -X -q -f up.sql", f'{psql} -X -q -c "ALTER TABLE t DROP y"')
    found = rehearse_tool(database, tool, label="x", load=LOAD, budget=Budget(max_block_ms=300))
    (one,) = found.migrations
    sleep = next(act for act in one.up.acts if "pg_sleep" in act.text)
    assert sleep.locks == {"t": "AccessExclusiveLock"}
    assert one.up.longest_block_ms >= 500
    assert found.problems
    assert one.down is not None
    assert one.costs[0].seconds > 0.2
