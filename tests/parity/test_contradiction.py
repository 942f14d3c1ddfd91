"""What pg_dump shows beyond the catalogs' differences is a contradiction, and no waiver of those hides it."""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from understudy.parity import Answer, Options, Verdict, waivers
from understudy.parity.clauses import CLAUSES
from understudy.parity.parity import Comparison, MakeWorkshop, Side
from understudy.parity.parity import testify as hear
from understudy.parity.pieces import Piece, Place, changed, pieces
from understudy.parity.waivers import Waiver
from understudy.postgres import connect

TODAY = datetime.date(2026, 11, 21)
EVERYTHING = [Waiver("*", "*", "agreed", TODAY)]
BASE = """
CREATE TABLE t (a int, b int, c varchar(9)); CREATE TABLE "Na me" (a int, "B,c" int); CREATE VIEW v AS SELECT a FROM t;
CREATE FUNCTION f(int, text) RETURNS int LANGUAGE sql AS 'SELECT 1';
"""

MakeDatabase = Callable[[], str]


def made(dsn: str, text: str) -> str:
    with connect(dsn) as connection:
        connection.execute(text.encode())
    return dsn


def blinded(left: Side, right: Side, key: str) -> Side:
    """RIGHT as catalogs would show it that are blind to what differs in one object, comments aside."""
    here, objects = left.snapshot.objects.get(key), dict(right.snapshot.objects)
    if here is None:
        del objects[key]
    else:
        objects[key] = replace(objects[key], raw=here.raw)
    return replace(right, snapshot=replace(right.snapshot, objects=objects))


def judged(left: str, right: str, unseen: str, make_workshop: MakeWorkshop) -> Verdict:
    one, other = hear(left, right, Options())
    return Comparison(one, blinded(one, other, unseen), Options(), make_workshop).verdict()


@pytest.mark.parametrize(
    ("accepted", "unseen", "key"),
    [
        ("ALTER TABLE t ALTER a SET DEFAULT 1", "ALTER TABLE t ALTER b TYPE bigint", "column public.t.b"),
        ("COMMENT ON TABLE t IS 'x'", "ALTER TABLE t SET (fillfactor = 50)", "table public.t"),
        ("COMMENT ON TABLE t IS 'x'", "GRANT SELECT ON t TO pg_monitor", "table public.t"),
        ("GRANT SELECT ON t TO pg_monitor", "GRANT SELECT ON v TO pg_monitor", "view public.v"),
        ("ALTER TABLE t ALTER a SET STATISTICS 5", "ALTER TABLE t ADD CHECK (a > 0)", "constraint public.t.t_a_check"),
        ("CREATE INDEX i ON t (a)", "CREATE INDEX j ON t (b)", "index public.j"),
        (
            'ALTER TABLE "Na me" ALTER a SET DEFAULT 1',
            'ALTER TABLE "Na me" ALTER "B,c" TYPE bigint',
            'column public."Na me"."B,c"',
        ),
        ("CREATE TABLE u (a int)", "ALTER FUNCTION f(int, text) STABLE", "function public.f(integer,text)"),
        ("", "GRANT SELECT ON t TO pg_monitor", "table public.t"),
        ("", "ALTER TABLE t OWNER TO pg_monitor", "table public.t"),
    ],
)
def test_a_waiver_hides_only_what_it_names(
    make_database: MakeDatabase, make_workshop: MakeWorkshop, accepted: str, unseen: str, key: str
) -> None:
    """With every difference waived that the catalogs show, what pg_dump alone shows leaves it untold, as a defect."""
    left, right = made(make_database(), BASE), made(make_database(), f"{BASE}; {accepted}; {unseen}")
    verdict = judged(left, right, key, make_workshop)
    assert verdict.defects
    waived = waivers.apply(verdict, EVERYTHING, TODAY)
    assert (waived.answer, list(waived.differences)) == (Answer.CANNOT_TELL, [])


def test_what_the_differences_account_for_is_no_contradiction(
    make_database: MakeDatabase, make_workshop: MakeWorkshop
) -> None:
    """A text that only a restore changes, an owner with all that goes with it, a table with its parts: no defect."""
    parts = "CREATE TABLE u (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY); COMMENT ON COLUMN u.id IS 'x';"
    text = "CREATE TABLE w (s varchar(5) CHECK (s IN ('a', 'b'))); CREATE INDEX x ON t (a); "
    left, right = made(make_database(), BASE + text), make_database()
    made(right, BASE + text.replace("s IN ('a', 'b')", "s = ANY (ARRAY['a'::varchar, 'b'::varchar]::text[])"))
    made(right, f"{parts} ALTER TABLE t OWNER TO pg_monitor")
    one, other = hear(left, right, Options())
    verdict = Comparison(one, other, Options(), make_workshop).verdict()
    assert {(d.kind, d.attribute) for d in verdict.differences} == {("table", "owner"), ("table", "presence")}
    assert (verdict.reasons, verdict.defects) == ([], [])
    assert waivers.apply(verdict, EVERYTHING, TODAY).answer is Answer.SAME


