"""What PostgreSQL's catalogs say of a schema, read once, in one round of set-based queries."""

from understudy.catalog.kinds import KINDS
from understudy.catalog.model import Attribute, Impact, Key, Kind
from understudy.catalog.reader import Object, Snapshot, Unreadable, read, stamp

__all__ = ["KINDS", "Attribute", "Impact", "Key", "Kind", "Object", "Snapshot", "Unreadable", "read", "stamp"]
