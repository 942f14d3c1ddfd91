"""The database server: one container, its data on a volume of its own, its password in a file."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_docker as docker

from infra.settings import PostgresSettings

ALIAS = "postgres"
"""The server's name on the environment's network."""
PORT = 5432
LOOPBACK = "127.0.0.1"
DATA = "/var/lib/postgresql/data"
PASSWORD_FILE = "/run/secrets/postgres-password"  # noqa: S105 - where it is, not what it is
READY_WITHIN_S = 180
STOPPED_WITHIN_S = 60

# a failed health check leaves a container behind that Pulumi would take for done: the next `up` makes it anew; and
# the provider says that it changed a quota in place when it did not
REPLACE_FOR = ["#initerror", "cpuQuota"]
_PERIOD_US = 100_000

# what the entrypoint needs to hand the data over to the server's own user, and nothing else
_CAPABILITIES = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_SETGID", "CAP_SETUID"]


@dataclass(frozen=True)
class PostgresArgs:
    """A database server.

    Args:
        name: the container's name on the Docker host; the volume's begins with it.
        settings: the server's settings.
        network: the name of the network it is on.
        labels: what its parts are marked with on the Docker host.
        protect: whether Pulumi refuses to destroy the volume.
    """

    name: str
    settings: PostgresSettings
    network: pulumi.Input[str]
    labels: dict[str, str]
    protect: bool


class Postgres(pulumi.ComponentResource):
    """A PostgreSQL server that answers.

    Its outputs are known when its health check has passed: `container_id`, and `image_id` for whoever needs the same
    version's client programs.
    """

    container_id: pulumi.Output[str]
    image_id: pulumi.Output[str]

    def __init__(self, name: str, args: PostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("understudy:infra:Postgres", name, {}, opts)
        image = docker.RemoteImage(
            f"{name}-image",
            name=args.settings.image,
            # others on this host may use it, and pulling it again costs more than keeping it
            keep_locally=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        volume = docker.Volume(
            f"{name}-data",
            name=f"{args.name}-data",
            labels=[docker.VolumeLabelArgs(label=key, value=value) for key, value in sorted(args.labels.items())],
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect, delete_before_replace=True),
        )
        container = docker.Container(
            name,
            _container(args, image.image_id, volume.name),
            opts=pulumi.ResourceOptions(
                parent=self,
                # never two servers on one data folder
                delete_before_replace=True,
                replace_on_changes=REPLACE_FOR,
            ),
        )
        self.container_id, self.image_id = container.id, image.image_id
        self.register_outputs({"container_id": self.container_id, "image_id": self.image_id})


def _container(args: PostgresArgs, image_id: pulumi.Input[str], volume: pulumi.Input[str]) -> docker.ContainerArgs:
    settings = args.settings
    return docker.ContainerArgs(
        name=args.name,
        image=image_id,
        command=_command(settings),
        envs=[
            f"POSTGRES_USER={settings.user}",
            f"POSTGRES_DB={settings.database}",
            f"POSTGRES_PASSWORD_FILE={PASSWORD_FILE}",
            "POSTGRES_INITDB_ARGS=--data-checksums",
            f"PGDATA={DATA}",
        ],
        # a secret stays one in Pulumi's state; in the container it is a file that root alone may read
        uploads=[docker.ContainerUploadArgs(file=PASSWORD_FILE, content=settings.password, permissions="0400")],
        volumes=[docker.ContainerVolumeArgs(volume_name=volume, container_path=DATA)],
        networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=args.network, aliases=[ALIAS])],
        ports=[docker.ContainerPortArgs(internal=PORT, external=settings.port, ip=LOOPBACK)] if settings.port else [],
        healthcheck=_healthcheck(settings),
        wait=True,
        wait_timeout=READY_WITHIN_S,
        memory=settings.memory_mb,
        # without swap: a database that swaps is worse than one that is restarted
        memory_swap=settings.memory_mb,
        # and not `cpus`: the provider reads that back as another text than it was given ("1" as "1.0", "10" as "10.")
        cpu_period=_PERIOD_US,
        cpu_quota=round(settings.cpus * _PERIOD_US),
        # what parallel queries share; Docker's own 64 MB are soon too little for a larger server
        shm_size=max(64, settings.memory_mb // 4),
        capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"], adds=_CAPABILITIES),
        security_opts=["no-new-privileges:true"],
        log_driver="json-file",
        log_opts={"max-size": "10m", "max-file": "3"},
        labels=[docker.ContainerLabelArgs(label=key, value=value) for key, value in sorted(args.labels.items())],
        restart="unless-stopped",
        destroy_grace_seconds=STOPPED_WITHIN_S,
    )


def _healthcheck(settings: PostgresSettings) -> docker.ContainerHealthcheckArgs:
    # on TCP: while the entrypoint prepares a new cluster, its server listens on a socket only
    where = [f"--host={LOOPBACK}", f"--username={settings.user}", f"--dbname={settings.database}"]
    # times as Go prints them: the provider reads back 1m0s where it was given 60s, and would replace the container
    return docker.ContainerHealthcheckArgs(
        tests=["CMD", "pg_isready", "--quiet", *where], interval="5s", timeout="3s", retries=6, start_period="1m0s"
    )


def _command(settings: PostgresSettings) -> list[str]:
    """The server with a quarter of its memory as buffers, and what the rest will likely cache told to the planner."""
    given = {
        "shared_buffers": f"{settings.memory_mb // 4}MB",
        "effective_cache_size": f"{settings.memory_mb * 3 // 4}MB",
        "password_encryption": "scram-sha-256",
    }
    return ["postgres", *(part for key, value in given.items() for part in ("-c", f"{key}={value}"))]
