"""Migrations: plain SQL, applied once, provable and reversible."""
