"""The contract over pg_catalog: what is done with every column of every catalog, and why.

`contract.toml` is the contract; this module reads it. The tests hold it against every server at hand and against the
kinds: a column that nobody classified, or one called compared that no query reads, is a failure.
"""

from __future__ import annotations

import enum
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from understudy.catalog.model import NEWEST, OLDEST


class Treatment(enum.Enum):
    """What parity does with a column."""

    COMPARED = "compared"
    IDENTITY = "identity"
    DERIVED = "derived"
    PHYSICAL = "physical"


@dataclass(frozen=True)
class Column:
    """A column of a catalog: its treatment, the reason or (compared) where it goes, and the versions that have it."""

    catalog: str
    name: str
    treatment: Treatment
    reason: str
    since: int = OLDEST
    until: int = NEWEST

    def destinations(self) -> list[tuple[str, str, str | None]]:
        """Of a compared column: the kind and the attribute that it reaches, and the function that reads it, if any."""
        found = []
        for place in self.reason.split(", "):
            where, _, function = place.partition(" by ")
            kind, _, attribute = where.partition(".")
            found.append((kind, attribute, function or None))
        return found


@dataclass(frozen=True)
class Contract:
    """All columns, and a line about each catalog."""

    columns: tuple[Column, ...]
    about: Mapping[str, str]

    def of(self, major: int) -> dict[tuple[str, str], Column]:
        """The columns that a server of that major version has."""
        return {(c.catalog, c.name): c for c in self.columns if c.since <= major <= c.until}


@functools.cache
def load() -> Contract:
    """The contract, read once."""
    text = resources.files("understudy.catalog").joinpath("contract.toml").read_text(encoding="utf-8")
    document = tomllib.loads(text)
    versions, about = document.pop("versions"), document.pop("about")
    columns = []
    for catalog, entries in document.items():
        for name, entry in entries.items():
            treatment, _, reason = entry.partition(": ")
            since, until = _span(versions.get(f"{catalog}.{name}") or versions.get(catalog, "-"))
            columns.append(Column(catalog, name, Treatment(treatment), reason, since, until))
    return Contract(tuple(columns), about)


def _span(text: str) -> tuple[int, int]:
    since, _, until = text.partition("-")
    return int(since or OLDEST), int(until or NEWEST)


def as_page(contract: Contract) -> str:
    """The contract as docs/parity-contract.md."""
    size, catalogs = len(contract.columns), len(contract.about)
    counts = {t: sum(c.treatment is t for c in contract.columns) for t in Treatment}
    said = ", ".join(f"{count} {treatment.value}" for treatment, count in counts.items())
    lines = [
        "# The contract over pg_catalog",
        "",
        "<!-- Generated from understudy/catalog/contract.toml by `python -m understudy.catalog.contract`. -->",
        "",
        f"`understudy parity` compares what PostgreSQL {OLDEST} to {NEWEST} keep about a schema. This page says of "
        f"each of the {size} columns of their {catalogs} catalogs what is done with it: {said}.",
        "",
        "- **compared**: it reaches the attribute named.",
        "- **identity**: it is part of what an object is called.",
        "- **derived**: it follows from something that is compared.",
        "- **physical**: it belongs to the data, the cluster or the machine, and is no schema.",
    ]
    for catalog, about in contract.about.items():
        lines += [
            "",
            f"## {catalog}",
            "",
            f"{about[0].upper()}{about[1:]}.",
            "",
            "| column | | |",
            "| --- | --- | --- |",
        ]
        lines += [_row(c) for c in contract.columns if c.catalog == catalog]
    return "\n".join(lines) + "\n"


def _row(column: Column) -> str:
    span = ""
    if (column.since, column.until) != (OLDEST, NEWEST):
        span = f" ({column.since} to {column.until})" if column.since != column.until else f" ({column.since})"
    return f"| `{column.name}`{span} | {column.treatment.value} | {column.reason} |"


if __name__ == "__main__":
    print(as_page(load()), end="")  # noqa: T201 - the page is this module's output
