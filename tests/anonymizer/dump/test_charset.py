"""Dumps in another encoding than UTF-8: read as the server does, masked as a clone's rows, written as they were."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from anonymizer import policy
from anonymizer.dump import charset
from anonymizer.dump.charset import NotInCharset
from anonymizer.dump.errors import DumpRefused
from anonymizer.dump.filter import anonymize
from anonymizer.keys import Key
from understudy.postgres import connect

KEY = Key(b"one more key that only the tests have")
DECODE = """
CREATE FUNCTION pg_temp.decoded(b bytea, e text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN RETURN convert_from(b, e); EXCEPTION WHEN OTHERS THEN RETURN NULL; END $$
"""
HIGH = range(0xA1, 0xFF)


def characters(name: str) -> list[bytes]:
    """Everything that may be one character."""
    if not name.startswith("EUC"):
        return [bytes([byte]) for byte in range(1, 256)]
    found = [bytes([byte]) for byte in range(1, 128)] + [bytes([a, b]) for a in (0x8E, *HIGH) for b in HIGH]
    return found + [bytes([0x8F, a, b]) for a in HIGH for b in HIGH] * (name == "EUC_JP")


def read(encoding: charset.Charset, character: bytes) -> str | None:
    try:
        return encoding.to_utf8(character).decode()
    except NotInCharset:
        return None


def test_every_character_is_read_as_the_server_reads_it(database: str) -> None:
    """Of every encoding, and written back it is the same bytes. What cannot be is refused, and that is rare."""
    with connect(database) as connection:
        connection.execute(DECODE)
        for name in charset.NAMES[2:]:
            encoding = charset.find(name)
            assert encoding is not None
            sent = characters(name)
            query = "SELECT pg_temp.decoded(b, %s) FROM unnest(%s::bytea[]) WITH ORDINALITY u (b, n) ORDER BY n"
            known = [row[0] for row in connection.execute(query, [name, sent])]
            mine = [read(encoding, one) for one in sent]
            refused = 0
            for one, theirs, ours in zip(sent, known, mine, strict=True):
                if ours is None:
                    refused += theirs is not None
                else:
                    assert ours == theirs or theirs is None, (name, one)
                    assert encoding.from_utf8(ours.encode()) == one
            # NEC's own characters in EUC_JP, and two in EUC_KR
            assert refused <= {"EUC_JP": 189, "EUC_KR": 2}.get(name, 0), name


TEXTS = {
    "LATIN1": ["Müller", "Zoë d'Été", "naïve \\ 'ÿ'"],
    "WIN1252": ["Šárka “Žižka”", "€ 5 – œuvre", "Ÿ"],
    "EUC_JP": ["山田 太郎", "東京〒100", "ソ表"],
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_a_database_of_another_encoding_comes_out_as_its_clone(
    encoding: str,
    open_pair: Callable[..., AbstractContextManager[Any]],
    make_database: Callable[[], str],
    dumps: Any,
    mask: Any,
    copy_of: Any,
) -> None:
    """By COPY and by INSERT; names of tables, columns and labels too, and kept columns byte for byte."""
    texts = TEXTS[encoding]
    word = texts[0].split()[0]
    with open_pair(f"ENCODING '{encoding}' LOCALE_PROVIDER libc LOCALE 'C'") as pair:
        pair.sql(
            f'CREATE TABLE "{word}" (id int PRIMARY KEY, "{word} x" text, kept text, number text, words text[])',
            f"COMMENT ON TABLE \"{word}\" IS '{word}'",
        )
        for at, text in enumerate(texts):
            quoted, kept = ("'" + one.replace("'", "''") + "'" for one in (text, f"\\{text[::-1]}"))
            pair.sql(f"INSERT INTO \"{word}\" VALUES ({at}, {quoted}, {kept}, 'id {at}', ARRAY[{quoted}])")
        masks = {f"{word} x": "text", "number": "fpe", "words": "text"}
        rules = pair.policy({f'public."{word}"': masks})
        pair.clone(rules)
        for form in ((), ("--inserts",), ("--column-inserts", "--rows-per-insert=2")):
            masked, made = mask(dumps.dump(pair.source, *form), rules, pair.key, pipe=not form)
            assert f"client_encoding = '{encoding}'".encode() in masked
            assert made.rows == len(texts)
            target = make_database()
            assert not dumps.load(target, masked)
            query = f'SELECT * FROM "{word}" ORDER BY id'
            ours, theirs = (copy_of(f"{dsn} client_encoding=utf8", query) for dsn in (target, pair.target))
            assert ours == theirs


@pytest.mark.parametrize("encoding", ["SJIS", "BIG5", "GB18030", "MULE_INTERNAL", "EUC_TW", "EUC_JIS_2004"])
def test_an_encoding_that_is_not_read_exactly_is_refused(encoding: str) -> None:
    """Before anything is written; the hint is how to dump it."""
    out = io.BytesIO()
    with pytest.raises(DumpRefused, match="the dump is in an encoding") as refused:
        anonymize(io.BytesIO(f"SET client_encoding = '{encoding}';\n".encode()), out, policy.parse("version = 1"), KEY)
    assert "--encoding=UTF8" in str(refused.value.hint)
    assert not out.getvalue()


@pytest.mark.parametrize("rows", ["COPY public.t (a) FROM stdin;\n%b\n\\.\n", "INSERT INTO public.t VALUES ('%b');\n"])
def test_a_character_that_only_the_server_knows_is_refused(rows: str) -> None:
    """NEC's circled digit one in EUC_JP: it could not be written back. A table without masks may have it."""
    rules = policy.parse('version = 1\n[tables."public.t"]\na = "text"\n')
    script = b"SET client_encoding = 'EUC_JP';\nCREATE TABLE public.t (a text);\n" + rows.encode() % b"\xad\xa1"
    with pytest.raises(DumpRefused, match="in the dump's encoding"):
        anonymize(io.BytesIO(script), io.BytesIO(), rules, KEY)
    out = io.BytesIO()
    anonymize(io.BytesIO(script), out, policy.parse('version = 1\n[tables."public.t"]\na = "keep"\n'), KEY)
    assert b"\xad\xa1" in out.getvalue()