def test_what_could_not_be_restored_stays_in_question(make_database: MakeDatabase, make_workshop: MakeWorkshop) -> None:
    """Where a schema cannot be restored whole, what pg_dump alone sees is not taken for a difference of text."""
    broken = "UPDATE pg_proc SET probin = 'nowhere' WHERE proname = 'c'"
    c = "CREATE FUNCTION c() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';"
    left, right = (made(make_database(), f"{BASE}; {c} {broken}") for _ in range(2))
    made(right, "ALTER FUNCTION c() COST 7")
    verdict = judged(left, right, "function public.c()", make_workshop)
    assert verdict.answer is Answer.CANNOT_TELL
    assert any("FUNCTION public.c()" in reason and "could not be restored" in reason for reason in verdict.reasons)


def test_a_table_s_entry_is_taken_apart() -> None:
    """Each column, each constraint, what follows the list and each statement is a piece, whatever is in quotes."""
    body = (
        "owner x\nCREATE TABLE public.t (\n    a text DEFAULT 'x;,)('::text,\n    \"b,c\" numeric(10,2),\n"
        "    CONSTRAINT small CHECK ((length(a) < 100))\n)\nINHERITS (public.p, public.q)\nWITH (fillfactor='70');\n"
        "\n\nALTER TABLE ONLY public.t ALTER COLUMN a SET STORAGE EXTERNAL;"
    )
    assert [(piece.place.value, piece.text.split()[0]) for piece in pieces("TABLE public.t", body)] == [
        ("owner", "owner"),
        ("head", "CREATE"),
        ("element", "a"),
        ("element", '"b,c"'),
        ("element", "CONSTRAINT"),
        ("statement", "INHERITS"),
        ("statement", "ALTER"),
    ]


def test_the_order_of_pieces_is_one_too() -> None:
    """Two columns that changed places are a change, though no line is missing."""
    here, there = (
        "owner x\nCREATE TABLE t (\n    a int,\n    b int\n);",
        "owner x\nCREATE TABLE t (\n    b int,\n    a int\n);",
    )
    assert changed("TABLE public.t", Counter([here]), Counter([there])) == {Piece(Place.ORDER, "")}


ROUTINE = "CREATE FUNCTION f(int) RETURNS SETOF int LANGUAGE {}"
SHAPES = {
    "function public.f(integer)": (
        ROUTINE.format("sql AS 'SELECT 1'"),
        ROUTINE.format(
            "plpgsql STABLE STRICT SECURITY DEFINER LEAKPROOF COST 7 ROWS 7 PARALLEL SAFE "
            "SUPPORT generate_series_int4_support SET jit = off AS 'BEGIN END'"
        ),
    ),
    "sequence public.s": (
        "CREATE SEQUENCE s",
        "CREATE SEQUENCE s START 5 MINVALUE 3 MAXVALUE 99 CACHE 7 CYCLE",
    ),
    "aggregate public.g(integer)": (
        "CREATE AGGREGATE g(int) (SFUNC = int4pl, STYPE = int)",
        "CREATE AGGREGATE g(int) (SFUNC = int4mi, STYPE = int, SSPACE = 9, INITCOND = '1', FINALFUNC = int4abs, "
        "COMBINEFUNC = int4larger, MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = int, MSSPACE = 9, MINITCOND = '2', "
        "PARALLEL = SAFE)",
    ),
    "operator public.===(integer,integer)": (
        "CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)",
        "CREATE OPERATOR === (FUNCTION = int4ne, LEFTARG = int, RIGHTARG = int, COMMUTATOR = <=>, "
        "RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES)",
    ),
}


def blind_to(side: Side, other: Side, key: str, name: str) -> Side:
    """A side as catalogs would show it that are blind to one attribute of one object: it is as on the other side."""
    found = side.snapshot.objects[key]
    values = {**found.values, name: other.snapshot.objects[key].values[name]}
    raw = json.dumps([values[attribute.name] for attribute in found.attributes])
    objects = {**side.snapshot.objects, key: replace(found, raw=raw)}
    return replace(side, snapshot=replace(side.snapshot, objects=objects))


@pytest.mark.parametrize("key", SHAPES)
def test_no_attribute_hides_behind_another_of_the_same_statement(
    make_database: MakeDatabase, make_workshop: MakeWorkshop, key: str
) -> None:
    """With everything about an object changed at once, catalogs blind to any one attribute of it are contradicted."""
    left, right = (made(make_database(), text) for text in SHAPES[key])
    one, other = hear(left, right, Options())
    attributes = [d.attribute for d in Comparison(one, other, Options(), make_workshop).verdict().differences]
    assert len(attributes) >= 5
    for attribute in attributes:
        if attribute not in CLAUSES[key.partition(" ")[0]]:
            continue
        verdict = Comparison(one, blind_to(other, one, key, attribute), Options(), make_workshop).verdict()
        assert attribute not in {d.attribute for d in verdict.differences}
        assert verdict.defects, attribute
        assert waivers.apply(verdict, EVERYTHING, TODAY).answer is Answer.CANNOT_TELL
