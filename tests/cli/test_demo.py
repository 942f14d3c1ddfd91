"""`understudy demo`: what a newcomer sees, and how it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from understudy.cli import demo
from understudy.demo.figures import Figure, Figures
from understudy.demo.report import LeakCheck, ReportInput, SchemaParity
from understudy.demo.story import PRODUCTION, STAGING
from understudy.postgres import EmbeddedServer, Server
from understudy.postgres.wheel import DEFAULT_VERSION

pytestmark = pytest.mark.xdist_group("demo")

REPOSITORY = Path(__file__).parents[2]
KEY = "a-key-that-nobody-may-ever-see-in-any-output"


@pytest.fixture
def home(postgres_server: Server) -> Iterator[Path]:
    """The home of an embedded server: the test session's own where it is one, for it is running already."""
    if isinstance(postgres_server, EmbeddedServer) and postgres_server.version == DEFAULT_VERSION:
        yield postgres_server.folder.parent
        for database in (PRODUCTION, STAGING):
            postgres_server.drop_database(database)
        return
    folder = Path(tempfile.mkdtemp(prefix="understudy-demo-"))
    folder.chmod(0o755)  # root's server runs as a user that must get there
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def understudy(home: Path, *arguments: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from understudy.cli import main; main()", "demo", *arguments],
        env=os.environ | {"UNDERSTUDY_HOME": str(home), "UNDERSTUDY_KEY": key},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_it_can_be_told_twice_and_never_shows_the_key(home: Path, tmp_path: Path) -> None:
    """The last line says where the report is; the second time, as JSON, everything holds again."""
    path = tmp_path / "new folder" / "report.html"
    first = understudy(home, "--rows", "12000", "--report", str(path), key="")
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[-1] == f"report: {path}"
    assert "0 of " in first.stdout
    assert "parity: same" in first.stdout
    assert "random key" in first.stderr
    second = understudy(home, "--rows", "12000", "--seed", "5", "--report", str(path), "--json")
    assert second.returncode == 0, second.stderr
    written = [file.read_text() for file in (path, *home.glob("attestations/*"))]
    assert len(written) == 2
    assert not [text for text in (*written, second.stdout, second.stderr) if KEY in text]
    assert not path.with_name("report.html.new").exists()


def test_a_short_key_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    """Exit 4: no server, no report."""
    done = understudy(tmp_path / "home", "--report", str(tmp_path / "r.html"), key="short")
    assert done.returncode == 4
    assert "the key is too short" in done.stderr
    assert not list(tmp_path.iterdir())


def test_two_at_once_do_not_replace_each_others_databases(tmp_path: Path) -> None:
    """The second is refused (exit 4) while the first holds the lock, before any server is started."""
    home = tmp_path / "home"
    home.mkdir()
    with (home / "demo.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = understudy(home, "--report", str(tmp_path / "r.html"))
    assert done.returncode == 4
    assert "another demonstration is running" in done.stderr
    assert [path.name for path in home.iterdir()] == ["demo.lock"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rows", "100"), "12000"),
        (("--report", "/proc/nowhere/report.html"), "the report cannot be written"),
        (("--seed", "one"), "seed"),
    ],
)
def test_what_makes_no_sense_is_refused(cli: Callable[..., Any], arguments: tuple[str, str], said: str) -> None:
    """Exit 2, and the message says which of them."""
    done = cli("demo", *arguments)
    assert done.code == 2
    assert said in done.err


def test_a_proof_that_does_not_hold_ends_with_exit_3(
    cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The report is written all the same, and the message says what does not hold."""
    bad = ReportInput(
        made=datetime.now(UTC),
        source="s",
        target="t",
        server="PostgreSQL 18",
        version="0",
        tables=[],
        leaks=LeakCheck([], 1, 1, ["public.users: 2 rows too few"]),
        parity=SchemaParity("differ", (1, 2)),
        source_figures=Figures((Figure("f", Decimal(1), 2, Decimal(50), "%"),), ()),
        target_figures=Figures((), ()),
        seconds={},
        attestation={"file": "a.json"},
    )
    monkeypatch.setattr(demo, "tell", lambda *_: bad)
    monkeypatch.setattr(demo, "EmbeddedServer", contextlib.nullcontext)
    monkeypatch.setenv("UNDERSTUDY_KEY", KEY)
    done = cli("demo", "--report", str(tmp_path / "r.html"))
    assert done.code == 3
    for doubt in ("public.users: 2 rows too few", "parity: differ", "the business figures differ"):
        assert f"not proven: {doubt}" in done.out
    assert done.out.splitlines()[-1] == f"report: {tmp_path / 'r.html'}"
    assert "not proven" in (tmp_path / "r.html").read_text()
