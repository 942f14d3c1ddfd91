"""All rules by their names."""

from __future__ import annotations

from understudy.migrate.lint.rules import (
    Rule,
    constraint_scans_table,
    drop_needs_contract,
    foreign_key_without_index,
    index_blocks_writes,
    long_write,
    missing_rollback,
    not_null_scans_table,
    refresh_blocks_readers,
    table_rewrite,
    unique_builds_index,
)

RULES: dict[str, Rule] = {
    "table-rewrite": table_rewrite.rule,
    "index-blocks-writes": index_blocks_writes.rule,
    "constraint-scans-table": constraint_scans_table.rule,
    "not-null-scans-table": not_null_scans_table.rule,
    "unique-builds-index": unique_builds_index.rule,
    "drop-needs-contract": drop_needs_contract.rule,
    "foreign-key-without-index": foreign_key_without_index.rule,
    "long-write": long_write.rule,
    "refresh-blocks-readers": refresh_blocks_readers.rule,
    "missing-rollback": missing_rollback.rule,
}

OWN = ("does-not-apply", "allow-needs-reason", "allow-unknown", "allow-unused")
"""Names that the linter itself uses; they cannot be allowed away."""
