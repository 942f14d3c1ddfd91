"""An environment, described."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra.migrations import Migrations, MigrationsArgs
from infra.network import Network, NetworkArgs
from infra.postgres import ALIAS, LOOPBACK, PORT, Postgres, PostgresArgs
from infra.settings import PostgresSettings, Settings


@dataclass(frozen=True)
class Stack:
    """What an environment tells the outside. All of it is known only when the database is ready for use.

    Args:
        network: the name of the network that services join.
        database_inside: the database's address for whoever is on that network, without a password.
        database: its address on this machine, without a password; empty where no port is published.
        migration: the last migration that is applied.
    """

    network: pulumi.Output[str]
    database_inside: pulumi.Output[str]
    database: pulumi.Output[str]
    migration: pulumi.Output[str]

    def exports(self) -> dict[str, pulumi.Output[str]]:
        """The outputs of the Pulumi stack, by their names."""
        return {
            "network": self.network,
            "databaseInside": self.database_inside,
            "database": self.database,
            "migration": self.migration,
        }


def build(settings: Settings) -> Stack:
    """Give an environment its network and its PostgreSQL, and apply the migrations before anything may use it."""
    prefix = f"understudy-{settings.environment}"
    labels = {"understudy.environment": settings.environment}
    network = Network(
        "network",
        NetworkArgs(name=prefix, internal=settings.postgres.port is None, labels=labels),
    )
    postgres = Postgres(
        "postgres",
        PostgresArgs(
            name=f"{prefix}-postgres",
            settings=settings.postgres,
            network=network.network_name,
            labels=labels,
            protect=settings.protect_data,
        ),
    )
    migrations = Migrations(
        "migrations",
        MigrationsArgs(
            name=f"{prefix}-migrations",
            folder=settings.migrations,
            settings=settings.postgres,
            network=network.network_name,
            image_id=postgres.image_id,
            database=postgres.container_id,
            labels=labels,
        ),
    )

    def once_migrated(value: pulumi.Input[str]) -> pulumi.Output[str]:
        return pulumi.Output.all(value, migrations.applied).apply(lambda known: str(known[0]))

    return Stack(
        network=once_migrated(network.network_name),
        database_inside=once_migrated(_address(settings.postgres, ALIAS, PORT)),
        database=once_migrated(_address(settings.postgres, LOOPBACK, settings.postgres.port)),
        migration=migrations.applied,
    )


def _address(settings: PostgresSettings, host: str, port: int | None) -> str:
    return f"postgresql://{settings.user}@{host}:{port}/{settings.database}" if port else ""
