"""The environment's own network: what is not on it does not reach the database."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_docker as docker


@dataclass(frozen=True)
class NetworkArgs:
    """A network of the host.

    Args:
        name: its name on the Docker host.
        internal: whether it leads nowhere else; a port of a container on such a network cannot be published.
        labels: what it is marked with on the Docker host.
    """

    name: str
    internal: bool
    labels: dict[str, str]


class Network(pulumi.ComponentResource):
    """A bridge network. `network_name` is known when it is there."""

    network_name: pulumi.Output[str]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("understudy:infra:Network", name, {}, opts)
        network = docker.Network(
            name,
            name=args.name,
            driver="bridge",
            internal=args.internal,
            labels=[docker.NetworkLabelArgs(label=key, value=value) for key, value in sorted(args.labels.items())],
            # the name is ours, and there is one of it
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.network_name = network.name
        self.register_outputs({"network_name": self.network_name})
