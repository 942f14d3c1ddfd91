"""Default privileges without FOR ROLE, where a side was loaded from files.

`ALTER DEFAULT PRIVILEGES` speaks for whoever runs it. In a database that is whoever ran the migrations there; of a side
that was loaded from files it is the role that loaded them, which the schema knows nothing of. So before such a side is
compared, what its loader has is written down as that of the other side's role that fits best: nothing is left out, and
a role that fits worse, or is named in the files, stays what it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from understudy.catalog import Key, Object, Snapshot
from understudy.parity.witness import Dump

_KIND = "default privileges "
_TITLE = "DEFAULT ACL "


def stand_in(loaded: Snapshot, other: Snapshot) -> str | None:
    """The other side's role to which the loader's default privileges are to be compared, None where there is none.

    Of several it is the one that has the most of the same, that owns most of what the loader owns, the first by name.
    """
    ours = dict(_of(loaded, loaded.role))
    if not ours:
        return None
    roles = {_split(key)[0] for key in _keys(other)}
    owned = Counter(_owners(loaded, other))

    def fit(role: str) -> tuple[int, int, int]:
        theirs = dict(_of(other, role))
        both = ours.keys() & theirs.keys()
        return len(both), sum(ours[place].values == theirs[place].values for place in both), owned[role]

    best = max(sorted(roles), key=fit, default=None)
    return best if best != loaded.role else None


def renamed(snapshot: Snapshot, role: str) -> Snapshot:
    """A snapshot in which the loader's default privileges are another role's; what that one has already stays."""
    objects = dict(snapshot.objects)
    for place, found in _of(snapshot, snapshot.role):
        key = f"{_KIND}{role}{place}"
        if key not in objects:
            del objects[found.key]
            objects[key] = replace(found, key=key)
    return replace(snapshot, objects=objects)


def renamed_dump(dump: Dump, loader: str, role: str) -> Dump:
    """The same of a dump."""
    name = re.compile(rf"(?:(?<= FOR ROLE )|(?<= FROM )|(?<= TO )){re.escape(loader)}(?=[; ])")
    mine = f" FOR ROLE {loader} "
    entries: Counter[tuple[str, str]] = Counter()
    for (title, body), times in dump.entries.items():
        is_ours = title.startswith(_TITLE) and mine in body
        entries[title, name.sub(role, body) if is_ours else body] += times
    return replace(dump, entries=entries)


def _keys(snapshot: Snapshot) -> Iterator[Key]:
    return (key for key in snapshot.objects if key.startswith(_KIND))


def _of(snapshot: Snapshot, role: str) -> Iterator[tuple[str, Object]]:
    """A role's default privileges, by what they are on (and in which schema)."""
    for key in _keys(snapshot):
        whose, place = _split(key)
        if whose == role:
            yield place, snapshot.objects[key]


def _split(key: Key) -> tuple[str, str]:
    """The role of default privileges, and the rest of their path."""
    found = re.fullmatch(r'("(?:[^"]|"")*"|[^" ]+)( .*)', key.removeprefix(_KIND))
    return (found[1], found[2]) if found else ("", key)


def _owners(loaded: Snapshot, other: Snapshot) -> Iterator[str]:
    """Who owns there what the loader owns here, object by object."""
    theirs: Mapping[Key, Object] = other.objects
    for key, found in loaded.objects.items():
        owner = found.values.get("owner") if key in theirs else None
        if owner and _quoted(owner) == loaded.role:
            yield _quoted(theirs[key].values["owner"])


def _quoted(role: str) -> str:
    """A role's name as SQL would write it, as `regrole` does."""
    return role if re.fullmatch(r"[a-z_][a-z0-9_]*", role) else '"' + role.replace('"', '""') + '"'
