"""The comparison of two databases, from both witnesses to one verdict."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from understudy.catalog import Snapshot, read
from understudy.parity.comparison import DEFAULTS, Options, compare_snapshots, notes
from understudy.parity.verdict import Answer, Verdict
from understudy.postgres import connect


def compare(left_dsn: str, right_dsn: str, options: Options = DEFAULTS) -> Verdict:
    """Compare the schemas of two databases.

    Args:
        left_dsn: a connection string; the database is read and nothing else.
        right_dsn: the same for the other side.
        options: what is compared.

    Raises:
        UnreachableError: a server does not answer.
    """
    with ThreadPoolExecutor(2) as pool:
        left, right = pool.map(_read, (left_dsn, right_dsn))
    differences = compare_snapshots(left, right, options)
    reasons = [*_unread("LEFT", left), *_unread("RIGHT", right)]
    answer = Answer.DIFFER if differences else Answer.CANNOT_TELL if reasons else Answer.SAME
    return Verdict(
        answer,
        differences,
        reasons,
        notes(left, right, options),
        versions=(left.major, right.major),
        objects=(len(left), len(right)),
    )


def _read(dsn: str) -> Snapshot:
    with connect(dsn) as connection:
        return read(connection)


def _unread(side: str, snapshot: Snapshot) -> list[str]:
    return [
        f"{side}: {u.kind}: {u.attribute or 'everything'} could not be read: {u.reason}." for u in snapshot.unreadable
    ]
