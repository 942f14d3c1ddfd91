"""The comparison of two databases, from both witnesses to one verdict.

How it works:

1. Both sides' catalogs are read while pg_dump writes down both sides.
2. What the catalogs say is compared. If a difference may be one of text alone, both sides are brought to their fixed
   point, and it stays only if it is there too.
3. The dumps must agree: "same" is said only if neither witness sees a difference. Where the catalogs differ, the dumps
   must differ in what those differences speak for, and in nothing else.
4. What could not be read, dumped or brought to a fixed point makes it "cannot tell", never "same".
5. A schema that changes while it is read is read again, by both witnesses; one that goes on changing cannot be told.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TypeAlias

import psycopg

from understudy.catalog import Snapshot, read, stamp
from understudy.parity import loaders
from understudy.parity.comparison import DEFAULTS, Options, compare_and_count, notes
from understudy.parity.contradiction import beyond
from understudy.parity.mend import with_mends
from understudy.parity.normal import NormalForm, normal_form
from understudy.parity.verdict import PRESENCE, Answer, Difference, Verdict
from understudy.parity.witness import Dump, dump
from understudy.parity.workshop import Workshop
from understudy.postgres import EmbeddedServer, connect
from understudy.postgres.errors import PostgresError
from understudy.postgres.wheel import VERSIONS

HEARINGS = 3
"""How often a schema that somebody changes meanwhile is read before it is said that it will not keep still."""

MakeWorkshop: TypeAlias = Callable[[int], AbstractContextManager[Workshop]]
"""Opens a workshop whose server is of at least that major version."""


@contextlib.contextmanager
def embedded_workshop(major: int) -> Iterator[Workshop]:
    """A workshop on the embedded server of the nearest version that is not older.

    Raises:
        PostgresError: the wheel has none, or it does not start.
    """
    fitting = [version for version in sorted(VERSIONS) if version >= major]
    if not fitting:
        raise PostgresError("no server is new enough", detail=f"The wheel has no PostgreSQL {major} or later.")
    with EmbeddedServer(fitting[0]) as server, Workshop(server) as workshop:
        yield workshop


@dataclass(frozen=True)
class Side:
    """What is known of one side.

    Args:
        dsn: where it is.
        snapshot: what the catalogs say.
        dump: what pg_dump says; a sentence where it could not testify, None where it was not asked.
        settled: nobody changed the schema while the two were heard.
        stand_in: the role whose the loader's default privileges are taken to be.
    """

    dsn: str
    snapshot: Snapshot
    dump: Dump | str | None
    settled: bool = True
    stand_in: str | None = None


def compare(
    left_dsn: str, right_dsn: str, options: Options = DEFAULTS, make_workshop: MakeWorkshop = embedded_workshop
) -> Verdict:
    """Compare the schemas of two databases, which are read and nothing else.

    Args:
        left_dsn: a connection string.
        right_dsn: the same for the other side.
        options: what is compared, and by whom.
        make_workshop: where scratch databases may be made, should a fixed point be needed.

    Raises:
        UnreachableError: a server does not answer.
    """
    return Comparison(*testify(left_dsn, right_dsn, options), options, make_workshop).verdict()


def testify(left_dsn: str, right_dsn: str, options: Options) -> tuple[Side, Side]:
    """Hear both witnesses about both sides, all at the same time; again if somebody changed a schema meanwhile."""
    for _ in range(HEARINGS):
        left, right = _hear(left_dsn, right_dsn, options)
        if left.settled and right.settled:
            break
    return _with_stand_in(left, right, options.loaded[0]), _with_stand_in(right, left, options.loaded[1])


def _with_stand_in(side: Side, other: Side, loaded: bool) -> Side:
    """A side loaded from files, with its loader's default privileges under the name that the other side has for it."""
    role = loaders.stand_in(side.snapshot, other.snapshot) if loaded else None
    if role is None:
        return side
    testimony = side.dump
    if isinstance(testimony, Dump):
        testimony = loaders.renamed_dump(testimony, side.snapshot.role, role)
    return replace(side, snapshot=loaders.renamed(side.snapshot, role), dump=testimony, stand_in=role)


