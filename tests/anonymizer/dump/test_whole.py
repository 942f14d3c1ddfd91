"""What is a whole dump, and what a part of one leaves behind: nothing that anybody could take for a database."""

from __future__ import annotations

import io
from typing import Any

import pytest

from anonymizer import policy
from anonymizer.dump.errors import DumpRefused, EmptyDump
from anonymizer.dump.filter import anonymize
from anonymizer.errors import AnonymizerError
from anonymizer.keys import Key
from understudy.postgres import connect

KEY = Key(b"one more key that only the tests have")
RULES = policy.parse('version = 1\n[tables."public.t"]\nid = "keep"\nname = "text"\n')
BEGINS = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nSET client_encoding = 'UTF8';\n\n"
TABLE = "CREATE TABLE public.t (\n    id integer NOT NULL,\n    name text\n);\n\n"
ROWS = "COPY public.t (id, name) FROM stdin;\n1\tMario\n2\t\\N\n\\.\n\n"
BEHIND = "ALTER TABLE ONLY public.t\n    ADD CONSTRAINT t_pkey PRIMARY KEY (id);\n\n"
ENDS = "--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n\n"
DUMP = BEGINS + TABLE + ROWS + BEHIND + ENDS


class Pipe(io.BytesIO):
    """A stream that can be read once."""

    def seekable(self) -> bool:
        """It is a pipe."""
        return False


def run(script: str, *, pipe: bool, **options: Any) -> tuple[AnonymizerError | None, bytes]:
    """What it was refused for, if it was, and what was written."""
    out = io.BytesIO()
    try:
        anonymize((Pipe if pipe else io.BytesIO)(script.encode()), out, RULES, KEY, **options)
    except AnonymizerError as error:
        return error, out.getvalue()
    return None, out.getvalue()


def lines_of(script: str) -> list[str]:
    """The script up to each of its lines but the last that says anything."""
    lines = script.rstrip().splitlines(keepends=True)
    return ["".join(lines[:at]) for at in range(len(lines))]


@pytest.mark.parametrize("pipe", [False, True])
@pytest.mark.parametrize("transaction", [False, True])
def test_a_dump_that_is_cut_off_is_refused_wherever_it_is(pipe: bool, transaction: bool) -> None:
    """Behind any line, between statements too. Of a file nothing is written; what a pipe leaves has no end."""
    assert run(DUMP, pipe=pipe, transaction=transaction)[0] is None
    for part in lines_of(DUMP):
        error, out = run(part, pipe=pipe, transaction=transaction)
        assert isinstance(error, DumpRefused | EmptyDump), part
        assert error.exit_code == 4
        assert pipe or out == b""
        assert b"dump complete" not in out
        assert not out.endswith(b"COMMIT;\n")


def test_a_part_of_the_output_loads_to_nothing(make_database: Any, dumps: Any) -> None:
    """Whatever psql is told, and wherever the output ends: behind any line of a whole one, or with a refusal."""
    target = make_database()
    whole = run(DUMP, pipe=True)[1].decode()
    refused = run(DUMP.removesuffix(ENDS), pipe=True)[1]
    assert refused.startswith(b"--\n-- PostgreSQL database dump\n")
    for part in (*(part.encode() for part in lines_of(whole)), refused):
        dumps.load(target, part, "--set=ON_ERROR_STOP=0")
        with connect(target) as connection:
            assert connection.execute("SELECT to_regclass('public.t')").fetchone() == (None,), part
    assert not dumps.load(target, whole.encode())
    with connect(target) as connection:
        assert connection.execute("SELECT count(*) FROM public.t").fetchone() == (2,)


def test_without_a_transaction_a_refusal_fails_to_load(make_database: Any, dumps: Any) -> None:
    """Nothing is taken back then, and psql must be told to stop; the statement that fails says why."""
    error, out = run(DUMP.removesuffix(ENDS), pipe=True, transaction=False)
    assert error
    assert b"BEGIN;" not in out
    assert "this dump is incomplete" in dumps.load(make_database(), out)


@pytest.mark.parametrize("pipe", [False, True])
@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("", "the dump is empty"),
        ("\n\n-- nothing\n", "the dump is empty"),
        (TABLE + ENDS, "its first lines are missing"),
        (BEGINS + BEGINS + TABLE + ENDS, "a backslash command|begins inside of another"),
        (DUMP + "SELECT 1;\n", "behind the end of the dump"),
        (DUMP + ROWS, "behind the end of the dump"),
        (DUMP.replace("unrestrict abc", "unrestrict abd"), "a backslash command"),
        (DUMP.replace("\n", "\r\n"), "as Windows ends them"),
        ("--\n-- PostgreSQL database cluster dump\n--\n\n" + TABLE, "a whole cluster"),
        (DUMP + "\\connect other\n\n" + DUMP, "several databases"),
    ],
)
def test_what_is_no_whole_dump_of_one_database_is_refused(script: str, why: str, pipe: bool) -> None:
    """With the reason, and without an end."""
    error, out = run(script, pipe=pipe)
    assert error is not None
    assert any(reason in str(error) for reason in why.split("|"))
    assert not out.endswith(b"COMMIT;\n")


@pytest.mark.parametrize("pipe", [False, True])
def test_several_sections_are_one_dump(pipe: bool) -> None:
    """pg_dump --section writes a dump for each; one behind the other they are one transaction."""
    sections = [BEGINS + part + ENDS for part in (TABLE, ROWS, BEHIND)]
    error, out = run("".join(sections), pipe=pipe)
    assert error is None
    assert out.count(b"BEGIN;\n") == 1
    assert out.count(b"dump complete") == 3
    assert out.endswith(b"\nCOMMIT;\n")


def test_a_database_of_its_own_is_made_before_the_transaction() -> None:
    r"""pg_dump --create: CREATE DATABASE cannot stand in one, and what stands behind the \connect does."""
    made = "CREATE DATABASE d WITH TEMPLATE = template0 ENCODING = 'UTF8';\n"
    restart = f"\\unrestrict abc\n\\connect d\n\\restrict abc\n\nSET client_encoding = 'UTF8';\n{TABLE}"
    error, out = run(BEGINS + made + restart + ROWS + ENDS, pipe=True)
    assert error is None
    assert out.index(b"CREATE DATABASE") < out.index(b"\\connect") < out.index(b"BEGIN;") < out.index(b"CREATE TABLE")
