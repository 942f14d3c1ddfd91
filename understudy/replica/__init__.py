"""Replicas: a developer's private copy of the anonymized staging, on the embedded server, in about a second.

How it works:

1. A replica is a database `understudy_replica_NAME` of an embedded server. Its comment is its record: where it came
   from, for whom, when. There is no other file or table, so nothing can disagree with what is there.
2. It is built under another name and renamed when it is whole and its record is written. What a killed run leaves
   behind has that other name, and the next run removes it.
3. A source on the embedded server is copied by CREATE DATABASE ... TEMPLATE. That needs a source that nobody is
   connected to; when somebody is, pg_dump and pg_restore do it instead, and take longer.
4. A source elsewhere is copied by pg_dump and pg_restore once, into a template that replicas are then made from;
   `--refresh` makes the template anew.
5. While there are replicas the embedded server is pinned: it goes on when no process of ours uses it.
6. Production is refused: a replica is made of staging, which holds nobody's data.
"""

from understudy.replica.model import Replica, Template
from understudy.replica.service import Made, down, down_all, find, listing, reset, up

__all__ = ["Made", "Replica", "Template", "down", "down_all", "find", "listing", "reset", "up"]
