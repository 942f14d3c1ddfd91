"""`last_name`: a family name that nobody bears."""

from __future__ import annotations

from anonymizer.maskers.first_name import FirstName


class LastName(FirstName):
    """A family name from the locale's pool."""

    name = "last_name"
    searched = "always"
    pool_name = "last_names"
