"""What can go wrong between us and a server.

PostgresError
├── UnreachableError         no connection
├── ProgramError             a client program is missing, too old, or ended with an error
├── EmbeddedServerError      the embedded server does not start
└── ContainerError           the container does not start, or the server in it does not answer
    ├── DockerError          no Docker
    └── ImageError           an image is neither here nor to be pulled
LocationError (usage)        a name that means no database
"""

from __future__ import annotations

from understudy.errors import UnderstudyError, UsageError


class PostgresError(UnderstudyError):
    """the database server reported an error"""


class UnreachableError(PostgresError):
    """the database cannot be reached"""


class ProgramError(PostgresError):
    """a PostgreSQL client program cannot be used"""


class EmbeddedServerError(PostgresError):
    """the embedded server does not start"""


class ContainerError(PostgresError):
    """the database container does not start"""


class DockerError(ContainerError):
    """Docker does not answer"""


class ImageError(ContainerError):
    """the image is not to be had"""


class LocationError(UsageError):
    """this names no database"""
