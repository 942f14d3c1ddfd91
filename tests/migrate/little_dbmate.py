"""Another team's migration tool, small but real: dbmate's file format and table, its own lock, no word to us.

`little_dbmate.py up | rollback | dump` in a folder with `db/NNNN_name.sql`; the database is in DATABASE_URL. `dump`
prints what `up` would run.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psycopg


def halves(path: Path) -> tuple[str, str]:
    _, _, rest = path.read_text().partition("-- migrate:up")
    up, _, down = rest.partition("-- migrate:down")
    return up, down


def main(command: str) -> int:
    files = {path.name.partition("_")[0]: path for path in sorted(Path("db").glob("*.sql"))}
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True, application_name="little_dbmate") as connection:
        known = connection.execute("SELECT to_regclass('public.schema_migrations')").fetchone()
        there = known is not None and known[0] is not None
        if command == "dump":
            done = connection.execute("SELECT version FROM schema_migrations").fetchall() if there else []
            for version, path in files.items():
                if (version,) not in done:
                    sys.stdout.write(f"BEGIN;\n{halves(path)[0].strip()}\nCOMMIT;\n")
            return 0
        if os.environ.get("LITTLE_DBMATE_LOCK") != "no":
            connection.execute("SELECT pg_advisory_lock(48878)")
        connection.execute("CREATE TABLE IF NOT EXISTS public.schema_migrations (version text PRIMARY KEY)")
        rows = connection.execute("SELECT version FROM public.schema_migrations ORDER BY version").fetchall()
        done = [version for (version,) in rows]
        if command == "up":
            for version, path in files.items():
                if version not in done:
                    with connection.transaction():
                        connection.execute(halves(path)[0].encode())
                        connection.execute("INSERT INTO public.schema_migrations VALUES (%s)", [version])
            return 0
        if not done:
            sys.stderr.write("Error: can't rollback: no migrations have been applied\n")
            return 2
        with connection.transaction():
            connection.execute(halves(files[done[-1]])[1].encode())
            connection.execute("DELETE FROM public.schema_migrations WHERE version = %s", [done[-1]])
    return 0


sys.exit(main(sys.argv[1]))
