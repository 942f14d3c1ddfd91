"""A database with everything in it that makes a dump hard to read, and the filter as the tests call it."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest

from anonymizer import catalog, identifiers, maskers
from anonymizer.clone import Request, clone
from anonymizer.dump.filter import Filtered, anonymize
from anonymizer.endpoint import source as source_end
from anonymizer.keys import Key
from anonymizer.maskers import Mask
from anonymizer.policy import Policy, TablePolicy
from anonymizer.schema import Programs
from understudy.postgres import Server, connect
from understudy.postgres.dsn import program_environment
from understudy.postgres.programs import find

HOSTILE = r"""
CREATE SCHEMA "Sales 24";
CREATE TYPE mood AS ENUM ('sad', 'it''s; fine');
CREATE TYPE place AS (street text, "zip code" varchar(5));
CREATE DOMAIN short_text AS varchar(20) NOT NULL;
CREATE DOMAIN shorter AS short_text CHECK (length(VALUE) < 18);
CREATE DOMAIN names AS text[];
CREATE TABLE people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dropped int,
    email varchar(60) NOT NULL,
    "Full ""Name"" x" text DEFAULT 'no; name'
        CHECK ("Full ""Name"" x" IS NOT NULL),
    nick shorter DEFAULT 'x',
    tags text[],
    nested text[][],
    friends names,
    home place,
    m mood,
    profile jsonb,
    notes text,
    seen timestamptz,
    visits timestamptz[],
    born date,
    amount numeric(12, 3),
    active boolean,
    bits bit(4),
    last_ip inet,
    raw bytea,
    upper_email text GENERATED ALWAYS AS (upper(email)) STORED,
    parent bigint REFERENCES people
);
ALTER TABLE people DROP COLUMN dropped;
CREATE UNIQUE INDEX ON people (lower(email));
INSERT INTO people (email, "Full ""Name"" x", tags, nested, friends, home, m, profile, notes, seen, visits, born,
                    amount, active, bits, last_ip, raw, parent)
SELECT 'person' || i || '@corp.it', CASE i % 4 WHEN 0 THEN '' WHEN 1 THEN 'O''Hara \ ' || i ELSE E'a\tb\nc' || i END,
       ARRAY['x,' || i, NULL, '"q"', 'back\slash'], ARRAY[['a', 'b' || i], ['c''d', 'NULL']],
       ARRAY['Zoe ' || i],
       ROW('Via "Roma" ' || i, '0012' || i % 10)::place, 'it''s; fine',
       jsonb_build_object('contact', jsonb_build_object('email', 'person' || i || '@corp.it'), 'n', i),
       CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN E'line one\n\\.\nINSERT INTO x VALUES (1);' || i ELSE $$it''s$$ || i END,
       timestamptz '2024-03-31 00:30:00+00' + i * interval '1 hour',
       ARRAY[timestamptz '2020-01-01 00:00:00.25+00', NULL],
       date '1980-01-01' + i, i * 1.125, i % 2 = 0, (i % 16)::bit(4), ('10.0.0.' || i % 250)::inet,
       decode(md5(i::text), 'hex'), nullif(i % 7, 0)
FROM generate_series(1, 40) AS i;
INSERT INTO people (email, "Full ""Name"" x", seen, m) VALUES
  ('', 'only', '-infinity', 'sad'), (E'wei\\rd''@x', 'nul', '0044-03-15 12:00:00+00 BC', NULL);
CREATE TABLE "Sales 24"."Or;ders" (
    "Buyer" bigint REFERENCES people, placed date NOT NULL, email varchar(60), note text
) PARTITION BY RANGE (placed);
CREATE TABLE "Sales 24".early PARTITION OF "Sales 24"."Or;ders" FOR VALUES FROM (MINVALUE) TO ('2024-01-01')
  PARTITION BY LIST ("Buyer");
