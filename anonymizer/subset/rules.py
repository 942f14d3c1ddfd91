"""What a policy's `[subset]` or `--subset` says of a table.

    [subset]
    "public.users"  = "5%"                                             # of its rows, chosen by the clone's key
    "public.orders" = 1000                                             # so many rows
    "public.events" = { where = "created_at > now() - interval '30 days'" }
    "public.logs"   = { where = "level = 'error'", take = "10%" }      # of those

`--subset` writes the same as `public.users: 5%` and `public.events: where created_at > ...`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from anonymizer import identifiers
from anonymizer.errors import PolicyError
from anonymizer.identifiers import TableName
from anonymizer.subset import condition

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,12})?)\s*%", re.ASCII)
_COUNT = re.compile(r"\d{1,18}", re.ASCII)
_WHERE = re.compile(r"where\b\s*(.*)", re.IGNORECASE | re.DOTALL)
_WHOLE = Decimal(100)


class SubsetError(PolicyError):
    """a rule of the subset means nothing"""


@dataclass(frozen=True)
class Rule:
    """Which rows of a table are chosen: those of `where`, and of them a share or a number.

    Attributes:
        share: in percent, 0 to 100.
        count: a number of rows; None where the share says it.
        where: an SQL condition, None for all rows.
    """

    share: Decimal = _WHOLE
    count: int | None = None
    where: str | None = None

    @property
    def whole(self) -> bool:
        """Whether it takes all rows that its condition leaves, so that nothing is drawn."""
        return self.count is None and self.share == _WHOLE

    def __str__(self) -> str:
        """For a report: without the condition's text, which may quote a value."""
        taken = f"{self.share.normalize():f}%" if self.count is None else f"{self.count} rows"
        if self.where is None:
            return taken
        return "where" if self.whole else f"{taken} where"

    def record(self) -> dict[str, Any]:
        """For the attestation: the condition by its digest."""
        return {
            "take": str(self),
            "where_sha256": None if self.where is None else hashlib.sha256(self.where.encode()).hexdigest(),
        }


def parse(spec: object) -> Rule:
    """A rule as a policy writes it.

    Raises:
        SubsetError: it means nothing.
    """
    if isinstance(spec, Mapping):
        if unknown := sorted(set(spec) - {"take", "where"}):
            raise SubsetError(detail=f"A rule has take and where, and no {unknown[0]!r}.")
        if not spec:
            raise _nonsense()
        taken = _taken(spec.get("take", "100%"))
        return taken if "where" not in spec else _where(spec["where"], taken)
    if isinstance(spec, str) and (found := _WHERE.match(spec.strip())):
        return _where(found[1], Rule())
    return _taken(spec)


def _taken(spec: object) -> Rule:
    if isinstance(spec, int) and not isinstance(spec, bool) and spec >= 0:
        return Rule(count=spec)
    text = spec.strip() if isinstance(spec, str) else ""
    if _COUNT.fullmatch(text):
        return Rule(count=int(text))
    found = _SHARE.fullmatch(text)
    if found is None or Decimal(found[1]) > _WHOLE:
        raise _nonsense()
    return Rule(share=Decimal(found[1]))


def _where(text: object, taken: Rule) -> Rule:
    if not isinstance(text, str) or not text.strip():
        raise SubsetError("a where of the subset is empty", detail="It is an SQL condition on the table's columns.")
    condition.check(text)
    return Rule(taken.share, taken.count, text.strip())


def _nonsense() -> SubsetError:
    return SubsetError(
        detail="A rule is a share of the rows from 0% to 100%, a number of rows, or a condition.",
        hint="Write '5%', '1000', or 'where created_at > now() - interval ''30 days'''.",
    )


def section(document: object) -> dict[TableName, Rule]:
    """The rules of a policy's `[subset]`.

    Raises:
        SubsetError: one of them means nothing, or a table is named twice.
        PolicyError: a name is no table's.
    """
    if not isinstance(document, Mapping):
        raise SubsetError("subset is not a table", hint='Write [subset], and below it "public.users" = "5%".')
    return _collected([(identifiers.parse(text), spec) for text, spec in document.items()])


def options(texts: Sequence[str]) -> dict[TableName, Rule]:
    """The rules of `--subset`, each written TABLE: RULE.

    Raises:
        SubsetError: one of them means nothing, or a table is named twice.
    """
    return _collected([_option(text) for text in texts])


def _option(text: str) -> tuple[TableName, str]:
    for at in (at for at, letter in enumerate(text) if letter == ":"):
        try:
            return identifiers.parse(text[:at].strip()), text[at + 1 :]
        except PolicyError:
            continue  # a colon inside of a quoted name
    raise SubsetError(
        "a --subset names no table",
        detail="It is a table with its schema, a colon, and a rule.",
        hint="Write --subset 'public.users: 5%'.",
    )


def _collected(items: Sequence[tuple[TableName, object]]) -> dict[TableName, Rule]:
    rules: dict[TableName, Rule] = {}
    for name, spec in items:
        if name in rules:
            raise SubsetError(f"the subset names {name} twice")
        try:
            rules[name] = parse(spec)
        except SubsetError as error:
            detail = f"{name}: {error.detail}" if error.detail else f"It is that of {name}."
            raise SubsetError(error.message, detail=detail, hint=error.hint) from None
    return rules
