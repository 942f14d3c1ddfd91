"""What is no column: carried over or left out, and reported where it looks personal."""

from __future__ import annotations

from typing import Any

import pytest

from anonymizer import literals, policy
from anonymizer.draft import reading
from anonymizer.endpoint import source as source_end
from anonymizer.plan import PolicyIncomplete

CANARY = "zoe.canary@corp.test"
SCHEMA = (
    "CREATE TABLE t (id int PRIMARY KEY, who text DEFAULT 'zoe.canary@corp.test', n int CHECK (n <> 7))",
    "ALTER TABLE t ADD CONSTRAINT nobody CHECK (who <> 'zoe.canary@corp.test')",
    "CREATE DOMAIN d AS text DEFAULT 'zoe.canary@corp.test' CHECK (VALUE <> 'zoe.canary@corp.test')",
    "COMMENT ON TABLE t IS 'ask Maria Rossi'",
    "COMMENT ON COLUMN t.who IS '+39 06 6982 1234'",
    "CREATE TYPE e AS ENUM ('one', 'zoe.canary@corp.test')",
    "CREATE FUNCTION f(a text DEFAULT 'x') RETURNS text LANGUAGE sql AS $$ SELECT 'zoe.canary@corp.test' $$",
    "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g('zoe.canary@corp.test')",
    "CREATE VIEW v AS SELECT * FROM t WHERE who = 'zoe.canary@corp.test'",
    "CREATE RULE s AS ON DELETE TO v DO INSTEAD UPDATE t SET who = 'zoe.canary@corp.test'",
    "CREATE INDEX i ON t (id) WHERE who = 'zoe.canary@corp.test'",
    "CREATE POLICY p ON t USING (who = 'zoe.canary@corp.test')",
    "CREATE STATISTICS st ON (who || 'zoe.canary@corp.test') FROM t",
    "CREATE TABLE l (k text) PARTITION BY LIST (k)",
    "CREATE TABLE l1 PARTITION OF l FOR VALUES IN ('zoe.canary@corp.test')",
    "CREATE SEQUENCE q",
    "SELECT lo_create(0)",
)
WHERE = {
    "bounds of table public.l1",
    "comment on column who of table public.t",
    "comment on table public.t",
    "constraint d_check",
    "constraint nobody on table public.t",
    "default of type public.d",
    "default value for column who of table public.t",
    "function public.f(text)",
    "index public.i",
    "policy p on table public.t",
    "rule s on view public.v",
    "statistics object public.st",
    "trigger r on table public.t",
    "type public.e",
    "view public.v",
}


def survey(pair: Any, text: str = "") -> literals.Survey:
    with reading(source_end(pair.source, "source")) as connection:
        return literals.survey(connection, policy.parse("version = 1\n" + text))


def test_a_literal_that_looks_personal_is_reported_wherever_it_stands(pair: Any) -> None:
    """With the object's name and a word for what it looks like; the literal itself is not repeated."""
    pair.sql(*SCHEMA)
    found = survey(pair)
    assert {finding.table for finding in found.findings} == WHERE
    assert {finding.kind for finding in found.findings} == {"literal"}
    assert CANARY not in repr(found)
    assert "what looks like a person's name" in next(
        f.message for f in found.findings if f.table == "comment on table public.t"
    )
    assert "large objects (1)" in found.left_out
    assert {"functions (2)", "comments (3)", "where the sequences stand (1)"} <= set(found.carried)


def test_a_clone_is_refused_until_somebody_accepts_it(pair: Any) -> None:
    """Nothing is touched; the hint is what to write. Accepted with a reason it is cloned, and the record says so."""
    pair.sql("CREATE TABLE t (id int)", "COMMENT ON TABLE t IS 'ask zoe.canary@corp.test'")
    with pytest.raises(PolicyIncomplete) as refused:
        pair.clone()
    assert "what looks like an e-mail address" in str(refused.value)
    assert CANARY not in str(refused.value)
    assert "[[accepted]]" in str(refused.value.hint)
    assert pair.oid() is None
    accepted = [{"where": "comment on table public.t", "what": "an e-mail address", "reason": "a list"}]
    lines = "\n".join(
        "[[accepted]]\n" + "\n".join(f'{name} = "{value}"' for name, value in entry.items()) for entry in accepted
    )
    rules = policy.parse(f'version = 1\n{lines}\n[tables."public.t"]\nid = "keep"')
    made = pair.clone(rules)
    assert made.attestation["accepted"] == ["an e-mail address in comment on table public.t"]
    assert "comments (2)" in made.attestation["carried"]


def test_a_question_mark_accepts_nothing() -> None:
    """What `policy check` suggests has no reason yet; an entry without one of the three texts means nothing."""
    entry = '[[accepted]]\nwhere = "view public.v"\nwhat = "a secret"\nreason = '
    assert policy.parse(f'version = 1\n{entry}"?"').accepted == ()
    assert policy.parse(f'version = 1\n{entry}"it opens nothing"').accepts("view public.v", "a secret")
    for wrong in (entry + '" "', entry + "1", '[[accepted]]\nwhere = "x"', "accepted = 1"):
        with pytest.raises(policy.PolicyError, match="accepted"):
            policy.parse("version = 1\n" + wrong)
