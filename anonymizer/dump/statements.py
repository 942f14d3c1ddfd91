"""What becomes of a statement that holds no rows: it is passed as it is, left out, or refused.

The lists are those of what pg_dump 14 to 18 writes. Passed is what a clone would carry over too: definitions. Left out
is what holds rows in another form, or acts on production: large objects, statistics, subscriptions, user mappings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from anonymizer import aside, identifiers
from anonymizer.catalog import SequenceState
from anonymizer.dump.reader import Statement


@dataclass(frozen=True)
class Verdict:
    """What becomes of a statement.

    Attributes:
        passes: whether it is written as it is.
        left_out: what it is that is left out, None where that is nothing to speak of.
        refusal: why it is refused, as a sentence without its full stop; None if it is not.
    """

    passes: bool
    left_out: str | None = None
    refusal: str | None = None


PASSED = Verdict(passes=True)
SILENT = Verdict(passes=False)

_CREATED = (
    "ACCESS METHOD, AGGREGATE, CAST, COLLATION, CONVERSION, CONSTRAINT TRIGGER, DATABASE, DEFAULT CONVERSION, DOMAIN, "
    "EVENT TRIGGER, EXTENSION, FOREIGN DATA WRAPPER, FOREIGN TABLE, FUNCTION, INDEX, LANGUAGE, MATERIALIZED VIEW, "
    "OPERATOR, POLICY, PROCEDURAL LANGUAGE, PROCEDURE, PUBLICATION, RECURSIVE VIEW, RULE, SCHEMA, SEQUENCE, SERVER, "
    "STATISTICS, TABLE, TEXT SEARCH, TRANSFORM, TRIGGER, TRUSTED LANGUAGE, TRUSTED PROCEDURAL LANGUAGE, TYPE, "
    "UNIQUE INDEX, UNLOGGED SEQUENCE, UNLOGGED TABLE, VIEW"
)
_ALTERED = (
    "AGGREGATE, COLLATION, CONVERSION, DATABASE, DEFAULT PRIVILEGES, DOMAIN, EVENT TRIGGER, EXTENSION, "
    "FOREIGN DATA WRAPPER, FOREIGN TABLE, FUNCTION, INDEX, LANGUAGE, MATERIALIZED VIEW, OPERATOR, POLICY, "
    "PROCEDURAL LANGUAGE, PROCEDURE, PUBLICATION, RULE, SCHEMA, SEQUENCE, SERVER, STATISTICS, TABLE, TEXT SEARCH, "
    "TRIGGER, TYPE, VIEW"
)


def _kinds(names: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(name.split()) for name in names.split(", "))


_CREATE, _ALTER = _kinds(_CREATED), _kinds(_ALTERED)
_TABLE_ACTIONS = re.compile(
    r"(?:OWNER TO|(?:ENABLE|DISABLE|FORCE|NO FORCE)(?: REPLICA| ALWAYS)? (?:TRIGGER|RULE|ROW LEVEL SECURITY)"
    r"|ADD CONSTRAINT|DROP CONSTRAINT|VALIDATE CONSTRAINT|ATTACH PARTITION|DETACH PARTITION|INHERIT|REPLICA IDENTITY"
    r"|CLUSTER ON|SET WITHOUT CLUSTER|SET (?:LOGGED|UNLOGGED|TABLESPACE|ACCESS METHOD|\()|RESET \(|OPTIONS \("
    r"|ALTER COLUMN \S+ (?:ADD GENERATED|SET (?:DEFAULT|NOT NULL|STATISTICS|STORAGE|COMPRESSION|\()|DROP DEFAULT"
    r"|OPTIONS))(?: |$)"
)
_SELECTS = (
    (re.compile(r"SELECT PG_CATALOG \. SETVAL \( '(?:[^']|'')*' , (?:- )?\d+ , (?:TRUE|FALSE) \)"), PASSED),
    (re.compile(r"SELECT PG_CATALOG \. SET_CONFIG \( 'search_path' , '' , FALSE \)"), PASSED),
    (re.compile(r"SELECT PG_CATALOG \. (?:LO_\w+|LOWRITE) \( .*", re.DOTALL), SILENT),
    (re.compile(r"SELECT \* FROM PG_CATALOG \. PG_(?:RESTORE|CLEAR)_\w+_STATS \( .*", re.DOTALL), SILENT),
)
_UPDATE = re.compile(
    r"UPDATE PG_CATALOG \. PG_DATABASE SET DATISTEMPLATE = (?:TRUE|FALSE) WHERE DATNAME = '.*'", re.DOTALL
)
_BLANK = re.compile(r"\s")
_ROLE = re.compile(r"ALTER ROLE \S+ IN DATABASE \S+ SET .*", re.DOTALL)
_LARGE_OBJECT = re.compile(
    r"SELECT PG_CATALOG \. (?:LO_CREATE|LO_OPEN) \( (?:'(\d+)'|(\d+))|SELECT PG_CATALOG \. LO_FROM_BYTEA \( (\d+)"
)
_LONGEST_LOOK = 400
"""How many tokens are looked at: values in statistics may be many, and their text does not matter."""


def judge(statement: Statement) -> Verdict:
    """What becomes of a statement, COPY and INSERT excepted."""
    words = statement.words
    if words[0] in _JUDGES:
        return _JUDGES[words[0]](words)
    return _refused()


def sequence_state(statement: Statement) -> SequenceState | None:
    """Where a statement says that a sequence stands, None if it says nothing of the kind."""
    words = statement.words
    if words[:5] != ("SELECT", "PG_CATALOG", ".", "SETVAL", "("):
        return None
    number = "".join(words[7:-3])
    return SequenceState(identifiers.parse(words[5][1:-1].replace("''", "'")), int(number), words[-2] == "TRUE")


def large_object(statement: Statement) -> str | None:
    """The number of the large object that a statement is about, None if it is about none."""
    found = _LARGE_OBJECT.match(" ".join(statement.words[:8]))
    return next((number for number in found.groups() if number), None) if found else None


def _refused(why: str = "pg_dump writes no such statement, so nobody can say what is in it") -> Verdict:
    return Verdict(passes=False, refusal=why)


def _starts(words: tuple[str, ...], kinds: frozenset[tuple[str, ...]]) -> bool:
    return any(words[: len(kind)] == kind for kind in kinds)


def _create(words: tuple[str, ...]) -> Verdict:
    rest = words[3:] if words[1:3] == ("OR", "REPLACE") else words[1:]
    if rest[:1] == ("SUBSCRIPTION",):
        return Verdict(passes=False, left_out=f"the subscription {_shown(rest[1:2])}")
    if rest[:2] == ("USER", "MAPPING"):
        return Verdict(passes=False, left_out="a user mapping")
    return PASSED if _starts(rest, _CREATE) else _refused()


def _alter(words: tuple[str, ...]) -> Verdict:
    rest = words[1:]
    if rest[:1] == ("SUBSCRIPTION",) or rest[:2] in (("LARGE", "OBJECT"), ("USER", "MAPPING")):
        return SILENT
    if rest[:1] == ("ROLE",):
        known = _ROLE.fullmatch(" ".join(_BLANK.sub("_", word) for word in words))
        return (
            Verdict(passes=False, left_out="what a role has set for itself in this database") if known else _refused()
        )
    if rest[:1] == ("DATABASE",) and "SET" in rest and (name := _setting(rest)) and aside.is_secretive(name):
        return Verdict(passes=False, left_out=f"the database's setting {name}, which may be a secret")
    if not _starts(rest, _ALTER):
        return _refused()
    if _renames(rest):
        return _refused("it gives something another name, which pg_dump never does")
    if rest[0] == "TABLE" or rest[:2] == ("FOREIGN", "TABLE"):
        return PASSED if _known_action(rest) else _refused("it changes a table in a way that pg_dump does not")
    return PASSED


def _setting(words: tuple[str, ...]) -> str:
    """The name of the setting in ALTER DATABASE name SET setting TO value."""
    at = words.index("SET") + 1
    end = next((place for place in range(at, len(words)) if words[place] in ("TO", "=")), at)
    return "".join(_shown((word,)) for word in words[at:end])


def _renames(words: tuple[str, ...]) -> bool:
    return any(
        (before != "." and word == "RENAME") or (before, word) == ("SET", "SCHEMA") for before, word in pairwise(words)
    )


def _known_action(words: tuple[str, ...]) -> bool:
    at = words.index("TABLE") + 1
    at += 2 * (words[at : at + 2] == ("IF", "EXISTS"))
    at += words[at : at + 1] == ("ONLY",)
    at += 3  # schema, dot, name
    depth = 0
    for word in words[at:]:
        depth += (word == "(") - (word == ")")
        if word == "," and depth == 0:
            return False
    # a name with a blank in it counts as one word here
    return bool(_TABLE_ACTIONS.match(" ".join(_BLANK.sub("_", word) for word in words[at:])))


def _drop(words: tuple[str, ...]) -> Verdict:
    if words[1:2] == ("SUBSCRIPTION",) or words[1:3] == ("USER", "MAPPING"):
        return SILENT
    return PASSED if _starts(words[1:], _CREATE) else _refused()


def _on(words: tuple[str, ...]) -> Verdict:
    """COMMENT, GRANT, REVOKE, SECURITY LABEL: as what they are on."""
    if "ON" not in words:
        return _refused()
    on = words[words.index("ON") + 1 :]
    if on[:2] == ("LARGE", "OBJECT") or on[:1] == ("SUBSCRIPTION",):
        return SILENT
    if on[:1] == ("DATABASE",) and words[0] in ("COMMENT", "SECURITY"):
        return Verdict(passes=False, left_out="the comment on the database itself")
    return PASSED


def _set(words: tuple[str, ...]) -> Verdict:
    if words[1:3] == ("SESSION", "AUTHORIZATION"):
        return PASSED
    if len(words) < 4 or words[2] not in ("=", "TO") or words[1] == "ROLE":
        return _refused()
    if words[1] == "SEARCH_PATH" and words[3:] != ("''",):
        return _refused("it sets a search_path, and names without their schema mean nothing here")
    return PASSED


def _select(words: tuple[str, ...]) -> Verdict:
    text = " ".join(word.upper() if not word.startswith("'") else word for word in words[:_LONGEST_LOOK])
    return next((verdict for form, verdict in _SELECTS if form.fullmatch(text)), _refused())


def _update(words: tuple[str, ...]) -> Verdict:
    return PASSED if _UPDATE.fullmatch(" ".join(words)) else _refused()


def _transaction(words: tuple[str, ...]) -> Verdict:
    """The output is one transaction of its own; in a dump they stand around large objects."""
    return SILENT if len(words) == 1 else _refused()


def _refresh(words: tuple[str, ...]) -> Verdict:
    return PASSED if words[1:3] == ("MATERIALIZED", "VIEW") else _refused()


def _truncate(words: tuple[str, ...]) -> Verdict:
    return PASSED if words[1:2] == ("TABLE",) else _refused()


def _security(words: tuple[str, ...]) -> Verdict:
    return _on(words) if words[1:2] == ("LABEL",) else _refused()


def _shown(words: tuple[str, ...]) -> str:
    return words[0][1:-1] if words[0].startswith('"') else words[0].lower()


_JUDGES = {
    "CREATE": _create,
    "ALTER": _alter,
    "DROP": _drop,
    "COMMENT": _on,
    "GRANT": _on,
    "REVOKE": _on,
    "SECURITY": _security,
    "SET": _set,
    "SELECT": _select,
    "UPDATE": _update,
    "REFRESH": _refresh,
    "TRUNCATE": _truncate,
    "BEGIN": _transaction,
    "COMMIT": _transaction,
}
