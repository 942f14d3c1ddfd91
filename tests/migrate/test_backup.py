"""A backup was restored before it is called one; production is not migrated without a fresh one."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from understudy import environments, migrate
from understudy.cli import understudy
from understudy.cli.output import run
from understudy.migrate.backup import BackupSettings, Store, backup_settings, create, require_fresh, restore
from understudy.migrate.backup.errors import BackupError, BackupRefused, DamagedBackupError, NoBackupError
from understudy.postgres import Server, redacted
from understudy.postgres.dsn import database_of, url

Ask = Callable[[str, str], list[tuple[Any, ...]]]


@pytest.fixture
def settings(tmp_path: Path) -> BackupSettings:
    return BackupSettings(tmp_path / "backups", keep=2, jobs=2)


@pytest.fixture
def full(database: str, ask: Ask) -> str:
    ask(
        database,
        'CREATE SCHEMA "Sales 24"; CREATE TABLE "Sales 24"."Orders" AS SELECT g FROM generate_series(1, 1000) g;'
        "CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);"
        "INSERT INTO p VALUES (1), (2); CREATE TABLE empty ()",
    )
    return database


def test_a_backup_is_dumped_restored_counted_and_checksummed(
    full: str, settings: BackupSettings, postgres_server: Server
) -> None:
    """What it holds was found again after a trial restore; nothing of the trial remains."""
    before = postgres_server.databases()
    made, removed = create(full, "prod", settings, postgres_server)
    assert made.rows == {'"Sales 24"."Orders"': 1000, '"public"."p"': 2, '"public"."empty"': 0}
    assert (made.dump / "toc.dat").exists()
    assert made.name.startswith("prod/20")
    assert Store(settings.folder).get("prod") == made
    assert removed == []
    assert postgres_server.databases() == before
    assert not list((settings.folder / "prod").glob(".*"))
    made.verify()


def test_the_newest_are_kept(full: str, settings: BackupSettings, postgres_server: Server) -> None:
    """Retention removes the oldest, of this database only, and what a killed run left behind."""
    create(full, "other", settings, postgres_server)
    names = []
    for _ in range(3):
        made, removed = create(full, "prod", settings, postgres_server)
        names.append(made.name)
        time.sleep(1.1)  # a backup's name is its second
    assert removed == [names[0]]
    store = Store(settings.folder)
    assert [one.name for one in store.of("prod")] == names[:0:-1]
    assert len(store.of("other")) == 1
    left = store.new("prod", made.taken_at)
    (left / "half").write_text("x")
    store.prune("prod", 2)
    assert not left.exists()


def test_a_restore_makes_the_very_database(
    full: str, settings: BackupSettings, postgres_server: Server, ask: Ask
) -> None:
    """Into a new name; over an old one only when that is said, and the old one is put aside."""
    made, _ = create(full, "prod", settings, postgres_server)
    name = database_of(full)
    with pytest.raises(BackupRefused, match="exists"):
        restore(made, postgres_server, name)
    ask(full, "DROP TABLE p")
    old = restore(made, postgres_server, name, replace=True)
    try:
        assert ask(full, "SELECT count(*) FROM p") == [(2,)]
        assert ask(postgres_server.dsn(str(old)), "SELECT to_regclass('p')") == [(None,)]
    finally:
        postgres_server.drop_database(str(old))
    assert not [one for one in postgres_server.databases() if one.startswith("restore_")]


def test_a_damaged_backup_is_refused(full: str, settings: BackupSettings, postgres_server: Server) -> None:
    """One changed byte, a missing or an added file: nothing is restored from it."""
    made, _ = create(full, "prod", settings, postgres_server)
    data = next(made.dump.glob("*.dat.gz"), None) or made.dump / "toc.dat"
    whole = data.read_bytes()
    for damage in (whole[:-1] + b"x", None):
        data.write_bytes(damage) if damage else data.unlink()
        with pytest.raises(DamagedBackupError, match="damaged"):
            restore(made, postgres_server, "never_made")
        data.write_bytes(whole)
    (made.dump / "more").write_text("x")
    with pytest.raises(DamagedBackupError):
        made.verify()
    assert "never_made" not in postgres_server.databases()


def test_what_does_not_restore_is_no_backup(
    full: str, settings: BackupSettings, postgres_server: Server, ask: Ask
) -> None:
    """A check that calls an unqualified function dumps well and fails on restore: found today, not that day."""
    ask(
        full,
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "CREATE FUNCTION f(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN $1 = one(); END';"
        "CREATE TABLE fragile (a int CHECK (f(a))); INSERT INTO fragile VALUES (1)",
    )
    with pytest.raises(BackupError, match="does not restore"):
        create(full, "prod", settings, postgres_server)
    assert Store(settings.folder).all() == []
    assert not list((settings.folder / "prod").iterdir())


def test_a_backup_that_lost_a_row_is_none(
    full: str, settings: BackupSettings, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the trial restore counts must be what was counted in the dump's snapshot."""
    module = importlib.import_module("understudy.migrate.backup.create")
    count = module.count_rows
    counts = iter([{"public.p": 3}, {"public.p": 2}])
    monkeypatch.setattr(module, "count_rows", lambda connection: count(connection) | next(counts))
    with pytest.raises(BackupError, match="does not restore to what was dumped"):
        create(full, "prod", settings, postgres_server)
    assert Store(settings.folder).all() == []


