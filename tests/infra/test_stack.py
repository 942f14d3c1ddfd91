"""What the docker provider would be sent: the record of a whole run of the program, looked at when the run is over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.errors import MigrationsError
from infra.migrations import passfile
from understudy import environments
from understudy.migrate import psql_script, read_folder

Recorded = Callable[..., Any]
STACKS = ["staging", "prod"]
PASSWORD = "a secret: not \\ to be seen"


def leaves(value: Any) -> Iterator[Any]:
    """Every single value inside; a secret is one."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves(item)
    else:
        yield value


def labels(sent: Any) -> dict[str, str]:
    return {label["label"]: label["value"] for label in sent.inputs["labels"]}


@pytest.mark.parametrize("stack", STACKS)
def test_an_environment_is_a_network_a_server_and_its_migrations(recorded: Recorded, stack: str) -> None:
    """Three components, each with its resources as children and its outputs registered."""
    record = recorded(stack)
    parents = {sent.urn: sent for sent in record.sent}
    tree = {
        (sent.type.rsplit(":", 1)[1], sent.name, parents[sent.request.parent].type.rsplit(":", 1)[1])
        for sent in record.sent
        if sent.custom
    }
    assert tree == {
        ("Network", "network", "Network"),
        ("RemoteImage", "postgres-image", "Postgres"),
        ("Volume", "postgres-data", "Postgres"),
        ("Container", "postgres", "Postgres"),
        ("Container", "migrations", "Migrations"),
    }
    components = {sent.urn for sent in record.sent if not sent.custom}
    assert {urn for urn, outputs in record.outputs.items() if outputs} >= components


def test_staging_and_production_differ_in_values_only(recorded: Recorded) -> None:
    """The two stacks are made of the same resources, each with the same properties."""
    shapes = [{(s.type, s.name): set(s.inputs) for s in recorded(stack, postgresPort="5433").sent} for stack in STACKS]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("stack", STACKS)
def test_the_password_is_a_secret_everywhere_and_a_file_in_the_containers(recorded: Recorded, stack: str) -> None:
    """In all that is sent the password stands in two places, both secrets, both the content of a file for root only."""
    record = recorded(stack)
    every = [leaf for sent in record.sent for leaf in leaves(sent.inputs)]
    hidden = [leaf.value for leaf in every if hasattr(leaf, "value")]
    assert sorted(hidden) == sorted([PASSWORD, passfile(PASSWORD)])
    assert not any(PASSWORD in str(leaf) for leaf in every if not hasattr(leaf, "value"))
    assert not any(PASSWORD in str(leaf) for leaf in leaves([record.exports, record.outputs]))

    files = [
        upload for name in ("postgres", "migrations") for upload in record.one("Container", name).inputs["uploads"]
    ]
    assert {(f["file"], f["permissions"]) for f in files if hasattr(f["content"], "value")} == {
        ("/run/secrets/postgres-password", "0400"),
        ("/run/secrets/pgpass", "0400"),
    }
    assert "POSTGRES_PASSWORD_FILE=/run/secrets/postgres-password" in record.one("Container", "postgres").inputs["envs"]


def test_a_password_of_any_characters_survives_libpq_s_file() -> None:
    """Colons and backslashes separate and escape there."""
    assert passfile("a:b\\c d") == "*:*:*:*:a\\:b\\\\c d\n"


def test_a_port_is_published_on_the_loopback_interface_only(recorded: Recorded) -> None:
    """No port of any container is bound to all interfaces, and none is published that was not asked for."""
    record = recorded("staging", postgresPort="6543")
    assert record.one("Container", "postgres").inputs["ports"] == [
        {"ip": "127.0.0.1", "external": 6543, "internal": 5432}
    ]
    assert "ports" not in record.one("Container", "migrations").inputs
    assert not any("0.0.0.0" in str(leaf) for sent in record.sent for leaf in leaves(sent.inputs))  # noqa: S104
    assert not any(sent.inputs.get("publishAllPorts") or sent.inputs.get("networkMode") for sent in record.sent)


def test_without_a_port_the_network_leads_nowhere(recorded: Recorded) -> None:
    """Port 0 publishes nothing, and what is on the network reaches nothing else either."""
    record = recorded("staging", postgresPort="0")
    assert not record.one("Container", "postgres").inputs.get("ports")
    assert record.one("Network").inputs["internal"] is True
    assert record.exports["database"] == ""
    assert recorded("staging", postgresPort="6543").one("Network").inputs["internal"] is False


def test_the_image_has_a_version(recorded: Recorded) -> None:
    """Both containers run the image of the settings, by the identity that it was found to have."""
    record = recorded("staging", postgresImage="registry.example:5000/postgres:17.6")
    assert record.one("RemoteImage").inputs == {"name": "registry.example:5000/postgres:17.6", "keepLocally": True}
    for name in ("postgres", "migrations"):
        assert record.one("Container", name).inputs["image"] == "sha256 of registry.example:5000/postgres:17.6"


