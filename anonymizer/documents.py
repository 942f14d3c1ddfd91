"""What stands in JSON documents: the paths of their texts and numbers, those of many documents laid over each other.

A key that is itself a value (an id, an address, a day; or one of very many) becomes the step `.*`, so that no path
carries data and a map of ids is one path instead of a thousand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from anonymizer.maskers import jsonpath

_DEEPEST = 64
"""What lies deeper has no path of its own: `others` covers it."""

_MOST_KEYS = 50
"""An object of more different keys than this, over all documents, is a map of data."""

_WORD = re.compile(r"[A-Za-z_]\w*")
_DATA = re.compile(
    r"\d+|[0-9a-f]{8}-.*|[0-9a-fA-F]{16,}|.*@.*|\d{4}-\d\d-\d\d.*|\+?\d[\d ()-]{5,}|.{65,}|.*[\x00-\x1f\x7f-\x9f].*",
    re.DOTALL,
)


@dataclass
class Leaf:
    """What stands at a path: texts, and numbers as texts."""

    texts: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)


@dataclass
class _Node:
    keys: dict[str, _Node] = field(default_factory=dict)
    items: _Node | None = None
    leaf: Leaf = field(default_factory=Leaf)


def _documents(texts: Iterable[str]) -> Iterator[Any]:
    """The documents among texts; what is none is left out."""
    for text in texts:
        try:
            yield json.loads(text)
        except (ValueError, RecursionError):
            continue


def leaves(texts: Iterable[str]) -> dict[str, Leaf]:
    """Every path at which documents have a text or a number; the particular ones before those with a `*`."""
    root = _Node()
    for document in _documents(texts):
        _collect(root, document, 0)
    found: dict[str, Leaf] = {}
    _paths(root, "$", found)
    return dict(sorted(found.items(), key=lambda item: (item[0].count("*"), item[0])))


def _collect(node: _Node, value: Any, depth: int) -> None:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            _collect(node.keys.setdefault(key, _Node()), item, depth + 1)
    elif isinstance(value, list):
        node.items = node.items or _Node()
        for item in value:
            _collect(node.items, item, depth + 1)
    elif isinstance(value, str):
        node.leaf.texts.append(value)
    elif value is not None and not isinstance(value, bool):
        node.leaf.numbers.append(str(value))


def _paths(node: _Node, path: str, found: dict[str, Leaf]) -> None:
    if node.leaf.texts or node.leaf.numbers:
        leaf = found.setdefault(path, Leaf())
        leaf.texts += node.leaf.texts
        leaf.numbers += node.leaf.numbers
    if node.items is not None:
        _paths(node.items, path + "[*]", found)
    many = len(node.keys) > _MOST_KEYS
    for key, below in node.keys.items():
        _paths(below, path + (".*" if many or is_data(key) else step(key)), found)


def is_data(key: str) -> bool:
    """Whether a key is itself a value: an id, an address, a day."""
    return bool(_DATA.fullmatch(key))


def step(key: str) -> str:
    """A key as a step of a path."""
    if _WORD.fullmatch(key):
        return f".{key}"
    return "['" + key.replace("\\", "\\\\").replace("'", "\\'") + "']"


def unnamed(paths: Sequence[str], keys: Sequence[str], texts: Iterable[str]) -> list[str]:
    """The paths at which documents have a text or a number, and that no rule of a json mask reaches."""
    return reached(paths, keys, {None}, texts)


def reached(paths: Sequence[str], keys: Sequence[str], by: Container[int | None], texts: Iterable[str]) -> list[str]:
    """The paths at which documents have a text or a number that certain rules of a json mask decide on.

    Args:
        paths: of the mask.
        keys: of the mask, which stand behind its paths.
        by: the numbers of the rules; None for `others`.
        texts: the documents.
    """
    anywhere = [(jsonpath.Step(key, deep=True),) for key in keys]
    walker = jsonpath.Walker([*(jsonpath.parse(path) for path in paths), *anywhere])
    root = _Node()
    for document in _documents(texts):
        _walk(root, document, walker.start, by, 0)
    found: dict[str, Leaf] = {}
    _paths(root, "$", found)
    return sorted(found)


def _walk(node: _Node, value: Any, state: jsonpath.State, by: Container[int | None], depth: int) -> None:
    """As `_collect`, but only what these rules have reached."""
    if depth > _DEEPEST or (state.settled and state.reached not in by):
        return
    if isinstance(value, dict):
        for key, item in value.items():
            below = state if state.reached is not None else state.next.get(key, state.other)
            _walk(node.keys.setdefault(key, _Node()), item, below, by, depth + 1)
    elif isinstance(value, list):
        node.items = node.items or _Node()
        for number, item in enumerate(value):
            below = state if state.reached is not None else state.next.get(number, state.other)
            _walk(node.items, item, below, by, depth + 1)
    elif state.reached in by and value is not None and not isinstance(value, bool):
        node.leaf.numbers.append("")
