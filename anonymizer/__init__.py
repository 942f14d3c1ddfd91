"""The anonymizer: the only code that sees unmasked rows. It imports nothing of ours."""
