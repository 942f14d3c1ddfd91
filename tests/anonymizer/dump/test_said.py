"""What a dump says outside of its rows is looked at as a clone looks at it, and goes by the same names."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import pytest

from anonymizer import literals, policy
from anonymizer.draft import reading
from anonymizer.dump.filter import anonymize
from anonymizer.endpoint import source as source_end
from anonymizer.keys import Key
from anonymizer.plan import PolicyIncomplete

KEY = Key(b"one more key that only the tests have")
SCHEMA = r"""
CREATE TABLE t (id int PRIMARY KEY, who text DEFAULT 'c@x.it', n int CHECK (n <> 7));
ALTER TABLE t ADD CONSTRAINT nobody CHECK (who <> 'c@x.it') NO INHERIT;
CREATE DOMAIN d AS text DEFAULT 'c@x.it' CHECK (VALUE <> 'c@x.it');
COMMENT ON TABLE t IS 'ask Maria Rossi';
COMMENT ON COLUMN t.who IS '+39 06 6982 1234';
CREATE TYPE e AS ENUM ('one', 'c@x.it');
CREATE FUNCTION f(a text DEFAULT 'x') RETURNS text LANGUAGE sql AS $$ SELECT 'c@x.it' $$;
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION evf() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g('c@x.it');
CREATE VIEW v AS SELECT * FROM t WHERE who = 'c@x.it';
CREATE RULE s AS ON DELETE TO v DO INSTEAD UPDATE t SET who = 'c@x.it';
CREATE INDEX i ON t (id) WHERE who = 'c@x.it';
CREATE POLICY p ON t USING (who = 'c@x.it');
CREATE STATISTICS st ON (who || 'c@x.it') FROM t;
CREATE SCHEMA "S 1";
CREATE TYPE "S 1".pair AS (a text, b int);
COMMENT ON COLUMN "S 1".pair.a IS 'c@x.it';
CREATE TABLE "S 1"."T;1" (id int GENERATED ALWAYS AS IDENTITY, "x y" text COLLATE "C" DEFAULT 'c@x.it'::text NOT
  NULL, g text GENERATED ALWAYS AS ('c@x.it'||'x') STORED, p "S 1".pair, CHECK (id > 0), CONSTRAINT "K k" CHECK
  ("x y" <> 'c@x.it'));
COMMENT ON CONSTRAINT "K k" ON "S 1"."T;1" IS 'c@x.it';
COMMENT ON COLUMN "S 1"."T;1"."x y" IS 'c@x.it';
COMMENT ON TYPE "S 1".pair IS 'c@x.it';
COMMENT ON SCHEMA "S 1" IS 'c@x.it';
CREATE FUNCTION "S 1".ff(a int, VARIADIC b text[] DEFAULT '{c@x.it}', OUT c timestamp with time zone, OUT d
  "S 1".pair) LANGUAGE sql AS $$ SELECT now(), NULL::"S 1".pair $$;
CREATE PROCEDURE "S 1".pp(INOUT a character varying, IN b numeric(3,1)) LANGUAGE plpgsql AS $$ BEGIN a := 'c@x.it';
  END $$;
CREATE FUNCTION tt(double precision, x "S 1".pair, y "S 1"."T;1") RETURNS TABLE(a int, b text) LANGUAGE sql AS $$
  SELECT 1, 'c@x.it' $$;
