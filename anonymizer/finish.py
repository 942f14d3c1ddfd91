"""What a loaded database still lacks: sequences, materialized views, statistics, the database's own settings."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg

from anonymizer import aside, catalog, sequences, servererrors
from anonymizer.aside import Aside
from anonymizer.catalog import Connection
from anonymizer.endpoint import Endpoint
from anonymizer.plan import TablePlan

# A partitioned table is analyzed with its partitions, so they are not listed; catalogs are, as in a plain ANALYZE.
_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
ORDER BY greatest(c.relpages, pg_catalog.pg_relation_size(c.oid) / 8192) DESC, c.oid
"""


def finish(source: Connection, target: Endpoint, new: Aside, plans: Sequence[TablePlan], jobs: int = 1) -> None:
    """Make a loaded database whole.

    Args:
        source: where sequences stand, which views are filled, and how the database is set.
        target: the new database.
        new: the same, seen from beside it.
        plans: what was loaded.
        jobs: how many sessions may work at a time.

    Raises:
        ServerFailed: the server refused something.
    """
    try:
        _sequences(source, target, plans)
        views = [view.sql.encode() for view in catalog.materialized_views(source)]
        with target.connect() as connection:
            # where the database has no encoding, names are bytes
            names = [name if isinstance(name, bytes) else str(name).encode() for (name,) in connection.execute(_TABLES)]
        # One view may read another, so they are filled one after the other; tables are analyzed meanwhile.
        filling = [command + view for command in (b"REFRESH MATERIALIZED VIEW ", b"ANALYZE ") for view in views]
        work: queue.SimpleQueue[list[bytes]] = queue.SimpleQueue()
        for statements in (filling, *([b"ANALYZE " + name] for name in names)):
            work.put(statements)
        with ThreadPoolExecutor(jobs) as threads:
            for worker in [threads.submit(_work, target, work) for _ in range(jobs)]:
                worker.result()
        for name, value in aside.settings(source):
            if not aside.is_secretive(name):
                new.connection.execute(aside.set_to(new.name, name, value))
    except psycopg.Error as error:
        raise servererrors.from_server(error, "Finishing the new database") from None


def _sequences(source: Connection, target: Endpoint, plans: Sequence[TablePlan]) -> None:
    states, feeds = catalog.sequences(source), catalog.feeds(source)
    masked = sequences.masked_numbers(plans)
    with target.connect() as connection:
        for state in states:
            connection.execute(sequences.statement(state, masked & feeds.get(state.name, set())).encode())


def _work(target: Endpoint, work: queue.SimpleQueue[list[bytes]]) -> None:
    """A session's share: one list of statements after another, until none is left."""
    with target.connect() as connection:
        if connection.info.parameter_status("is_superuser") == "on":
            # event triggers are the product's, and what a clone does is nothing that they are about
            connection.execute("SET session_replication_role = replica")
        while True:
            try:
                statements = work.get_nowait()
            except queue.Empty:
                return
            for statement in statements:
                # as pg_restore would: a view's own query names its schemas
                connection.execute(statement)
