"""The same as `up`, as one script for psql: for a place where psql is and this program is not.

The stacks use it: a container beside the database applies it (infra/migrations.py). It takes the runners' lock, keeps
the runners' journal and refuses what `up` refuses, so the two may take turns on a database. What it cannot do is go
on with a `-- transaction: none` migration that was killed halfway: it says so, and `understudy migrate up` can.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from understudy import __version__
from understudy.catalog.names import JOURNAL_SCHEMA
from understudy.migrate import resume
from understudy.migrate.files import Migration
from understudy.migrate.journal import definition
from understudy.migrate.options import Options
from understudy.migrate.session import LOCK

_TURN = """
DO $understudy$
BEGIN
    FOR attempt IN 1 .. {attempts} LOOP
        IF pg_try_advisory_lock({lock}) THEN
            RETURN;
        END IF;
        PERFORM pg_sleep(0.2);
        -- gives the snapshot back: a concurrent index build of the runner at work waits for every older one
        COMMIT;
    END LOOP;
    RAISE EXCEPTION 'another migration is running on this database'
        USING HINT = 'Wait for it to end, or look for it in pg_stat_activity.';
END
$understudy$;
"""

_JOURNAL = """
SELECT to_regclass('{schema}.migration_statements') IS NULL AS understudy_new \\gset
\\if :understudy_new
BEGIN;
{definition}
COMMIT;
\\endif
"""

_AGREE = """
DO $understudy$
DECLARE
    files CONSTANT jsonb := '{files}';
    found text;
BEGIN
    SELECT string_agg(DISTINCT version::text, ', ') INTO found FROM {schema}.migration_statements;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'migration % is half done', found USING HINT = 'Finish it with understudy migrate.';
    END IF;
    SELECT string_agg(f->>'label', ', ') INTO found
    FROM jsonb_array_elements(files) f JOIN {schema}.migrations m ON m.version = (f->>'version')::bigint
    WHERE m.checksum <> f->>'checksum';
    IF found IS NOT NULL THEN
        RAISE EXCEPTION '% changed after it was applied', found
            USING HINT = 'Put the file back and write a new migration.';
    END IF;
    SELECT string_agg(f->>'label', ', ') INTO found
    FROM jsonb_array_elements(files) f
    WHERE NOT EXISTS (SELECT FROM {schema}.migrations m WHERE m.version = (f->>'version')::bigint);
    IF found IS NULL THEN
        RETURN;
    END IF;
    SELECT string_agg(format('%s_%s', m.version, m.name), ', ') INTO found
    FROM {schema}.migrations m
    WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(files) f WHERE m.version = (f->>'version')::bigint);
    IF found IS NOT NULL THEN
        RAISE EXCEPTION '% is applied, but its file is missing', found
            USING HINT = 'Is this an older release, or another branch?';
    END IF;
    SELECT string_agg(f->>'label', ', ') INTO found
    FROM jsonb_array_elements(files) f
    WHERE (f->>'version')::bigint < (SELECT max(version) FROM {schema}.migrations)
      AND NOT EXISTS (SELECT FROM {schema}.migrations m WHERE m.version = (f->>'version')::bigint);
    IF found IS NOT NULL THEN
        RAISE EXCEPTION '% came too late', found USING HINT = 'Give it the next free number.';
    END IF;
END
$understudy$;
"""


def psql_script(migrations: Sequence[Migration], options: Options | None = None) -> str:
    """A script for `psql --file` that applies what of these migrations is not applied yet.

    It ends at the first error, with psql's exit code 3; what was applied before it stays applied and written down.
    Running it again applies the rest, and nothing twice.

    Args:
        migrations: what `read_folder` found.
        options: its lock timeouts and `turn_s` hold for the script; whoever runs it decides on attempts.
    """
    options = options or Options()
    return "\n".join(_pieces(migrations, options)) + "\n"


def _pieces(migrations: Sequence[Migration], options: Options) -> Iterator[str]:
    yield "\\set ON_ERROR_STOP on"
    yield "SET client_min_messages = warning;"
    if not migrations:
        return
    files = [{"version": m.version, "label": m.label, "checksum": m.up.checksum} for m in migrations]
    yield _TURN.format(attempts=max(1, int(options.turn_s / 0.2)), lock=LOCK)
    yield _JOURNAL.format(schema=JOURNAL_SCHEMA, definition=definition())
    # names and checksums hold letters, digits, _ and - only
    yield _AGREE.format(schema=JOURNAL_SCHEMA, files=json.dumps(files))
    for migration in migrations:
        yield f"SELECT NOT EXISTS (SELECT FROM {JOURNAL_SCHEMA}.migrations WHERE version = {migration.version})"
        yield "    AS understudy_due, extract(epoch FROM clock_timestamp()) AS understudy_began \\gset"
        yield "\\if :understudy_due"
        yield f"\\echo {migration.label}"
        yield from _whole(migration, options) if migration.up.transactional else _one_by_one(migration, options)
        yield "RESET SESSION AUTHORIZATION;\nRESET ROLE;\nRESET ALL;\nSET client_min_messages = warning;"
        yield "\\endif"


def _whole(migration: Migration, options: Options) -> Iterator[str]:
    yield "BEGIN;"
    yield f"SET LOCAL lock_timeout = {_timeout(migration, options.lock_timeout_ms)};"
    for statement in migration.up.statements:
        yield f"{statement.text};"
    yield from _applied(migration)
    yield "COMMIT;"


def _one_by_one(migration: Migration, options: Options) -> Iterator[str]:
    for place, statement in enumerate(migration.up.statements):
        alone = resume.runs_alone(statement)
        begun = (
            f"INSERT INTO {JOURNAL_SCHEMA}.migration_statements (version, direction, place, checksum)"
            f" VALUES ({migration.version}, 'up', {place}, '{statement.checksum}');"
        )
        done = (
            f"UPDATE {JOURNAL_SCHEMA}.migration_statements SET done_at = clock_timestamp()"
            f" WHERE version = {migration.version} AND direction = 'up' AND place = {place};"
        )
        # a concurrent build may take its time: what it holds stops neither readers nor writers
        patient = 0 if "CONCURRENTLY" in statement.words else options.lock_timeout_ms
        limit = f"lock_timeout = {_timeout(migration, patient)};"
        yield from (begun, f"SET {limit}") if alone else ("BEGIN;", begun, f"SET LOCAL {limit}")
        yield f"{statement.text};"
        yield from (done,) if alone else (done, "COMMIT;")
    yield "BEGIN;"
    yield from _applied(migration)
    yield f"DELETE FROM {JOURNAL_SCHEMA}.migration_statements WHERE version = {migration.version};"
    yield "COMMIT;"


def _applied(migration: Migration) -> Iterator[str]:
    # written as whoever connected, whatever role the migration took on
    yield "RESET SESSION AUTHORIZATION;\nRESET ROLE;"
    yield f"INSERT INTO {JOURNAL_SCHEMA}.migrations (version, name, checksum, seconds, program) VALUES ("
    yield f"    {migration.version}, '{migration.name}', '{migration.up.checksum}',"
    yield f"    extract(epoch FROM clock_timestamp()) - :understudy_began, '{__version__}');"


def _timeout(migration: Migration, default: int) -> int:
    return default if migration.up.lock_timeout_ms is None else migration.up.lock_timeout_ms
