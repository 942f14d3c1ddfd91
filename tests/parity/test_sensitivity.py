"""`understudy parity --sensitivity`: every change to a copy of the user's own schema is seen."""

from __future__ import annotations

from collections.abc import Callable

from understudy.parity import compare, sensitivity
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
