"""Names that more than one capability must agree on."""

JOURNAL_SCHEMA = "understudy"
"""The schema of the migration journal. It is ours, not the product's: parity, lint and counts pass it over."""
