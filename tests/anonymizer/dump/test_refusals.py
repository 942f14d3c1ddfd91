"""What is not understood is refused, with its line and without its values; what leaves is known beforehand."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizer import policy
from anonymizer.dump.errors import DumpRefused, SubsetOfADump
from anonymizer.dump.filter import anonymize
from anonymizer.keys import Key
from anonymizer.plan import PolicyIncomplete

KEY = Key(b"one more key that only the tests have")
HEAD = "SET client_encoding = 'UTF8';\nCREATE TABLE public.t (\n    id integer NOT NULL,\n    name text\n);\n"
ROWS = "COPY public.t (id, name) FROM stdin;\n1\tMario\n2\t\\N\n\\.\n"
RULES = policy.parse('version = 1\n[tables."public.t"]\nid = "keep"\nname = "text"\n')


class Pipe(io.BytesIO):
    """A stream that can be read once."""

    def seekable(self) -> bool:
        """It is a pipe."""
        return False


def refused(script: str, rules: policy.Policy = RULES, *, pipe: bool = False) -> tuple[Exception, bytes]:
    out = io.BytesIO()
    with pytest.raises((DumpRefused, PolicyIncomplete)) as caught:
        anonymize((Pipe if pipe else io.BytesIO)(script.encode()), out, rules, KEY)
    assert caught.value.exit_code == 4
    assert "Mario" not in str(caught.value)
    return caught.value, out.getvalue()


STRANGE = [
    "SELECT 'Mario' FROM public.t;",
    "SELECT pg_catalog.set_config('search_path', 'public', false);",
    "SELECT pg_catalog.pg_read_file('Mario');",
    "SELECT pg_catalog.setval('public.s', 5, true), 'Mario';",
    "SET search_path = public, pg_catalog;",
    "DO $$ BEGIN INSERT INTO public.t VALUES (1, 'Mario'); END $$;",
    "WITH x AS (SELECT 1) INSERT INTO public.t SELECT 1, 'Mario';",
    "INSERT INTO public.t SELECT 1, 'Mario';",
    "INSERT INTO public.t VALUES (1, upper('Mario'));",
    "INSERT INTO public.t VALUES (1, 'Mario') RETURNING id;",
    "INSERT INTO public.t VALUES (1, 'Mario', 'Mario');",
    "INSERT INTO public.t VALUES (DEFAULT, 'Mario');",
    "INSERT INTO t VALUES (1, 'Mario');",
    "UPDATE public.t SET name = 'Mario';",
    "CREATE ROLE mario PASSWORD 'Mario';",
    "ALTER ROLE mario PASSWORD 'Mario';",
    "GRANT mario TO luigi;",
    "CREATE TABLE public.u AS SELECT 'Mario' AS name;",
    "CREATE TABLE IF NOT EXISTS public.t (id integer NOT NULL, name text, other text);",
    "CREATE TEMPORARY TABLE u (a text);",
    "COPY public.t (id, name) FROM '/tmp/Mario';",
    "COPY public.t (id, name) FROM stdin WITH (FORMAT csv);\n1,Mario\n\\.",
    "COPY t (id, name) FROM stdin;\n1\tMario\n\\.",
    "COPY public.t (id) FROM stdin;\n1\n\\.",
    "COPY public.t (id, other) FROM stdin;\n1\tMario\n\\.",
    "COPY public.t (id, name) FROM stdin;\n1\tMario\tMario\n\\.",
    "COPY public.t (id, name) FROM stdin;\n1\tMario\n\\.Mario\n",
    "COPY public.t (id, name) FROM stdin;\n1\tMario\n",
    "COPY public.unknown (name) FROM stdin;\nMario\n\\.",
    "\\copy public.t from mario.txt",
    "\\i mario.sql",
    "\\! echo Mario",
    "SET client_encoding = 'SJIS';",
    "VACUUM;",
]


@pytest.mark.parametrize("pipe", [False, True])
@pytest.mark.parametrize("statement", STRANGE)
def test_what_pg_dump_does_not_write_is_refused(statement: str, pipe: bool) -> None:
    """With exit code 4 and the line; nothing of a row is in the message, and nothing unmasked in the output."""
    error, out = refused(f"{HEAD}{ROWS}\n{statement}\n", pipe=pipe)
    assert isinstance(error, DumpRefused)
    assert error.line >= 10
    assert b"Mario" not in out


def test_a_file_that_is_refused_leaves_nothing() -> None:
    """It is looked through before anything is written."""
    assert refused(f"{HEAD}{ROWS}VACUUM;\n")[1] == b""


def test_a_pipe_that_is_refused_before_its_rows_leaves_nothing() -> None:
    """The schema is held back until the policy fits."""
    script = HEAD.replace("name text", "name text,\n    added text") + ROWS
    error, out = refused(script, pipe=True)
    assert isinstance(error, PolicyIncomplete)
    assert "public.t.added" in str(error)
    assert out == b""


def test_an_output_that_is_incomplete_does_not_load(database: str, dumps: Any) -> None:
    """From a pipe what was begun ends in a statement that fails: one transaction loads nothing."""
    _, out = refused(f"{HEAD}{ROWS}VACUUM;\n", pipe=True)
    assert "this dump is incomplete" in dumps.load(database, out, "--single-transaction")
    _, out = refused(f"{HEAD}{ROWS}{ROWS[:-3]}oops\n\\.\n", pipe=True)
    assert "this dump is incomplete" in dumps.load(database, out, "--single-transaction")
    assert "does not exist" in dumps.load(database, b"SELECT * FROM public.t;")


@pytest.mark.parametrize("pipe", [False, True])
@pytest.mark.parametrize(
    ("behind", "names"),
    [
        ("ALTER TABLE ONLY public.t ADD CONSTRAINT u UNIQUE (name);", "public.t.name: the column is unique"),
        ("CREATE UNIQUE INDEX u ON public.t USING btree (lower(name));", "public.t.name: the column is unique"),
    ],
)
def test_what_stands_behind_the_rows_counts(behind: str, names: str, pipe: bool) -> None:
    """A mask that repeats itself on a column that turns out unique refuses, as for a clone."""
    rules = policy.parse('version = 1\n[tables."public.t"]\nid = "keep"\nname = "city"\n')
    error, out = refused(f"{HEAD}{ROWS}{behind}\n", rules, pipe=pipe)
    assert names in str(error)
    assert bool(out) == pipe


def test_a_key_that_would_change_the_masks_is_refused_from_a_pipe() -> None:
    """Both ends of a reference are cut to the shorter one's length; behind the rows that comes too late."""
    script = (
        "CREATE TABLE public.a (k character varying(40));\nCREATE TABLE public.b (k character varying(20));\n"
        "COPY public.a (k) FROM stdin;\nMario\n\\.\n"
        "ALTER TABLE ONLY public.a ADD CONSTRAINT f FOREIGN KEY (k) REFERENCES public.b(k);\n"
    )
    rules = policy.parse('version = 1\n[tables."public.a"]\nk = "text"\n[tables."public.b"]\nk = "text"\n')
    error, _ = refused(script, rules, pipe=True)
    assert "public.a" in str(error)
    assert "--schema" in str(error)
    anonymize(io.BytesIO(script.encode()), io.BytesIO(), rules, KEY)


