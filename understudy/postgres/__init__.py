"""PostgreSQL, three ways behind one small interface: embedded, in a container, or any server."""

from understudy.postgres.container import ContainerServer
from understudy.postgres.dsn import connect, redacted
from understudy.postgres.embedded import EmbeddedServer
from understudy.postgres.location import Database, open_database
from understudy.postgres.remote import RemoteServer
from understudy.postgres.server import Server

__all__ = [
    "ContainerServer",
    "Database",
    "EmbeddedServer",
    "RemoteServer",
    "Server",
    "connect",
    "open_database",
    "redacted",
]