def _hear(left_dsn: str, right_dsn: str, options: Options) -> tuple[Side, Side]:
    majors = [_major(dsn) for dsn in (left_dsn, right_dsn)]
    with ThreadPoolExecutor(4) as pool:
        dumps = pool.map(partial(_dump, major=max(majors), options=options), (left_dsn, right_dsn))
        snapshots = pool.map(_read, (left_dsn, right_dsn))
        sides = [Side(*side) for side in zip((left_dsn, right_dsn), snapshots, dumps, strict=True)]
        left, right = pool.map(_settled, sides)
    return left, right


def _settled(side: Side) -> Side:
    """A side, with whether its schema is still the one that was read."""
    with connect(side.dsn) as connection:
        return replace(side, settled=stamp(connection) == side.snapshot.stamp)


def _major(dsn: str) -> int:
    with connect(dsn) as connection:
        return connection.info.server_version // 10000


def _read(dsn: str) -> Snapshot:
    with connect(dsn) as connection:
        for _ in range(HEARINGS - 1):
            try:
                return read(connection)
            except (psycopg.InternalError, psycopg.ProgrammingError):
                # what the snapshot still has was dropped before the server could write it down
                continue
        return read(connection)


def _dump(dsn: str, *, major: int, options: Options) -> Dump | str | None:
    if not options.second_witness:
        return None
    try:
        return dump(dsn, major, ignored_schemas=options.ignored_schemas, owners=options.owners)
    except PostgresError as error:
        return f"{error.message}: {error.detail or 'no reason was given.'}"


