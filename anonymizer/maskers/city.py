"""`city`: a town that is on no map."""

from __future__ import annotations

from anonymizer.maskers.first_name import FirstName


class City(FirstName):
    """A town's name from the locale's pool."""

    name = "city"
    searched = "never"
    pool_name = "cities"
