"""Where the two witnesses contradict each other, although both see differences.

Each difference that the catalogs show speaks for some pieces of the dump (`claims.py`). A piece that differs and that
no difference speaks for is a contradiction. So "these differences are accepted" never means "and
whatever else there may be".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from understudy.catalog import Snapshot
from understudy.parity.claims import ADORNED, Claims
from understudy.parity.pieces import Piece, Place, changed
from understudy.parity.verdict import Difference
from understudy.parity.witness import Dump

_NO_EXPRESSIONS = ("ACL ", "DEFAULT ACL ", "SUBSCRIPTION ", "COMMENT -.SUBSCRIPTION ", "SECURITY LABEL -.SUBSCRIPTION ")
"""Titles of entries that a fixed point leaves out, and whose text means one thing only."""


@dataclass(frozen=True)
class Beyond:
    """What two dumps show beyond the differences, by titles in order.

    Args:
        certain: entries without expressions, or owners: these differ, whatever a fixed point says.
        text: entries of which only texts differ, that may yet mean the same.
    """

    certain: list[str]
    text: list[str]

    def __bool__(self) -> bool:
        return bool(self.certain or self.text)


def beyond(differences: Iterable[Difference], snapshots: tuple[Snapshot, Snapshot], dumps: tuple[Dump, Dump]) -> Beyond:
    """What two dumps show that no difference speaks for."""
    certain: list[str] = []
    text: list[str] = []
    unread = _unread(snapshots)
    found = {title: pieces for title, pieces in changes(*dumps).items() if not title.startswith(unread)}
    claims = Claims(differences, *snapshots) if found else None
    for title, pieces in found.items():
        more = claims.beyond(title, pieces) if claims else pieces
        if more:
            (certain if title.startswith(_NO_EXPRESSIONS) or any(map(_is_owner, more)) else text).append(title)
    return Beyond(certain, text)


def changes(left: Dump, right: Dump) -> dict[str, set[Piece]]:
    """The pieces in which two dumps differ, by the titles of their entries in order."""
    titles = left.differing(right)
    here, there = (_by_title(dump) if titles else {} for dump in (left, right))
    return {title: changed(title, here[title], there[title]) for title in titles}


def _unread(snapshots: tuple[Snapshot, Snapshot]) -> tuple[str, ...]:
    """How titles begin of what a role may not read: the verdict has that as a reason, and pg_dump may not either."""
    words: set[str] = set()
    for unreadable in (u for snapshot in snapshots for u in snapshot.unreadable):
        word = unreadable.kind.upper()
        words |= {f"{word} ", f"COMMENT -.{word} ", f"SECURITY LABEL -.{word} "}
        words |= {ADORNED[unreadable.attribute]} if unreadable.attribute in ADORNED else set()
    return tuple(sorted(words))


def _is_owner(piece: Piece) -> bool:
    return piece.place is Place.OWNER


def _by_title(dump: Dump) -> defaultdict[str, Counter[str]]:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (title, body), times in dump.entries.items():
        found[title][body] = times
    return found
