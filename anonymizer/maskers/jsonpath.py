"""Paths into JSON documents, and where a walk through a document stands with respect to them.

The grammar is the part of JSONPath (RFC 9535) that names places: `$.a.b`, `$['a b']`, `$.a[0]`, `$.a[*].b`, `$.*`,
`$..email` (that key at any depth). A path that ends at an object or an array means everything in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from anonymizer.errors import PolicyError

ANY = object()
"""A step that any key or index takes."""

_TOKEN = re.compile(
    r"""(?P<deep>\.\.)(?P<deep_key>[^.\[\]'"\s]+)
      | \.(?P<key>[^.\[\]'"\s*]+)
      | \.(?P<quoted_key>"(?:[^"\\]|\\.)*")
      | (?P<any>\.\*|\[\*\])
      | \[(?P<index>\d+)\]
      | \['(?P<quoted>(?:[^'\\]|\\.)*)'\]
      | \["(?P<double>(?:[^"\\]|\\.)*)"\]
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Step:
    """One step of a path: a key, an index, or `ANY`; `deep` if it may lie at any depth."""

    take: object
    deep: bool = False


def parse(path: str) -> tuple[Step, ...]:
    """The steps of a path.

    Raises:
        PolicyError: it is no path of the grammar above.
    """
    if not path.startswith("$"):
        raise _malformed(path)
    steps, at = [], 1
    while at < len(path):
        found = _TOKEN.match(path, at)
        if not found:
            raise _malformed(path)
        steps.append(_step(found))
        at = found.end()
    return tuple(steps)


def _step(found: re.Match[str]) -> Step:
    if found["deep_key"] is not None:
        return Step(ANY if found["deep_key"] == "*" else found["deep_key"], deep=True)
    if found["any"]:
        return Step(ANY)
    if found["index"] is not None:
        return Step(int(found["index"]))
    if found["key"] is not None:
        return Step(found["key"])
    quoted = found["quoted"] if found["quoted"] is not None else found["double"]
    if quoted is None:
        quoted = found["quoted_key"][1:-1]
    return Step(re.sub(r"\\(.)", r"\1", quoted))


def _malformed(path: str) -> PolicyError:
    return PolicyError(
        f"the JSON path {path!r} is malformed",
        hint="Write it like $.email, $.contacts[*].phone, $['a b'] or $..email.",
    )


class State:
    """Where a walk stands with respect to all paths.

    Attributes:
        reached: the number of the path whose mask holds for everything from here down, None where there is none.
        other: the state after a key or an index that no path names.
        next: the states after those that some path names; complete, so that a walk asks `next.get(key, other)`.
        settled: whether nothing below can change `reached` any more.
    """

    __slots__ = ("next", "other", "reached", "settled")

    def __init__(self, following: frozenset[tuple[int, int]], reached: int | None) -> None:
        """A state whose neighbours are not known yet: it is its own neighbour."""
        self.reached = reached
        self.settled = reached is not None or not following
        self.next: dict[object, State] = {}
        self.other: State = self


class Walker:
    """All paths at once, as an automaton whose states are made before a walk needs them."""

    def __init__(self, paths: Sequence[tuple[Step, ...]]) -> None:
        """Takes the paths; of two that reach the same value the one written first wins."""
        self._paths = paths
        self._named = {step.take for path in paths for step in path if step.take is not ANY}
        self._states: dict[tuple[frozenset[tuple[int, int]], int | None], State] = {}
        self.start = self._state(frozenset((number, 0) for number in range(len(paths))))

    def _state(self, following: frozenset[tuple[int, int]]) -> State:
        """The one state of that standing; its neighbours are made with it. There are few: paths are short."""
        ended = [number for number, position in following if position == len(self._paths[number])]
        reached = min(ended) if ended else None
        state = self._states.get((following, reached))
        if state is None:
            state = self._states[following, reached] = State(following, reached)
            if not state.settled:
                state.next = {name: self._state(self._advance(following, name)) for name in self._named}
                state.other = self._state(self._advance(following, ANY))
        return state

    def _advance(self, open_: frozenset[tuple[int, int]], taken: object) -> frozenset[tuple[int, int]]:
        following = set()
        for number, position in open_:
            step = self._paths[number][position]
            if step.deep:
                following.add((number, position))
            if step.take is ANY or step.take == taken:
                following.add((number, position + 1))
        return frozenset(following)