def test_a_killed_backup_leaves_nothing_that_looks_like_one(
    full: str, settings: BackupSettings, postgres_server: Server
) -> None:
    """SIGKILL in its midst: the list is empty, and the next one cleans up."""
    code = (
        "import sys, os, signal; from pathlib import Path\n"
        "from understudy.migrate.backup import create, BackupSettings; from understudy.postgres import RemoteServer\n"
        "from understudy.migrate.backup import create as c; import importlib\n"
        "m = importlib.import_module('understudy.migrate.backup.create')\n"
        "m._restored_rows = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "create(sys.argv[1], 'prod', BackupSettings(Path(sys.argv[2])), RemoteServer(sys.argv[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, url(full), settings.folder], check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert Store(settings.folder).all() == []
    create(full, "prod", settings, postgres_server)
    assert not list((settings.folder / "prod").glob(".*"))


def test_only_a_fresh_backup_of_that_very_database_counts(
    full: str, settings: BackupSettings, postgres_server: Server
) -> None:
    """Too old, or of where the environment used to be, is none."""
    with pytest.raises(NoBackupError, match="has no backup of the last 24 h") as caught:
        require_fresh("prod", redacted(full), settings)
    assert "understudy backup create prod" in str(caught.value.hint)
    made, _ = create(full, "prod", settings, postgres_server)
    assert require_fresh("prod", redacted(full), settings) == made
    with pytest.raises(NoBackupError):
        require_fresh("prod", "postgresql://elsewhere/d", settings)
    with pytest.raises(NoBackupError, match="has no backup"):
        require_fresh("prod", redacted(full), replace(settings, max_age=timedelta(seconds=-1)))


def test_production_is_not_migrated_without_a_way_back(
    full: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    postgres_server: Server,
) -> None:
    """Up and down refuse with 4, by name or by address, until there is a backup or --no-backup is said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UNDERSTUDY_CONFIG", raising=False)
    monkeypatch.setenv("THE_PROD", url(full))
    monkeypatch.setenv("SOON", url(postgres_server.dsn("not_made_yet")))
    (tmp_path / "understudy.toml").write_text(
        'version = 1\n[environments.prod]\ndsn = "env:THE_PROD"\nproduction = true\n'
        '[environments.soon]\ndsn = "env:SOON"\nproduction = true\n[migrations.backup]\njobs = 2\n'
    )
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "1_a.sql").write_text("CREATE TABLE a ()")
    (tmp_path / "migrations" / "1_a.rollback.sql").write_text("DROP TABLE a")
    for name in ("prod", url(full)):
        for command in ("up", "down"):
            assert run(understudy, ["migrate", command, name]) == 4
            assert "has no backup" in capfd.readouterr().err
    assert run(understudy, ["migrate", "up", "soon", "--create"]) == 4
    assert "not_made_yet" not in postgres_server.databases()
    assert migrate.status(full, tmp_path / "migrations").version is None
    assert run(understudy, ["migrate", "up", "prod", "--no-backup"]) == 0
    assert run(understudy, ["backup", "create", "prod", "--trial-on", url(full), "--json"]) == 0
    capfd.readouterr()
    assert run(understudy, ["migrate", "down", "prod"]) == 0
    capfd.readouterr()
    assert run(understudy, ["backup", "list", "--check", "--json"]) == 0
    (listed,) = json.loads(capfd.readouterr().out)["backups"]
    assert (listed["database"], listed["rows"]) == ("prod", 1003)
    assert run(understudy, ["backup", "restore", "prod", "--target", "prod"]) == 4
    assert run(understudy, ["backup", "restore", "gone", "--target", "prod"]) == 4
    assert "password" not in json.dumps(listed)


@pytest.mark.parametrize("line", ["keep = 0", 'max_age = "soon"', "folders = 1"])
def test_a_setting_that_is_wrong_is_named(tmp_path: Path, line: str) -> None:
    """[migrations.backup] is checked like everything else."""
    (tmp_path / "understudy.toml").write_text(f"version = 1\n[migrations.backup]\n{line}\n")
    with pytest.raises(environments.ConfigurationError):
        backup_settings(environments.load(tmp_path / "understudy.toml"))


def test_its_folder_is_for_its_owner_alone(full: str, settings: BackupSettings, postgres_server: Server) -> None:
    """A dump of production holds everything, so nobody else may read it."""
    made, _ = create(full, "prod", settings, postgres_server)
    assert os.stat(made.path).st_mode & 0o077 == 0  # noqa: PTH116 - the mode is what matters