class Comparison:
    """The verdict on two sides; `swapped` is the same evidence read the other way round."""

    def __init__(self, left: Side, right: Side, options: Options, make_workshop: MakeWorkshop) -> None:
        self.left, self.right, self.options, self.make_workshop = left, right, options, make_workshop

    def swapped(self) -> Comparison:
        """RIGHT and LEFT."""
        other = Comparison(self.right, self.left, self.options, self.make_workshop)
        if "normal_forms" in self.__dict__:
            other.__dict__["normal_forms"] = self.normal_forms[::-1]
        return other

    def verdict(self) -> Verdict:
        """Weigh the evidence."""
        left, right = self.left.snapshot, self.right.snapshot
        differences, sizes = compare_and_count(left, right, self.options)
        reasons = [*_unread("LEFT", self.left), *_unread("RIGHT", self.right)]
        differences, unresolved = self._at_the_fixed_point(differences)
        if unresolved:
            reasons += self._no_fixed_point()
        unheard, defects = self._second_witness(differences)
        reasons += unheard
        differences = with_mends(differences, left, right, self.right.dsn)
        answer = Answer.SAME
        if len(differences) > len(unresolved):
            answer = Answer.DIFFER
        elif reasons or defects or differences:
            answer = Answer.CANNOT_TELL
        said = [*notes(left, right, self.options), *_stand_ins(self.left, self.right)]
        return Verdict(answer, differences, reasons, said, defects, (left.major, right.major), sizes)

    @cached_property
    def normal_forms(self) -> tuple[NormalForm | str, NormalForm | str]:
        """Both sides at their fixed point; the work is done when it is asked for, once."""
        ignored = self.options.ignored_schemas
        major = max(self.left.snapshot.major, self.right.snapshot.major)
        try:
            with self.make_workshop(major) as workshop:
                left, right = (normal_form(side.dsn, workshop, ignored) for side in (self.left, self.right))
                return left, right
        except PostgresError as error:
            sentence = f"{error.message}: {error.detail or 'no reason was given.'}"
            return sentence, sentence

    def _at_the_fixed_point(self, differences: list[Difference]) -> tuple[list[Difference], list[Difference]]:
        """The differences that stay, and those among them of which that could not be found out."""
        if not any(self._is_text(difference) for difference in differences):
            return differences, []
        left, right = self.normal_forms
        stay, unresolved = [], []
        for difference in differences:
            if not self._is_text(difference):
                stay.append(difference)
                continue
            texts = _value(left, difference), _value(right, difference)
            if None in texts:
                unresolved.append(difference)
            elif texts[0] == texts[1]:
                continue
            stay.append(difference)
        return stay, unresolved

    def _is_text(self, difference: Difference) -> bool:
        """Whether two texts differ, which may yet mean the same."""
        if difference.attribute == PRESENCE or not isinstance(difference.left, str):
            return False
        found = self.left.snapshot.objects[difference.key].attribute(difference.attribute)
        return found.deparsed and isinstance(difference.right, str)

    def _no_fixed_point(self) -> list[str]:
        sentences = [form for form in dict.fromkeys(self.normal_forms) if isinstance(form, str)]
        return sentences or [
            "An expression could not be restored elsewhere, so it is not known whether its text matters."
        ]

    def _second_witness(self, differences: list[Difference]) -> tuple[list[str], list[str]]:
        """Why pg_dump could not be heard, and where it contradicts the catalogs."""
        dumps = self.left.dump, self.right.dump
        if None in dumps:
            return [], []
        unheard = [
            f"{name}: the second witness could not be heard: {said}"
            for name, said in zip(("LEFT", "RIGHT"), dumps, strict=True)
            if isinstance(said, str)
        ]
        left, right = dumps
        if not isinstance(left, Dump) or not isinstance(right, Dump):
            return unheard, []
        defects = self._unseen_by_dump(differences, left, right)
        across_versions = self.left.snapshot.major != self.right.snapshot.major
        more = beyond(differences, (self.left.snapshot, self.right.snapshot), (left, right))
        if not across_versions:
            defects += map(_contradiction, more.certain)
        if more.text or across_versions:
            unheard, confirmed = self._dumps_at_the_fixed_point(differences, [] if across_versions else more.text)
            defects += confirmed
        return unheard, defects

    def _unseen_by_dump(self, differences: list[Difference], left: Dump, right: Dump) -> list[str]:
        seen = [d for d in differences if self._dumped(d)]
        if not seen or self.left.snapshot.major != self.right.snapshot.major or left.differing(right):
            return []
        return [f"The catalogs differ in {d.key}: {d.attribute}, which pg_dump should show and does not." for d in seen]

    def _dumped(self, difference: Difference) -> bool:
        """Whether pg_dump writes down what differs."""
        objects = self.left.snapshot.objects.get(difference.key) or self.right.snapshot.objects[difference.key]
        if difference.attribute == PRESENCE:
            # pg_dump passes over an index that is not valid
            return objects.kind.dumped and objects.values.get("valid", True)
        return objects.attribute(difference.attribute).dumped and objects.kind.dumped

    def _dumps_at_the_fixed_point(
        self, differences: list[Difference], titles: list[str]
    ) -> tuple[list[str], list[str]]:
        """What two dumps say beyond the differences: at the fixed point they must say nothing more.

        `titles` are the entries in question; one that could not be restored stays in question.
        """
        left, right = self.normal_forms
        if isinstance(left, str) or isinstance(right, str):
            return [f"pg_dump sees a difference that the catalogs do not, and: {s}" for s in self._no_fixed_point()], []
        dumps = left.dump, right.dump
        if self.left.snapshot.major != self.right.snapshot.major:
            dumps = left.dump.without_names_of_not_null(), right.dump.without_names_of_not_null()
        more = beyond(differences, (self.left.snapshot, self.right.snapshot), dumps)
        there = {title for form in (left, right) for title, _ in form.dump.entries}
        lost = [
            f"pg_dump sees a difference in {title} that the catalogs do not, and it could not be restored elsewhere."
            for title in ([] if left.complete and right.complete else titles)
            if title not in there
        ]
        return lost, [_contradiction(title) for title in (*more.certain, *more.text)]


def _contradiction(title: str) -> str:
    return f"pg_dump sees a difference in {title} that the catalogs do not show."


def _value(form: NormalForm | str, difference: Difference) -> str | None:
    """A difference's value in a normal form, None where it is not there."""
    if isinstance(form, str) or difference.key not in form.snapshot.objects:
        return None
    value = form.snapshot.objects[difference.key].values.get(difference.attribute)
    return value if isinstance(value, str) else None


def _unread(name: str, side: Side) -> list[str]:
    moved = [] if side.settled else [f"{name}: its schema was being changed each of the {HEARINGS} times it was read."]
    return moved + [
        f"{name}: {u.kind}: {u.attribute or 'everything'} could not be read: {u.reason}."
        for u in side.snapshot.unreadable
    ]


def _stand_ins(*sides: Side) -> Iterator[str]:
    for side in sides:
        if side.stand_in:
            yield (
                "Default privileges without FOR ROLE are those of whoever runs the files: they are compared with those "
                f"of the role {side.stand_in}."
            )
