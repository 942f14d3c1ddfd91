"""The migrations, applied before anything may use the database: a container that runs psql once and ends.

It gets the script that `understudy.migrate` writes, which keeps the runner's journal. Pulumi makes the container anew
when a migration is added, or when the database is another one; applying what is applied already does nothing.
docs/adr/0030-migrations-in-a-stack.md says why it is done this way.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_docker as docker

from infra.errors import MigrationsError
from infra.postgres import ALIAS, DATA, PORT
from infra.settings import PostgresSettings
from understudy.migrate import psql_script, read_folder

PASSFILE = "/run/secrets/pgpass"
FOLDER = "/understudy"
MEMORY_MB = 256
_LAST_LINES = 6


@dataclass(frozen=True)
class MigrationsArgs:
    """Migrations of a database.

    Args:
        name: the container's name on the Docker host.
        folder: where the migrations are.
        settings: the server's settings.
        network: the name of the network the server is on.
        image_id: an image that has psql and a shell: the server's own.
        database: the identity of the server's container; another one is migrated anew.
        labels: what the container is marked with on the Docker host.
    """

    name: str
    folder: Path
    settings: PostgresSettings
    network: pulumi.Input[str]
    image_id: pulumi.Input[str]
    database: pulumi.Input[str]
    labels: dict[str, str]


class Migrations(pulumi.ComponentResource):
    """The migrations of a folder, applied. `applied` is the last one's name, known when all of them are."""

    applied: pulumi.Output[str]

    def __init__(self, name: str, args: MigrationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("understudy:infra:Migrations", name, {}, opts)
        migrations = read_folder(args.folder)
        container = docker.Container(
            name,
            _container(args, psql_script(migrations)),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        last = migrations[-1].label if migrations else "none"
        self.applied = pulumi.Output.all(container.urn, container.exit_code, container.container_logs).apply(
            lambda known: _require_success(last, *known)
        )
        self.register_outputs({"applied": self.applied})


def _container(args: MigrationsArgs, script: str) -> docker.ContainerArgs:
    labels = {"understudy.database": args.database, **args.labels}
    upload = docker.ContainerUploadArgs
    return docker.ContainerArgs(
        name=args.name,
        image=args.image_id,
        entrypoints=["sh", f"{FOLDER}/migrate.sh", f"{FOLDER}/migrate.sql"],
        envs=[
            f"PGHOST={ALIAS}",
            f"PGPORT={PORT}",
            f"PGUSER={args.settings.user}",
            f"PGDATABASE={args.settings.database}",
            f"PGPASSFILE={PASSFILE}",
            "PGAPPNAME=understudy",
            "PGCONNECT_TIMEOUT=10",
        ],
        uploads=[
            upload(file=f"{FOLDER}/migrate.sh", content=Path(__file__).with_name("migrate.sh").read_text("utf-8")),
            upload(file=f"{FOLDER}/migrate.sql", content=script),
            upload(file=PASSFILE, content=args.settings.password.apply(passfile), permissions="0400"),
        ],
        networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=args.network)],
        # in place of the volume that the image would have for data
        tmpfs={DATA: ""},
        # it runs once, and what it said stays to be read
        attach=True,
        logs=True,
        must_run=False,
        restart="no",
        memory=MEMORY_MB,
        memory_swap=MEMORY_MB,
        capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
        security_opts=["no-new-privileges:true"],
        log_driver="json-file",
        log_opts={"max-size": "10m", "max-file": "1"},
        labels=[docker.ContainerLabelArgs(label=key, value=value) for key, value in sorted(labels.items())],
    )


def passfile(password: str) -> str:
    """A password as libpq reads it from a file, for any server."""
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    return f"*:*:*:*:{escaped}\n"


def _require_success(last: str, urn: str, exit_code: int | None, logs: str | None) -> str:
    if exit_code:
        said = (
            " ".join(" ".join((logs or "").splitlines()[-_LAST_LINES:]).split())
            or f"nothing, and ended with {exit_code}"
        )
        raise MigrationsError(
            detail=f"It said: {said}.",
            hint="Correct the migration and run `pulumi up` again; if it was not the migration's fault, run"
            f" `pulumi up --replace '{urn}'`.",
        )
    return last