CREATE TABLE "Sales 24".early_all PARTITION OF "Sales 24".early DEFAULT;
CREATE TABLE "Sales 24".late (note text, email varchar(60), "Buyer" bigint, placed date NOT NULL);
ALTER TABLE "Sales 24"."Or;ders" ATTACH PARTITION "Sales 24".late FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
INSERT INTO "Sales 24"."Or;ders"
SELECT 1 + i % 40, date '2023-12-20' + i, 'person' || i || '@corp.it', 'bought by person' || i
FROM generate_series(1, 30) i;
CREATE TABLE base (id int, label text);
CREATE TABLE derived (extra text, label text) INHERITS (base);
CREATE TABLE wide_none ();
INSERT INTO wide_none DEFAULT VALUES;
INSERT INTO base VALUES (1, 'Mario');
INSERT INTO derived VALUES (2, 'Luigi', 'Verdi'), (3, NULL, '\N');
CREATE TABLE single (only_one text);
INSERT INTO single VALUES (''), (NULL), ('\.'), ('Anna');
CREATE TABLE secret_log (id int, payload text);
INSERT INTO secret_log SELECT i, 'Rossi ' || i FROM generate_series(1, 20) i;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n, min(email) AS first FROM people;
CREATE VIEW shown AS SELECT id, CASE WHEN active THEN 'yes; it is' ELSE 'no' END AS answer FROM people;
CREATE FUNCTION body() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN RETURN 1; -- it's ; $$
END $body$;
CREATE FUNCTION atomic(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a > 1 THEN 2 END; END;
CREATE RULE quiet AS ON DELETE TO single DO ALSO (UPDATE base SET id = 1; DELETE FROM base WHERE id = 2);
COMMENT ON TABLE people IS 'semicolon; quote '' and $$';
COMMENT ON COLUMN people.email IS E'two\nlines \\ of it';
CREATE INDEX ON people USING gin (profile);
CREATE STATISTICS both_of_them ON email, nick FROM people;
ALTER TABLE people ALTER COLUMN email SET STATISTICS 500;
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON people USING (email = current_user);
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (password 'hunter2');
CREATE FOREIGN TABLE far_away (a int, b text NOT NULL) SERVER far;
CREATE SUBSCRIPTION listens CONNECTION 'host=nowhere password=hunter2' PUBLICATION p WITH (connect = false);
SELECT lo_from_bytea(0, 'Giovanni in a large object');
"""

MASKS: dict[str, dict[str, Any] | str] = {
    "public.people": {
        "id": "keep",
        "email": "email",
        'Full "Name" x': "name",
        "nick": "text",
        "tags": "text",
        "nested": "text",
        "friends": "first_name",
        "home": "null",
        "m": "keep",
        "profile": {"mask": "json", "paths": {"$.contact.email": "email"}, "others": "keep"},
        "notes": "text",
        "seen": {"mask": "faker", "provider": "numerify", "args": {"text": "200%-0%-1% 0%:1%:2%+00"}},
        "visits": {"mask": "faker", "provider": "numerify", "args": {"text": "200%-0%-1% 0%:1%:2%+00"}},
        "born": "keep",
        "amount": "keep",
        "active": "keep",
        "bits": "keep",
        "last_ip": "ip",
        "raw": "keep",
        "parent": "keep",
    },
    '"Sales 24"."Or;ders"': {"email": "email", "note": "text", "*": "keep"},
    "public.base": {"label": "first_name", "*": "keep"},
    "public.derived": {"label": "first_name", "extra": "text", "*": "keep"},
    "public.single": {"only_one": "first_name"},
    "public.secret_log": "drop-rows",
}


@dataclass(frozen=True)
class Dumps:
    """Dumps, filters and loads, all by PostgreSQL's own programs."""

    major: int

    def dump(self, dsn: str, *flags: str, **environment: str) -> bytes:
        """A plain dump of a database."""
        conninfo, programs = program_environment(dsn)
        done = subprocess.run(
            [find("pg_dump", server_major=self.major).path, *flags, conninfo],
            capture_output=True,
            check=True,
            timeout=120,
            env={**programs, **environment},
        )
        return done.stdout

    def load(self, dsn: str, script: bytes, *flags: str) -> str:
        """Runs a script in one transaction; what psql complained of, empty when all went well."""
        conninfo, programs = program_environment(dsn)
        program = find("psql", server_major=self.major).path
        done = subprocess.run(
            [program, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *flags, conninfo],
            input=script,
            capture_output=True,
            check=False,
            timeout=120,
            env={**os.environ, **programs},
        )
        return done.stderr.decode() if done.returncode else ""


class Pipe(io.BytesIO):
    """A stream that can be read once."""

    def seekable(self) -> bool:
        """It is a pipe."""
        return False


def filtered(dump: bytes, policy: Policy, key: Key, *, pipe: bool = False, **options: Any) -> tuple[bytes, Filtered]:
    """The masked dump, and what is told of it."""
    out = io.BytesIO()
    made = anonymize(Pipe(dump) if pipe else io.BytesIO(dump), out, policy, key, **options)
    return out.getvalue(), made


@pytest.fixture
def mask() -> Callable[..., tuple[bytes, Filtered]]:
    """The filter."""
    return filtered


@pytest.fixture(scope="session")
def dumps(postgres_server: Server) -> Dumps:
    """Dumps of databases on the session's server."""
    return Dumps(postgres_server.major())


@dataclass(frozen=True)
class Hard:
    """The hostile database, its clone, and the policy and key that the clone was made by."""

    source: str
    target: str
    policy: Policy
    key: Key


def rules(dsn: str, masks: Mapping[str, Mapping[str, Any] | str], locale: str = "it_IT") -> Policy:
    """A policy that keeps everything but what is said."""
    with source_end(dsn, "source").connect() as connection:
        tables = [table for table in catalog.tables(connection) if table.name == table.root and not table.foreign]
    entries = {table.name: TablePolicy({}, Mask("keep")) for table in tables}
    for text, spec in masks.items():
        given = {"*": spec} if isinstance(spec, str) else spec
        columns = {column: maskers.parse(mask) for column, mask in given.items()}
        entries[identifiers.parse(text)] = TablePolicy(columns, columns.pop("*", None))
    return Policy(entries, locale)


@pytest.fixture(scope="session")
def policy_of() -> Callable[..., Policy]:
    """Policies that keep everything but what is said."""
    return rules


@pytest.fixture(scope="session")
def hard(postgres_server: Server, programs: Programs, dumps: Dumps) -> Iterator[Hard]:
    """The hostile database and its clone, made once."""
    with postgres_server.scratch() as source, postgres_server.scratch() as target:
        assert not dumps.load(source, HOSTILE.encode())
        try:
            policy = rules(source, MASKS)
            key = Key(b"another key that only the tests have and that is long enough")
            clone(Request(source, target, "the source", "the target", policy, key, programs, jobs=1))
            yield Hard(source, target, policy, key)
        finally:
            # a database that subscribes is not dropped
            with connect(source) as connection:
                connection.execute("ALTER SUBSCRIPTION listens SET (slot_name = NONE)")
                connection.execute("DROP SUBSCRIPTION listens")


@pytest.fixture
def copy_of() -> Callable[[str, str], bytes]:
    """The rows of a query as COPY writes them, in UTC."""

    def copy(dsn: str, query: str) -> bytes:
        with (
            psycopg.connect(dsn, options="-c extra_float_digits=3 -c timezone=UTC") as connection,
            connection.cursor().copy(f"COPY ({query}) TO STDOUT".encode()) as rows,
        ):
            return b"".join(bytes(block) for block in rows)

    return copy


GENERATED_FORMS = (
    (),
    ("--inserts",),
    ("--column-inserts", "--rows-per-insert=2", "--quote-all-identifiers"),
    ("--disable-dollar-quoting", "--inserts", "--no-comments", "--rows-per-insert=100"),
    ("--clean", "--if-exists", "--disable-triggers"),
    ("--load-via-partition-root", "--no-owner", "--encoding=UTF8"),
)
"""How pg_dump is asked; each batch another way."""


@dataclass(frozen=True)
class Whole:
    """What a clone of generated schemas promises, looked for."""

    dumps: Dumps
    make_database: Callable[[], str]

    @staticmethod
    def clone(pair: Any, policy: Policy, schemas: Sequence[Any]) -> None:
        """Clones; nothing leaks, nothing breaks, no kept byte changes, and sequences are ahead."""
        result = pair.clone(policy)
        assert result.verification.passed
        assert not pair.differences()
        assert not pair.sql("SELECT conname FROM pg_constraint WHERE NOT convalidated", target=True)
        # whatever the fields are called, and also in what is made of them
        everything = b"".join(pair.copied(name, target=True, order=UNORDERED) for name in relations(pair))
        for schema in schemas:
            for word in schema.secrets:
                assert word.encode() not in everything
                assert word.encode().hex().encode() not in everything
            for table, columns in schema.kept.items():
                query = f"(SELECT {', '.join([*columns, 'tableoid::regclass'])} FROM {table}) x"
                before, after = (
                    pair.copied(query, target=side, order=UNORDERED).split(b"\n") for side in (False, True)
                )
                assert sorted(before) == sorted(after), table
            for table in (table for table, masks in schema.masks.items() if "own" in masks):
                # a sequence that was never called has no last value, and its table no rows
                own = f"pg_get_serial_sequence($name${table}$name$, 'own')"
                query = f"SELECT pg_sequence_last_value({own}) < max(own) FROM {table}"
                assert pair.sql(query, target=True) in ([(False,)], [(None,)])

    def dump(self, pair: Any, policy: Policy, form: int) -> None:
        """A dump through the filter, loaded, is the clone: every row, and where sequences stand."""
        dump = self.dumps.dump(pair.source, *GENERATED_FORMS[form % len(GENERATED_FORMS)])
        masked, _ = filtered(dump, policy, pair.key)
        other = self.make_database()
        assert not self.dumps.load(other, masked)
        clone, loaded = replace(pair, source=pair.target), replace(pair, source=other)
        for name in relations(pair):
            ours, theirs = (side.copied(name, order=UNORDERED).split(b"\n") for side in (clone, loaded))
            assert sorted(ours) == sorted(theirs), name
        states = "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2"
        assert clone.sql(states) == loaded.sql(states)


UNORDERED = "(SELECT 1)"


def relations(pair: Any) -> list[str]:
    """What has rows of its own, in the clone."""
    query = "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'm') AND oid >= 16384"
    return [name for (name,) in pair.sql(query, target=True)]


@pytest.fixture
def whole(dumps: Dumps, make_database: Callable[[], str]) -> Whole:
    """Looks for all that a clone promises."""
    return Whole(dumps, make_database)
