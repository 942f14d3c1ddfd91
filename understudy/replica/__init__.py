"""Replicas: a developer's private copy of the anonymized staging."""
