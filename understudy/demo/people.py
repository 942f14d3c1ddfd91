"""People who do not exist, by Faker: drawn once into pools, then combined for any number of users.

A user's attributes are functions of the user's number. Wherever a user is mentioned, in a column, in JSON or in a
sentence, the same name, address and phone number come out, without a lookup.
"""

from __future__ import annotations

import re
import unicodedata

import polars as pl
from faker import Faker

from understudy.demo.dice import Dice

LOCALES = ("it_IT",) * 6 + ("de_DE", "fr_FR", "es_ES", "pl_PL", "cs_CZ", "sv_SE", "en_IE", "el_GR", "pt_PT", "ja_JP")
"""One block of the pool each: six of sixteen people are Italian."""

PER_BLOCK = 200
DOMAINS = ("posta.example", "libera.example", "mail.example", "studio.example", "alice.example", "example.org")
"""Reserved names: no message can ever reach anybody."""

PHONE_DIGITS = 6


def _slug(name: str) -> str:
    """The letters a to z of a name; empty for a name in another script."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("ø", "o").replace("ł", "l").replace("ß", "ss"))
    return re.sub(r"[^a-z]", "", plain)


def _towns(fake: Faker) -> list[str] | None:
    """Faker lists Italy's towns in the order of a set, another in each process: here in an order that stays."""
    towns = next((provider.cities for provider in fake.get_providers() if hasattr(provider, "cities")), None)
    return sorted(towns) if isinstance(towns, list) else None


def _person(fake: Faker, locale: str, towns: list[str] | None) -> dict[str, str]:
    first, last = fake.first_name(), fake.last_name()
    phone = fake.phone_number()
    return {
        "locale": locale,
        "first": first,
        "last": last,
        "slug_first": _slug(first) or "user",
        "slug_last": _slug(last) or "x",
        "street": fake.street_name(),
        "city": fake.random_element(towns) if towns else fake.city(),
        "postcode": fake.postcode(),
        "company": fake.company(),
        # the number's last digits are the user's own, so that no two share one
        "phone": phone[: max(4, len(phone) - PHONE_DIGITS)].strip(),
        "job": fake.job(),
    }


class People:
    """Any number of people, each a function of a number from 1."""

    def __init__(self, dice: Dice) -> None:
        """Draw the pools, which takes about a second."""
        self._dice = dice
        drawn = []
        for block, locale in enumerate(LOCALES):
            fake = Faker(locale)
            fake.seed_instance(dice.seed * len(LOCALES) + block)
            towns = _towns(fake)
            drawn += [_person(fake, locale, towns) for _ in range(PER_BLOCK)]
        self._pool = pl.DataFrame(drawn)

    def _row(self, part: str, who: pl.Expr) -> pl.Expr:
        """Where in the pool a part of the person comes from: parts differ in row, never in locale."""
        block = self._dice.below("people/block", who, len(LOCALES))
        return block * PER_BLOCK + self._dice.below(f"people/{part}", who, PER_BLOCK)

    def _take(self, column: str, part: str, who: pl.Expr) -> pl.Expr:
        return pl.lit(self._pool[column]).gather(self._row(part, who))

    def locale(self, who: pl.Expr) -> pl.Expr:
        """For example it_IT."""
        return self._take("locale", "first", who)

    def first_name(self, who: pl.Expr) -> pl.Expr:
        """Given name, in the locale's script."""
        return self._take("first", "first", who)

    def last_name(self, who: pl.Expr) -> pl.Expr:
        """Family name."""
        return self._take("last", "last", who)

    def full_name(self, who: pl.Expr) -> pl.Expr:
        """Given name, space, family name."""
        return pl.concat_str(self.first_name(who), pl.lit(" "), self.last_name(who))

    def email(self, who: pl.Expr) -> pl.Expr:
        """An address nobody else has, in a domain that does not exist."""
        domain = self._dice.pick("people/domain", who, pl.Series(DOMAINS))
        first, last = self._take("slug_first", "first", who), self._take("slug_last", "last", who)
        return pl.concat_str(first, pl.lit("."), last, who.cast(pl.String), pl.lit("@"), domain)

    def phone(self, who: pl.Expr) -> pl.Expr:
        """A number as people of that country write it."""
        own = self._dice.below("people/digits", who, 10**PHONE_DIGITS).cast(pl.String).str.zfill(PHONE_DIGITS)
        return pl.concat_str(self._take("phone", "phone", who), pl.lit(" "), own)

    def known_phone(self, who: pl.Expr) -> pl.Expr:
        """The number that the account has: null or empty for some."""
        roll = self._dice.below("people/known_phone", who, 100)
        return pl.when(roll < 12).then(None).when(roll < 14).then(pl.lit("")).otherwise(self.phone(who))

    def street(self, who: pl.Expr) -> pl.Expr:
        """Street and number."""
        number = self._dice.below("people/number", who, 180) + 1
        return pl.concat_str(self._take("street", "street", who), pl.lit(" "), number.cast(pl.String))

    def city(self, who: pl.Expr) -> pl.Expr:
        """Town."""
        return self._take("city", "city", who)

    def postcode(self, who: pl.Expr) -> pl.Expr:
        """Postal code."""
        return self._take("postcode", "city", who)

    def company(self, who: pl.Expr) -> pl.Expr:
        """Employer."""
        return self._take("company", "company", who)

    def job(self, who: pl.Expr) -> pl.Expr:
        """Occupation."""
        return self._take("job", "job", who)

    def ip(self, stream: str, row: pl.Expr) -> pl.Expr:
        """An address of IPv4, of IPv6 in one of eight rows, as PostgreSQL writes it."""
        part = [self._dice.below(f"{stream}/ip{at}", row, 254) + 1 for at in range(4)]
        four = pl.concat_str([p.cast(pl.String) for p in part], separator=".")
        six = pl.concat_str(pl.lit("fd4e:a1b2:"), pl.concat_str([p.cast(pl.String) for p in part], separator=":"))
        return pl.when(self._dice.chance(f"{stream}/six", row, 12.5)).then(six + ":0:1").otherwise(four)
