"""`understudy parity --sensitivity`: every change to a copy of the user's own schema is seen."""

from __future__ import annotations

from collections.abc import Callable

from understudy.catalog import KINDS, read
from understudy.parity import compare, sensitivity
from understudy.parity.comparison import kind_word
from understudy.parity.workshop import Workshop
from understudy.postgres import Server, connect


def test_every_change_to_this_repository_s_own_schema_is_seen(
    parity_server: Server, make_migrated_database: Callable[[], str]
) -> None:
    """Each trial that could be made was seen, and the database that was asked about is untouched."""
    ours, untouched = make_migrated_database(), make_migrated_database()
    with Workshop(parity_server) as workshop:
        trials = sensitivity.prove(ours, workshop, ["understudy"])
    assert [trial for trial in trials if trial.seen is False] == []
    tried = {(trial.kind, trial.attribute) for trial in trials if trial.seen}
    assert len(tried) >= 45
    assert {kind for kind, _ in tried} >= {"table", "column", "constraint", "index", "view", "materialized view"}
    assert compare(ours, untouched)


def test_what_fits_no_object_is_said_and_not_counted(parity_server: Server, database: str) -> None:
    """An attribute that no object here can change is reported as not tried, with the reason."""
    with connect(database) as connection:
        connection.execute("CREATE TABLE t (id int)")
    with Workshop(parity_server) as workshop:
        trials = sensitivity.prove(database, workshop)
    untried = {(t.kind, t.attribute): t.reason for t in trials if t.seen is None}
    assert "no object that it fits" in untried["column", "type"]
    assert [t for t in trials if t.seen is False] == []


ONE_OF_EACH = """
CREATE SCHEMA app; CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s text COLLATE "C" DEFAULT 'a');
CREATE VIEW v AS SELECT id FROM t; CREATE MATERIALIZED VIEW m AS SELECT id FROM t; CREATE INDEX i ON t (s);
CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING; CREATE POLICY p ON t USING (true);
CREATE STATISTICS st ON id, s FROM t; CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE PROCEDURE pr() LANGUAGE sql AS 'SELECT 1'; CREATE AGGREGATE ag (int) (SFUNC = int4pl, STYPE = int);
CREATE TYPE mood AS ENUM ('ok'); CREATE DOMAIN d AS text;
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE COLLATION co FROM "C";
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf();
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq); CREATE OPERATOR FAMILY of USING hash;
CREATE OPERATOR CLASS oc FOR TYPE int USING hash FAMILY of AS OPERATOR 1 ===;
CREATE ACCESS METHOD am TYPE INDEX HANDLER bthandler;
CREATE FUNCTION mood_of(int) RETURNS mood LANGUAGE sql AS 'SELECT ''ok''::mood';
CREATE CAST (int AS mood) WITH FUNCTION mood_of(int);
CREATE CONVERSION cv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH CONFIGURATION tc (COPY = simple); CREATE TEXT SEARCH DICTIONARY td (TEMPLATE = simple);
CREATE TEXT SEARCH TEMPLATE tt (LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH PARSER tp (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR public SERVER s;
CREATE FOREIGN TABLE ft (a int) SERVER s; CREATE PUBLICATION pub FOR TABLE t; CREATE SEQUENCE sq;
CREATE FUNCTION et() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER e ON sql_drop WHEN TAG IN ('DROP CAST') EXECUTE FUNCTION et();
CREATE FUNCTION h() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE LANGUAGE l HANDLER h;
CREATE FUNCTION tfr(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'prsd_lextype';
CREATE TRANSFORM FOR int LANGUAGE l (FROM SQL WITH FUNCTION tfr(internal));
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pg_monitor
"""
"""At least one object of each kind that a database may hold and a dump can carry."""


def test_each_kind_that_a_schema_contains_is_changed(parity_server: Server, database: str) -> None:
    """Whatever kinds there are, something of each is changed, and seen; what a copy cannot have is said."""
    with connect(database) as connection:
        connection.execute(ONE_OF_EACH)
        connection.execute(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 5000', current_database()); END $$"
        )
        there = {kind_word(found) for found in read(connection).objects.values()}
    with Workshop(parity_server) as workshop:
        trials = sensitivity.prove(database, workshop)
    assert [trial for trial in trials if trial.seen is False] == []
    assert there - {trial.kind for trial in trials if trial.seen} == {"setting"}
    assert {"setting"} == {trial.kind for trial in trials if trial.attribute == "every attribute"}
    never = {"subscription"}
    assert {kind.name for kind in KINDS} - never <= there