def test_comments_are_left_out_unless_they_are_pg_dump_s() -> None:
    """Nobody knows what another comment quotes."""
    out = io.BytesIO()
    script = f"-- Mario\n/* Mario */\n--\n-- Name: t; Type: TABLE; Schema: public; Owner: x\n--\n{HEAD}{ROWS}"
    made = anonymize(io.BytesIO(script.encode()), out, RULES, KEY)
    assert b"Mario" not in out.getvalue()
    assert b"-- Name: t; Type: TABLE" in out.getvalue()
    assert made.left_out == ("2 comments that pg_dump did not write",)


VALUE = st.one_of(
    st.none(),
    st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=10),
    st.sampled_from(["", "'", "\\", "\\'", ");", "NULL", "\n\t", "\\N", "', '", "\ufeff", "(1"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(VALUE, VALUE), min_size=1, max_size=5), st.booleans(), st.booleans())
def test_values_of_insert_arrive_as_they_were(
    rows: list[tuple[str | None, str | None]], one: bool, strict: bool
) -> None:
    """Any value of a kept column beside a masked one; and a masked one as COPY would have it masked."""

    def literal(value: str | None) -> str:
        quoted = "NULL" if value is None else "'" + value.replace("'", "''") + "'"
        return quoted if strict else quoted.replace("\\", "\\\\")

    head = "CREATE TABLE public.t (name text, kept text);\nSET standard_conforming_strings = "
    head += "on;\n" if strict else "off;\n"
    written = [f"({literal(a)}, {literal(b)})" for a, b in rows]
    begin = "INSERT INTO public.t VALUES "
    script = (
        head + ("\n".join(f"{begin}{row};" for row in written) if one else begin + ",\n\t".join(written) + ";") + "\n"
    )
    rules = policy.parse(
        'version = 1\n[tables."public.t"]\nname = { mask = "constant", value = "a\'\\\\b" }\nkept = "keep"\n'
    )
    out = io.BytesIO()
    made = anonymize(io.BytesIO(script.encode()), out, rules, KEY)
    expected = [(value if value is None else "a'\\b", kept) for value, kept in rows]
    wanted = [f"({literal(a)}, {literal(b)})" for a, b in expected]
    body = "\n".join(f"{begin}{row};" for row in wanted) if one else begin + ",\n\t".join(wanted) + ";"
    assert out.getvalue().decode() == f"BEGIN;\n{head}{body}\n\nCOMMIT;\n"
    assert made.rows == len(rows)


