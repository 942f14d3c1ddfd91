"""What can go wrong with a replica.

ReplicaError                   the family
├── NoSuchReplicaError         none of that name
├── ReplicaExistsError         one of that name, of another source
├── NoSourceError              the source is no database
└── SourceInUseError           somebody is connected to the source, so it cannot be a template
ReplicaNameError (usage)       a name that no replica can have
ProductionRefused (refused)    a replica of production
"""

from __future__ import annotations

from understudy.errors import RefusedError, UnderstudyError, UsageError


class ReplicaError(UnderstudyError):
    """the replica cannot be used"""


class NoSuchReplicaError(ReplicaError):
    """there is no such replica"""


class ReplicaExistsError(ReplicaError):
    """there already is a replica of another source"""


class NoSourceError(ReplicaError):
    """the source of the replica does not exist"""


class SourceInUseError(ReplicaError):
    """somebody is connected to the source"""


class ReplicaNameError(UsageError):
    """no replica can have this name"""


class ProductionRefused(RefusedError):
    """a replica of production is refused"""
