"""An entry of a dump, cut into the pieces that one change each can change.

A table's entry holds its columns, its checks and a dozen settings; so that a change of one column speaks for that
column alone, the entry is taken apart: the head, each element of the list in parentheses, what follows the list, and
each statement after that. Functions, aggregates, operators and sequences are cut into clauses (`clauses.py`), other
entries into their statements.
"""

from __future__ import annotations

import enum
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from understudy.parity.clauses import clauses


class Place(enum.Enum):
    """Where in an entry a piece stands."""

    OWNER = "owner"
    HEAD = "head"
    ELEMENT = "element"
    CLAUSE = "clause"
    STATEMENT = "statement"
    ORDER = "order"
    """No piece of the text: the same pieces stand in another order."""


@dataclass(frozen=True)
class Piece:
    """A piece of an entry: its place and its text, without the comma or semicolon that ends it."""

    place: Place
    text: str


_LISTS = {"TABLE": "(\n", "FOREIGN TABLE": "(\n", "TYPE": " AS (\n"}
"""What the titles of entries with a list of elements begin with, and how the list does."""
_MARK = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[()\[\],;]", re.S)


def changed(title: str, left: Counter[str], right: Counter[str]) -> set[Piece]:
    """The pieces of one title's entries that only one side has; `Place.ORDER` if nothing but their order differs."""
    here, there = (Counter(p for body in bodies.elements() for p in pieces(title, body)) for bodies in (left, right))
    only_one = set((here - there) + (there - here))
    if not (left and right):
        # whose an entry is that the other side lacks is no news
        only_one = {piece for piece in only_one if piece.place is not Place.OWNER}
    return only_one or {Piece(Place.ORDER, "")}


def pieces(title: str, body: str) -> Iterator[Piece]:
    """The pieces of an entry's body as `witness.entries` yields it: a line with the owner, then statements."""
    owner, _, text = body.partition("\n")
    yield Piece(Place.OWNER, owner)
    if cut := clauses(title, text):
        yield Piece(Place.HEAD, cut[0])
        yield from (Piece(Place.CLAUSE, clause) for clause in cut[1])
        yield from (Piece(Place.STATEMENT, statement) for statement in cut[2])
        return
    first, *others = _statements(text)
    begin = next((mark for sort, mark in _LISTS.items() if title.startswith(sort + " ")), None)
    if begin and begin in first:
        head, _, rest = first.partition(begin)
        *elements, tail = _elements(rest)
        yield Piece(Place.HEAD, " ".join(head.split()))
        yield from (Piece(Place.ELEMENT, element) for element in elements if element)
        others = [tail, *others]
    elif title.startswith("DOMAIN "):
        head, *elements = first.split("\n\tCONSTRAINT ")
        yield Piece(Place.HEAD, head)
        yield from (Piece(Place.ELEMENT, f"CONSTRAINT {element}") for element in elements)
    else:
        yield Piece(Place.HEAD, first)
    yield from (Piece(Place.STATEMENT, statement) for statement in others if statement)


def _marks(text: str) -> Iterator[tuple[int, str, int]]:
    """Each mark outside quotes: where it stands, the mark, and how many parentheses are open after it."""
    depth = 0
    for found in _MARK.finditer(text):
        mark = found[0]
        if len(mark) == 1 and mark not in "'\"":
            depth += (mark in "([") - (mark in ")]")
            yield found.start(), mark, depth


def _statements(text: str) -> list[str]:
    """The statements of a text."""
    ends = [place for place, mark, depth in _marks(text) if mark == ";" and depth == 0]
    return [text[i:j].strip("; \n") for i, j in zip([0, *ends], [*ends, len(text)], strict=True)]


def elements(text: str) -> list[str]:
    """The elements of a list, whatever commas are inside quotes and parentheses."""
    commas = [place for place, mark, depth in _marks(text) if mark == "," and depth == 0]
    return [text[i:j].strip(", \n") for i, j in zip([0, *commas], [*commas, len(text)], strict=True)]


def parted(text: str) -> list[str]:
    """The parts of a list without parentheses around it, cut at its commas."""
    return _elements(text)


def _elements(text: str) -> list[str]:
    """The elements of a list whose opening parenthesis is behind us, and last what follows the list."""
    found, begin = [], 0
    for place, mark, depth in _marks(text):
        if depth < 0 or (depth == 0 and mark == ","):
            found.append(text[begin:place].strip())
            begin = place + 1
        if depth < 0:
            break
    return [*found, text[begin:].strip()]
