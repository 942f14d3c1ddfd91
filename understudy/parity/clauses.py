"""Statements with many attributes, clause by clause: which of them an attribute is written in.

pg_dump writes a function, an aggregate, an operator or a sequence as one statement. So that a change of its cost speaks
for nothing but COST, the statement is cut into its clauses, as pg_dump lays them out. What does not have that layout
stays whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_ROUTINE = re.compile(
    r"(?P<head>.*?)\n    (?P<line>(?:TRANSFORM|LANGUAGE) [^\n]*)(?P<settings>(?:\n    SET [^\n]*)*)\n    (?P<body>.*)",
    re.S,
)
_WORDS = re.compile(
    r"TRANSFORM FOR TYPE .*?(?= (?:WINDOW|IMMUTABLE|STABLE|STRICT|SECURITY|LEAKPROOF|COST|ROWS|SUPPORT|PARALLEL)\b|$)"
    r"|LANGUAGE (?:\w+|\"[^\"]*\")|WINDOW|IMMUTABLE|STABLE|STRICT|SECURITY DEFINER|LEAKPROOF"
    r"|COST \S+|ROWS \S+|SUPPORT \S+|PARALLEL \w+"
)
_LATER = re.compile(r";\n\n\n(?=ALTER )")
_LIMITS = ("MINVALUE ", "NO MINVALUE", "MAXVALUE ", "NO MAXVALUE")

_FUNCTION = {
    # what a function costs unless it is said depends on its language
    "language": ("LANGUAGE ", "COST 1", "COST 100"),
    "transforms": ("TRANSFORM ",),
    "kind": ("WINDOW",),
    "volatility": ("IMMUTABLE", "STABLE"),
    "strict": ("STRICT",),
    "security definer": ("SECURITY DEFINER",),
    "leakproof": ("LEAKPROOF",),
    "cost": ("COST ",),
    "rows": ("ROWS ",),
    "support function": ("SUPPORT ",),
    "parallel": ("PARALLEL ",),
    "settings": ("SET ",),
    "body": ("AS ",),
    "library": ("AS ",),
    "SQL body": ("RETURN ", "BEGIN "),
}
CLAUSES: dict[str, dict[str, tuple[str, ...]]] = {
    "function": _FUNCTION,
    "procedure": _FUNCTION,
    "sequence": {
        # limits are not said where they are those of the type and the direction
        "type": ("AS ", *_LIMITS),
        "increment": ("INCREMENT BY ", *_LIMITS),
        "start": ("START WITH ",),
        "minimum": _LIMITS[:2],
        "maximum": _LIMITS[2:],
        "cache": ("CACHE ",),
        "cycle": ("CYCLE",),
    },
    "aggregate": {
        "transition function": ("SFUNC ",),
        "state type": ("STYPE ",),
        "state size": ("SSPACE ",),
        "initial value": ("INITCOND ",),
        "final function": ("FINALFUNC ", "FINALFUNC_MODIFY "),
        "final function takes arguments": ("FINALFUNC_EXTRA",),
        "final function modifies": ("FINALFUNC_MODIFY ",),
        "combine function": ("COMBINEFUNC ",),
        "serial function": ("SERIALFUNC ",),
        "deserial function": ("DESERIALFUNC ",),
        "moving transition function": ("MSFUNC ",),
        "moving inverse function": ("MINVFUNC ",),
        "moving state type": ("MSTYPE ",),
        "moving state size": ("MSSPACE ",),
        "moving initial value": ("MINITCOND ",),
        "moving final function": ("MFINALFUNC ", "MFINALFUNC_MODIFY "),
        "moving final function takes arguments": ("MFINALFUNC_EXTRA",),
        "moving final function modifies": ("MFINALFUNC_MODIFY ",),
        "sort operator": ("SORTOP ",),
        "parallel": ("PARALLEL ",),
    },
    "operator": {
        "function": ("FUNCTION ",),
        "commutator": ("COMMUTATOR ",),
        "negator": ("NEGATOR ",),
        "restriction estimator": ("RESTRICT ",),
        "join estimator": ("JOIN ",),
        "merges": ("MERGES",),
        "hashes": ("HASHES",),
    },
}
"""By kind and attribute, the clauses that say it; one that ends with a blank goes on.

An attribute that is not here may be in any of them.
"""


def is_whole(head: str) -> bool:
    """Whether a head is that of a statement that could not be cut."""
    return "\n    " in head


def says(clause: str, beginnings: tuple[str, ...]) -> bool:
    """Whether a clause is one of those."""
    return clause in beginnings or clause.startswith(tuple(one for one in beginnings if one.endswith(" ")))


def clauses(title: str, text: str) -> tuple[str, list[str], list[str]] | None:
    """The head, the clauses and the statements after it of an entry's text; None for one without that layout."""
    if title.startswith(("FUNCTION ", "PROCEDURE ")):
        created, *later = _LATER.split(text.strip("; \n"))
        found = _ROUTINE.fullmatch(created)
        return (found["head"], list(_of_routine(found)), [s.strip("; \n") for s in later]) if found else None
    if title.startswith(("SEQUENCE ", "AGGREGATE ", "OPERATOR ")):
        created, *later = _LATER.split(text.strip("; \n"))
        head, *lines = created.split("\n    ")
        if lines:
            return head, [line.strip("), \n") for line in lines], [s.strip("; \n") for s in later]
    return None


def _of_routine(found: re.Match[str]) -> Iterator[str]:
    yield from (match[0] for match in _WORDS.finditer(found["line"]))
    yield from (line.strip() for line in found["settings"].splitlines() if line)
    yield found["body"]