def test_the_command_masks_a_file_and_says_what_it_left_out(hard: Any, dumps: Any, tmp_path: Path) -> None:
    """The program itself: standard input to standard output, messages on standard error, exit codes."""
    rules = tmp_path / "policy.toml"
    rules.write_text('version = 1\n[tables."public.t"]\nid = "keep"\nname = "text"\n', encoding="utf-8")
    key = tmp_path / "key"
    key.write_text("k" * 40, encoding="utf-8")
    dump = tmp_path / "dump.sql"

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        program = [sys.executable, "-c", "from understudy.cli import main; main()", "anonymize", "--policy", str(rules)]
        with dump.open("rb") as file:
            return subprocess.run(
                [*program, "--key-file", str(key), *arguments],
                stdin=file,
                capture_output=True,
                check=False,
                timeout=120,
            )

    dump.write_text(HEAD + ROWS, encoding="utf-8")
    done = run()
    assert done.returncode == 0
    assert done.stdout.startswith(b"BEGIN;\n" + HEAD.encode())
    assert done.stdout.endswith(b"\nCOMMIT;\n")
    assert b"Mario" not in done.stdout
    assert b"2 rows" in done.stderr
    told = run("--json", "--output", str(tmp_path / "out.sql"))
    assert (tmp_path / "out.sql").read_bytes() == done.stdout
    assert b'"rows": 2' in told.stdout
    assert run("--json").returncode == 2
    dump.write_text(HEAD + ROWS + "VACUUM;\n", encoding="utf-8")
    failed = run("--output", str(tmp_path / "other.sql"))
    assert failed.returncode == 4
    assert b"Line 10" in failed.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dump.sql", "key", "out.sql", "policy.toml"]


def test_a_policy_with_a_subset_is_refused() -> None:
    """What refers to what is not known before the rows have gone by."""
    rules = policy.parse('version = 1\n[tables."public.t"]\n"*" = "keep"\n[subset]\n"public.t" = "5%"\n')
    out = io.BytesIO()
    with pytest.raises(SubsetOfADump):
        anonymize(io.BytesIO((HEAD + ROWS).encode()), out, rules, KEY)
    assert out.getvalue() == b""