def test_every_container_is_limited(recorded: Recorded) -> None:
    """Memory without swap, processors, logs and rights: what the settings say, or a fixed little."""
    record = recorded("staging", postgresMemoryMb="1000", postgresCpus="0.25")
    server, runner = (record.one("Container", name).inputs for name in ("postgres", "migrations"))
    assert (server["memory"], server["memorySwap"], server["shmSize"]) == (1000, 1000, 250)
    assert server["cpuQuota"] / server["cpuPeriod"] == 0.25
    assert "shared_buffers=250MB" in server["command"]
    assert runner["memory"] == runner["memorySwap"] == 256
    assert runner["capabilities"] == {"drops": ["ALL"]}
    for container in (server, runner):
        assert container["capabilities"]["drops"] == ["ALL"]
        assert container["securityOpts"] == ["no-new-privileges:true"]
        assert container["logOpts"].keys() == {"max-size", "max-file"}
        assert not container.get("privileged")


def test_the_server_is_there_when_it_is_healthy(recorded: Recorded) -> None:
    """Its health is asked on TCP, where a server that is being prepared does not answer, and Pulumi waits for it."""
    record = recorded("staging", postgresDatabase="shop", postgresUser="keeper")
    server = record.one("Container", "postgres")
    assert server.inputs["wait"] is True
    assert server.inputs["healthcheck"]["tests"] == [
        "CMD",
        "pg_isready",
        "--quiet",
        "--host=127.0.0.1",
        "--username=keeper",
        "--dbname=shop",
    ]
    assert server.inputs["restart"] == "unless-stopped"
    # one that failed its check is made anew by the next up, and not taken for done
    assert "#initerror" in server.request.replaceOnChanges


def test_what_the_provider_reads_back_is_what_it_was_given(recorded: Recorded) -> None:
    """A value that the provider would spell another way would replace the database's container at every up."""
    check = recorded().one("Container", "postgres").inputs["healthcheck"]
    for key in ("interval", "timeout", "startPeriod"):
        assert re.fullmatch(r"(\d+m)?([0-9]|[1-5][0-9])s", check[key]), check[key]
    for name in ("postgres", "migrations"):
        inputs = recorded().one("Container", name).inputs
        assert "memorySwap" in inputs
        assert "cpus" not in inputs


def test_the_data_is_on_a_volume_that_the_settings_protect(recorded: Recorded) -> None:
    """The server's data folder is a named volume; with protectData Pulumi refuses to destroy it."""
    record = recorded("prod")
    volume = record.one("Volume")
    assert record.one("Container", "postgres").inputs["volumes"] == [
        {"volumeName": volume.inputs["name"], "containerPath": "/var/lib/postgresql/data"}
    ]
    assert volume.request.protect
    assert not recorded("staging").one("Volume").request.protect
    assert not any(sent.request.protect for sent in record.sent if sent is not volume)


def test_what_has_a_fixed_name_goes_before_its_successor_comes(recorded: Recorded) -> None:
    """Two of a name cannot be on one Docker host, and two servers must never be on one data folder."""
    for sent in recorded().sent:
        if sent.custom and "RemoteImage" not in sent.type:
            assert sent.inputs["name"].startswith("understudy-staging")
            assert sent.request.deleteBeforeReplace
            assert labels(sent)["understudy.environment"] == "staging"


def test_the_migrations_run_once_the_server_answers(recorded: Recorded) -> None:
    """Their container is made for the server's container, on its network, runs psql once, and is waited for."""
    record = recorded()
    server, runner = record.one("Container", "postgres"), record.one("Container", "migrations")
    assert labels(runner)["understudy.database"] == "postgres-id"
    assert server.urn in set(runner.request.dependencies)
    assert record.sent.index(server) < record.sent.index(runner)
    assert runner.inputs["networksAdvanced"] == [{"name": "understudy-staging"}]
    assert (runner.inputs["attach"], runner.inputs["mustRun"], runner.inputs["restart"]) == (True, False, "no")
    files = {upload["file"]: upload["content"] for upload in runner.inputs["uploads"]}
    assert runner.inputs["entrypoints"] == ["sh", "/understudy/migrate.sh", "/understudy/migrate.sql"]
    assert files["/understudy/migrate.sql"] == psql_script(read_folder(environments.load().migrations))
    assert files["/understudy/migrate.sh"].startswith("#!/bin/sh\n")


def test_nothing_is_told_before_the_migrations_are_applied(recorded: Recorded) -> None:
    """Every output of the stack waits for them."""
    assert recorded().exports == {
        "network": "understudy-staging",
        "databaseInside": "postgresql://understudy@postgres:5432/understudy",
        "database": "postgresql://understudy@127.0.0.1:5433/understudy",
        "migration": read_folder(environments.load().migrations)[-1].label,
    }


def test_migrations_that_fail_fail_the_stack(recorded: Recorded) -> None:
    """The error is what psql said, and how to go on; it is Pulumi's own kind, which it prints without a traceback."""
    with pytest.raises(MigrationsError, match="nothing may use the database") as caught:
        recorded(exit_code=3, logs="0001_users\nERROR:  42P01: no such\n table")
    assert caught.value.detail == "It said: 0001_users ERROR: 42P01: no such table."
    assert "pulumi up --replace 'urn:pulumi:staging::understudy::" in str(caught.value.hint)
