"""Understudy: staging knows production's part by heart, and has none of its secrets."""

__version__ = "0.1.0"
