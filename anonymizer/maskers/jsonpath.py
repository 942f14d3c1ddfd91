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


@dataclass(frozen=True)
class State:
    """Where a walk stands: the paths still being followed, and the mask of everything below, if one was reached."""

    open: frozenset[tuple[int, int]]
    reached: int | None


class Walker:
    """All paths at once, as an automaton: from a state, by a key or an index, to the next."""

    def __init__(self, paths: Sequence[tuple[Step, ...]]) -> None:
        """Takes the paths; of two that reach the same value the one written first wins."""
        self._paths = paths
        self._named = {step.take for path in paths for step in path if step.take is not ANY}
        self._next: dict[tuple[State, object], State] = {}
        self.start = self._state(frozenset((number, 0) for number in range(len(paths))), None)

    def step(self, state: State, taken: object) -> State:
        """The state after taking a key or an index. Keys that no path names are one and the same to us."""
        known = taken if taken in self._named else ANY
        found = self._next.get((state, known))
        if found is None:
            found = self._next[state, known] = self._advance(state, known)
        return found

    def _advance(self, state: State, taken: object) -> State:
        if state.reached is not None:
            return state
        following = set()
        for number, position in state.open:
            step = self._paths[number][position]
            if step.deep:
                following.add((number, position))
            if step.take is ANY or step.take == taken:
                following.add((number, position + 1))
        return self._state(frozenset(following), None)

    def _state(self, following: frozenset[tuple[int, int]], reached: int | None) -> State:
        ended = [number for number, position in following if position == len(self._paths[number])]
        return State(following, min(ended) if ended else reached)
