"""No password, no key and no value of a row is in an error, a log or the list of processes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil
import pytest
from psycopg.conninfo import make_conninfo

from anonymizer import endpoint
from anonymizer.endpoint import SecretParameter
from anonymizer.errors import AnonymizerError
from anonymizer.keys import Key
from anonymizer.schema import Programs

PASSWORD = "canary-pw-81c2"
SECRET = "canary-key-0123456789abcdef-0123456789"
VALUE = "canary-row-9b47"
NAMES = ("pg_dump", "pg_restore", "psql")

SCHEMA = f"""
CREATE TABLE t (id int PRIMARY KEY, kept text, masked text, n int);
INSERT INTO t VALUES (1, '{VALUE} one', '{VALUE} a', 7), (2, '{VALUE} two', '{VALUE} b', 8);
"""


@pytest.fixture
def pair(open_pair: Callable[..., AbstractContextManager[Any]]) -> Iterator[Any]:
    """A source with two telling rows."""
    with open_pair() as opened:
        opened.sql(SCHEMA)
        yield opened


MASK = {"kept": "keep", "masked": {"mask": "constant", "value": "same"}}

FAILURES: dict[str, tuple[str, dict[str, Any], str]] = {
    "a value that a type does not take": (
        "SELECT 1",
        {**MASK, "n": {"mask": "faker", "provider": "job"}},
        "column n",
    ),
    "a row that a check does not take": (
        "ALTER TABLE t ADD CONSTRAINT c CHECK (masked ~ 'canary')",
        MASK,
        'violates check constraint "c"',
    ),
    "a check that shouts": (
        "CREATE FUNCTION shout(v text, w text) RETURNS bool LANGUAGE plpgsql AS "
        "$$BEGIN IF v = 'same' THEN RAISE 'bad % %', v, w; END IF; RETURN true; END$$;"
        "ALTER TABLE t ADD CHECK (shout(masked, kept))",
        MASK,
        "SQLSTATE P0001",
    ),
    "an index that shouts": (
        "CREATE FUNCTION shout(v text, w text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS "
        "$$BEGIN IF v = 'same' THEN RAISE 'bad % %', v, w; END IF; RETURN true; END$$;"
        "CREATE INDEX ON t (shout(masked, kept))",
        MASK,
        "server's log",
    ),
    "a unique index of a view": (
        "CREATE MATERIALIZED VIEW v AS SELECT left(kept, 15) a, masked FROM t; CREATE UNIQUE INDEX u ON v (a, masked)",
        MASK,
        'could not create unique index "u"',
    ),
    "a foreign key of a generated column": (
        "ALTER TABLE t ADD UNIQUE (kept); ALTER TABLE t ADD g text GENERATED ALWAYS AS (kept) STORED;"
        "UPDATE t SET masked = masked; ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (g) REFERENCES t (kept);"
        "ALTER TABLE t DROP COLUMN g; ALTER TABLE t ADD g text GENERATED ALWAYS AS "
        "(CASE WHEN masked = 'same' THEN kept || '!' ELSE kept END) STORED;"
        "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (g) REFERENCES t (kept)",
        MASK,
        'violates foreign key constraint "f"',
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_load_that_fails_says_why_without_the_row(
    pair: Any, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Where the server's DETAIL and CONTEXT quote rows, and where functions put them into the message."""
    change, masks, said = FAILURES[name]
    pair.sql(change)
    with pytest.raises(AnonymizerError) as raised:
        pair.clone({"public.t": {"id": "keep", "n": "keep", **masks}}, key=Key(SECRET.encode()))
    text = f"{raised.value} {raised.value!r} {raised.value.__cause__} {caplog.text} {''.join(capfd.readouterr())}"
    assert said in text
    assert "canary" not in text
    assert pair.oid() is None
    assert not pair.leftovers()


def test_the_list_of_processes_shows_no_secret(pair: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No argument holds password or key, no environment the key, and that of a worker not even the password."""
    monkeypatch.setenv("UNDERSTUDY_KEY", SECRET)
    # so that psql is started, as for any table that is not small
    monkeypatch.setattr("anonymizer.clone.SMALL_BYTES", -1)
    source = make_conninfo(pair.source, password=PASSWORD)
    target = make_conninfo(pair.target, password=PASSWORD)
    programs = Programs(**{name: _telling(name, getattr(pair.programs, name), tmp_path) for name in NAMES})
    seen: dict[str, set[str]] = {}
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for child in psutil.Process().children(recursive=True):
                for kind in ("cmdline", "environ"):
                    try:
                        found = Path(f"/proc/{child.pid}/{kind}").read_bytes()
                        name = Path(os.readlink(f"/proc/{child.pid}/exe")).name  # noqa: PTH115
                    except OSError:
                        continue
                    seen.setdefault(f"{name} {kind}", set()).update(_secrets(found))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        pair.clone(
            {"public.t": {"masked": "text"}},
            source=source,
            target=target,
            key=Key(SECRET.encode()),
            programs=programs,
        )
    finally:
        done.set()
        watcher.join()
    for told in tmp_path.glob("*.told"):
        seen.setdefault(told.name.split("-")[0], set()).update(_secrets(told.read_bytes()))
    assert {f"{name} {kind}" for name in NAMES for kind in ("cmdline", "environ")} <= set(seen)
    for name, secrets in seen.items():
        allowed = {PASSWORD} if name.endswith("environ") and not name.startswith("python") else set()
        assert secrets <= allowed, name


def _secrets(found: bytes) -> set[str]:
    return {secret for secret in (PASSWORD, SECRET, VALUE) if secret.encode() in found}


def _telling(name: str, program: Path, folder: Path) -> Path:
    """The program, which first writes down how it was started: one that ends at once is easily overlooked."""
    script = folder / name
    script.write_text(
        "#!/bin/sh\n"
        f"printf '%s\\n' \"$@\" > '{folder}/{name} cmdline-'$$.told\n"
        f"cat /proc/$$/environ > '{folder}/{name} environ-'$$.told\n"
        f"exec '{program}' \"$@\"\n"
    )
    script.chmod(0o755)
    return script


def test_the_attestation_and_the_result_hold_no_secret(pair: Any, tmp_path: Path) -> None:
    """They name tables, masks and counts."""
    source = make_conninfo(pair.source, password=PASSWORD)
    result = pair.clone({"public.t": {"masked": "text"}}, source=source, attestation=tmp_path / "a.json")
    for text in (repr(result), (tmp_path / "a.json").read_text()):
        assert "canary" not in text


def test_an_end_does_not_show_its_password() -> None:
    """Neither as text, nor for a program."""
    end = endpoint.source(f"postgresql://u:{PASSWORD}@h/d", "prod")
    conninfo, environment = end.program()
    assert PASSWORD not in f"{end} {end!r} {conninfo}"
    assert environment["PGPASSWORD"] == PASSWORD


def test_a_secret_that_only_an_argument_could_carry_is_refused() -> None:
    """Libpq reads no variable for the password of a client's key."""
    end = endpoint.source(f"postgresql://u@h/d?sslpassword={PASSWORD}", "prod")
    with pytest.raises(SecretParameter) as raised:
        end.program()
    assert raised.value.exit_code == 4
    assert PASSWORD not in str(raised.value)