COMMENT ON FUNCTION tt IS 'c@x.it';
COMMENT ON PROCEDURE "S 1".pp IS 'c@x.it';
COMMENT ON FUNCTION "S 1".ff IS 'c@x.it';
CREATE AGGREGATE agg(int) (SFUNC=int4pl, STYPE=int);
COMMENT ON AGGREGATE agg(int) IS 'c@x.it';
CREATE MATERIALIZED VIEW mv AS SELECT 'c@x.it' AS m;
COMMENT ON MATERIALIZED VIEW mv IS 'c@x.it';
COMMENT ON COLUMN mv.m IS 'c@x.it';
CREATE INDEX "I i" ON "S 1"."T;1" ((lower("x y") || 'c@x.it'));
COMMENT ON INDEX "S 1"."I i" IS 'c@x.it';
CREATE DOMAIN "S 1".dom AS text CONSTRAINT "D d" CHECK (VALUE <> 'c@x.it');
COMMENT ON DOMAIN "S 1".dom IS 'c@x.it';
COMMENT ON CONSTRAINT "D d" ON DOMAIN "S 1".dom IS 'c@x.it';
CREATE SEQUENCE sq;
COMMENT ON SEQUENCE sq IS 'c@x.it';
CREATE FOREIGN DATA WRAPPER nowhere OPTIONS (a 'c@x.it');
CREATE SERVER far FOREIGN DATA WRAPPER nowhere OPTIONS (host 'c@x.it');
CREATE FOREIGN TABLE ft (a int OPTIONS (x 'c@x.it')) SERVER far OPTIONS (y 'c@x.it');
COMMENT ON FOREIGN TABLE ft IS 'c@x.it';
COMMENT ON COLUMN ft.a IS 'c@x.it';
COMMENT ON SERVER far IS 'c@x.it';
COMMENT ON FOREIGN DATA WRAPPER nowhere IS 'c@x.it';
CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = simple, stopwords = english);
COMMENT ON TEXT SEARCH DICTIONARY dict IS 'c@x.it';
CREATE TEXT SEARCH CONFIGURATION cfg (COPY = simple);
COMMENT ON TEXT SEARCH CONFIGURATION cfg IS 'c@x.it';
CREATE PUBLICATION pub FOR TABLE "S 1"."T;1" WHERE ("x y" <> 'c@x.it');
COMMENT ON PUBLICATION pub IS 'c@x.it';
COMMENT ON TRIGGER r ON t IS 'c@x.it';
COMMENT ON RULE s ON v IS 'c@x.it';
COMMENT ON POLICY p ON t IS 'c@x.it';
COMMENT ON STATISTICS st IS 'c@x.it';
COMMENT ON VIEW v IS 'c@x.it';
COMMENT ON COLUMN v.who IS 'c@x.it';
ALTER VIEW v ALTER COLUMN who SET DEFAULT 'c@x.it';
CREATE COLLATION coll (locale='C');
COMMENT ON COLLATION coll IS 'c@x.it';
CREATE OPERATOR === (LEFTARG=int, RIGHTARG=int, FUNCTION=int4eq);
COMMENT ON OPERATOR ===(int,int) IS 'c@x.it';
CREATE EVENT TRIGGER ev ON ddl_command_start EXECUTE FUNCTION evf();
COMMENT ON EVENT TRIGGER ev IS 'c@x.it';
CREATE TABLE ex (r int4range, w text, CONSTRAINT exc EXCLUDE USING gist (r WITH &&) WHERE (w <> 'c@x.it'));
CREATE TABLE parent (a text DEFAULT 'c@x.it', b int) PARTITION BY LIST (a);
CREATE TABLE kid PARTITION OF parent FOR VALUES IN ('c@x.it') PARTITION BY RANGE (b);
CREATE TABLE kidd PARTITION OF kid DEFAULT;
CREATE TABLE inh (z text DEFAULT 'c@x.it') INHERITS (t);
ALTER TABLE inh ALTER who SET DEFAULT 'c@x.it';
CREATE TABLE typed OF "S 1".pair (a DEFAULT 'c@x.it');
CREATE TABLE "user" (id int);
COMMENT ON TABLE "user" IS 'c@x.it';
"""


def found_by_clone(dsn: str) -> dict[str, str]:
    """Where, and the lines that accept it."""
    with reading(source_end(dsn, "source")) as connection:
        return {f.table: str(f.suggestion) for f in literals.survey(connection, policy.parse("version = 1")).findings}


def found_by_filter(dump: bytes, rules: policy.Policy) -> set[str]:
    with pytest.raises(PolicyIncomplete) as refused:
        anonymize(io.BytesIO(dump), io.BytesIO(), rules, KEY)
    assert "c@x.it" not in str(refused.value)
    hint = str(refused.value.hint)
    return {line.removeprefix("where = ") for line in hint.split("\n") if line.startswith("where = ")}


def test_what_looks_personal_has_the_names_that_a_clone_gives_it(database: str, dumps: Any, policy_of: Any) -> None:
    """Of every class; what a policy accepts for a clone is accepted here, however the dump quotes its names."""
    assert not dumps.load(database, SCHEMA.encode())
    theirs = found_by_clone(database)
    assert len(theirs) > 60
    rules = policy_of(database, {})
    for form in ((), ("--quote-all-identifiers",)):
        dump = dumps.dump(database, "--schema-only", *form)
        assert len(found_by_filter(dump, rules)) == 20  # an error lists no more
        accepting = with_accepted(rules, theirs)
        out = io.BytesIO()
        made = anonymize(io.BytesIO(dump), out, accepting, KEY)
        assert plain(line.partition(" in ")[2] for line in made.accepted) == plain(theirs)
        assert out.getvalue().endswith(b"\nCOMMIT;\n")


def with_accepted(rules: policy.Policy, findings: dict[str, str]) -> policy.Policy:
    """The policy with these findings accepted."""
    text = "version = 1\n" + "\n".join(findings.values()).replace('reason = "?"', 'reason = "a list"')
    return policy.Policy(rules.tables, rules.locale, accepted=policy.parse(text).accepted)


def plain(names: Iterable[str]) -> set[str]:
    """Names without quotes: pg_dump may write more of them than the catalog does."""
    return {name.replace('"', "") for name in names}


HEAD = "CREATE TABLE public.t (\n    id integer NOT NULL\n);\n"
ROWS = "COPY public.t (id) FROM stdin;\n1\n\\.\n"
COMMENT = "COMMENT ON TABLE public.t IS 'ask Maria Rossi';\n"
RULES = 'version = 1\n[tables."public.t"]\nid = "keep"\n'
ACCEPTED = '[[accepted]]\nwhere = "comment on table public.t"\nwhat = "a person\'s name"\nreason = "our founder"\n'


class Pipe(io.BytesIO):
    """A stream that can be read once."""

    def seekable(self) -> bool:
        """It is a pipe."""
        return False


@pytest.mark.parametrize("pipe", [False, True])
@pytest.mark.parametrize("script", [HEAD + COMMENT + ROWS, HEAD + ROWS + COMMENT])
def test_it_is_refused_until_somebody_accepts_it(script: str, pipe: bool) -> None:
    """Before it is written, also behind the rows. What a dump says of its database is left out."""
    out = io.BytesIO()
    with pytest.raises(PolicyIncomplete, match="what looks like a person's name") as refused:
        anonymize((Pipe if pipe else io.BytesIO)(script.encode()), out, policy.parse(RULES), KEY)
    assert "Maria" not in str(refused.value)
    assert b"Maria" not in out.getvalue()
    assert not out.getvalue().endswith(b"COMMIT;\n")
    out = io.BytesIO()
    made = anonymize(
        (Pipe if pipe else io.BytesIO)(script.encode()),
        out,
        policy.parse(RULES.replace("[tables", ACCEPTED + "[tables")),
        KEY,
    )
    assert made.accepted == ("a person's name in comment on table public.t",)
    assert COMMENT.encode() in out.getvalue()


def test_what_a_clone_leaves_out_of_a_database_is_left_out_here(
    make_database: Any, dumps: Any, policy_of: Any, mask: Any
) -> None:
    """Its comment, what roles have set in it, settings that are secrets by their name; and it is said."""
    source = make_database()
    name = dumps.load(source, b"CREATE TABLE t (id int);") or source.rpartition("dbname=")[2]
    role = f"r_{name}"
    script = f"""
        COMMENT ON DATABASE {name} IS 'ask Maria Rossi';
        CREATE ROLE {role};
        ALTER ROLE {role} IN DATABASE {name} SET app.who = 'Maria Rossi';
        ALTER DATABASE {name} SET app.jwt_secret = 'hunter2';
        ALTER DATABASE {name} SET work_mem = '5MB';
    """
    try:
        assert not dumps.load(source, script.encode())
        masked, made = mask(dumps.dump(source, "--create"), policy_of(source, {}), KEY)
    finally:
        dumps.load(source, f"ALTER ROLE {role} IN DATABASE {name} RESET ALL; DROP ROLE {role};".encode())
    assert b"Maria" not in masked
    assert b"hunter2" not in masked
    assert b"work_mem" in masked
    assert set(made.left_out) == {
        "the comment on the database itself",
        "what a role has set for itself in this database",
        "the database's setting app.jwt_secret, which may be a secret",
    }
