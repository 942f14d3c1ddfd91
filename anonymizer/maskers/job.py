"""`job`: another occupation."""

from __future__ import annotations

from anonymizer.maskers.first_name import FirstName


class Job(FirstName):
    """An occupation from the locale's pool. They are real ones: an occupation is nobody's own."""

    name = "job"
    searched = "never"
    pool_name = "jobs"
