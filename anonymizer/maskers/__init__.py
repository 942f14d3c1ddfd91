"""The masks, one family per file."""
