"""The whole story on the embedded server: a practice production, its clone, the proofs, the report."""
