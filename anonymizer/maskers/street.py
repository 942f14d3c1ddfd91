"""`street`: a street that is on no map, without a number."""

from __future__ import annotations

from anonymizer.maskers.first_name import FirstName


class Street(FirstName):
    """A street's name from the locale's pool, without a house number."""

    name = "street"
    searched = "never"
    pool_name = "streets"
