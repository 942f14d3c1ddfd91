"""This repository's own policy: it names every column of the schema, and keeps nothing that says who somebody is."""

from __future__ import annotations

import tomllib
from pathlib import Path

from psycopg import sql

from anonymizer import draft, endpoint, policy
from understudy.postgres import connect

FILE = Path(__file__).parents[2] / "anonymizer" / "policy.toml"

FIRST_STEP = {
    "keep",
    "null",
    "constant",
    "email",
    "first_name",
    "last_name",
    "name",
    "phone",
    "address",
    "city",
    "company",
    "ip",
    "text",
    "json",
    "drop-rows",
    "faker",
}

HARMLESS = {
    "users.locale",
    "users.tier",
    "feature_flags.name",
    "feature_flags.description",
    "feature_flags.allowed_tiers",
    "feature_flags.allowed_user_ids",
    "onboarding_message_deliveries.channel",
    "onboarding_message_deliveries.status",
    "message_deliveries.channel",
    "message_deliveries.template",
    "message_deliveries.status",
    "analytics_events.event_name",
    "analytics_events.page",
    "security_audit_logs.action",
    "action_plans.status",
}
"""Columns that could hold anything by their type and are kept: each is a closed list of words, or developers' own."""

SILENT = ("bigint", "integer", "smallint", "boolean", "numeric", "date", "timestamp with time zone", "double precision")
"""Types that say nothing about who somebody is."""

KEPT_COLUMNS = """
SELECT c.relname || '.' || a.attname, c.oid::regclass::text, a.attname, format_type(a.atttypid, NULL)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
    AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"""


def test_the_policy_fits_the_schema(migrated_database: str) -> None:
    """Neither a column without a mask, nor a mask without a column, nor a mask that does not suit its column."""
    assert draft.check(endpoint.source(migrated_database, "the schema"), policy.load(FILE)) == []


def test_every_column_is_named_one_by_one() -> None:
    """No wildcard: a new column must be decided by a person."""
    document = tomllib.loads(FILE.read_text())
    assert not [table for table, columns in document["tables"].items() if "*" in columns]
    masks = {mask.name for table in policy.load(FILE).tables.values() for mask in table.columns.values()}
    assert masks <= FIRST_STEP


def test_what_is_kept_names_nobody(migrated_database: str) -> None:
    """A kept column is of a type that cannot name anybody, or is on the list of this test, with a reason."""
    rules = {str(name): table for name, table in policy.load(FILE).tables.items()}
    kept = set()
    with connect(migrated_database) as connection:
        for label, table, column, kind in connection.execute(KEPT_COLUMNS):
            mask = rules[f"public.{table}"].columns[str(column)]
            if mask.name == "keep" and kind not in SILENT:
                kept.add(label)
    assert kept == HARMLESS


def test_a_json_key_that_nobody_thought_of_is_masked() -> None:
    """Inside JSON, too, what the policy does not name does not leave."""
    documents = [mask for t in policy.load(FILE).tables.values() for mask in t.columns.values() if mask.name == "json"]
    assert len(documents) == 5
    assert {mask.options["others"] for mask in documents} == {"text"}


def test_the_json_paths_are_those_that_the_data_has(production: tuple[str, object]) -> None:
    """Each path of the policy leads to a value in the practice production: none is misspelled."""
    with connect(production[0]) as connection:
        for name, table in policy.load(FILE).tables.items():
            for column, mask in table.columns.items():
                for path in mask.options.get("paths", {}):
                    statement = sql.SQL("SELECT count(*) > 0 FROM {} WHERE {} @? {}::jsonpath").format(
                        sql.Identifier(name.schema, name.name),
                        sql.Identifier(column),
                        sql.Literal(path),
                    )
                    assert connection.execute(statement).fetchone() == (True,), (str(name), column, path)
