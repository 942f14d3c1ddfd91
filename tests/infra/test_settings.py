"""Settings: typed, frozen, all of them required, and a bad one refused by its name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from infra.errors import SettingsError
from infra.settings import Settings, load
from understudy.environments import ConfigurationError

ROOT = Path(__file__).parents[2]
STACKS = ["staging", "prod"]
KEYS = [
    "postgresImage",
    "postgresPort",
    "postgresMemoryMb",
    "postgresCpus",
    "postgresDatabase",
    "postgresUser",
    "postgresPassword",
    "protectData",
]
Read = Callable[..., Settings]


@pytest.fixture
def refused(configure: Callable[..., None], values: Callable[[str], dict[str, str]]) -> Callable[..., SettingsError]:
    """The error that single values, changed or with None left out, are refused with."""

    def read(stack: str = "staging", *, secret: bool = True, **changed: str | None) -> SettingsError:
        given = {key: value for key, value in (values("staging") | changed).items() if value is not None}
        configure(given, ("postgresPassword",) if secret else ())
        with pytest.raises(SettingsError) as caught:
            load(pulumi.Config("understudy"), stack)
        return caught.value

    return read


def test_the_stack_files_have_the_same_keys() -> None:
    """They differ in values and never in keys; the password stands in neither."""
    documents = [yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text("utf-8")) for stack in STACKS]
    assert [set(document) for document in documents] == [{"config"}] * 2
    assert [sorted(document["config"]) for document in documents] == [
        sorted(f"understudy:{key}" for key in KEYS if key != "postgresPassword")
    ] * 2


def test_a_stack_file_becomes_settings(settings: Read) -> None:
    """Texts become numbers, port 0 becomes none, and the migrations are those of understudy.toml."""
    staging, prod = settings("staging"), settings("prod")
    assert (staging.environment, prod.environment) == ("staging", "prod")
    assert (staging.postgres.port, prod.postgres.port) == (5433, None)
    assert (staging.protect_data, prod.protect_data) == (False, True)
    assert (prod.postgres.memory_mb, prod.postgres.cpus) == (4096, 2.0)
    assert staging.migrations == prod.migrations == ROOT / "migrations"


def test_settings_are_frozen(settings: Read) -> None:
    """Nothing changes them once they are read."""
    staging = settings("staging")
    with pytest.raises(dataclasses.FrozenInstanceError):
        staging.environment = "prod"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        staging.postgres.port = 1  # type: ignore[misc]


@pytest.mark.parametrize("key", KEYS)
def test_a_missing_setting_is_named(refused: Callable[..., SettingsError], key: str) -> None:
    """Nothing has a default in the code: a key that is not there is an error with its name."""
    error = refused(**{key: None})
    assert f"understudy:{key} is missing" in str(error.detail)
    assert str(error.detail).count("understudy:") == 2 if key == "postgresPassword" else 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("postgresImage", "postgres"),
        ("postgresImage", "postgres:latest"),
        ("postgresImage", "registry:5000/postgres"),
        ("postgresImage", "Postgres:17"),
        ("postgresImage", "postgres@sha256:beef"),
        ("postgresImage", ""),
        ("postgresPort", "80"),
        ("postgresPort", "65536"),
        ("postgresPort", "-1"),
        ("postgresPort", "0.0.0.0:5432"),
        ("postgresMemoryMb", "255"),
        ("postgresMemoryMb", "1g"),
        ("postgresCpus", "0"),
        ("postgresCpus", "nan"),
        ("postgresCpus", "inf"),
        ("postgresCpus", "two"),
        ("postgresDatabase", "shop; DROP"),
        ("postgresDatabase", "--all"),
        ("postgresUser", "Own er"),
        ("postgresUser", ""),
        ("protectData", "yes"),
        ("protectData", "True"),
    ],
)
def test_a_bad_setting_is_named(refused: Callable[..., SettingsError], key: str, value: str) -> None:
    """Its name, what it is and what it should be; no other setting is blamed."""
    detail = str(refused(**{key: value}).detail)
    assert detail.startswith(f"understudy:{key} is {value!r}, which is not ")
    assert detail.count("understudy:") == 1


@pytest.mark.parametrize("image", ["postgres:17.6", "r.example:5000/a/postgres:17", f"postgres@sha256:{'0f' * 32}"])
def test_an_image_with_a_version_is_taken(settings: Read, image: str) -> None:
    """A tag or a digest, with or without a registry before it."""
    assert settings("staging", postgresImage=image).postgres.image == image


def test_a_password_that_is_no_secret_is_refused(refused: Callable[..., SettingsError]) -> None:
    """Written in clear it would stand in a file; the message says how to set it, and not what it is."""
    error = refused(secret=False, postgresPassword="0123456789abcdef")
    assert "understudy:postgresPassword is not a secret" in str(error.detail)
    assert "pulumi config set --secret understudy:postgresPassword" in str(error.detail)
    assert "0123456789abcdef" not in str(error)


@pytest.mark.parametrize("password", ["", "too short", "with a line\nbreak in it"])
def test_a_weak_password_is_refused_and_not_shown(refused: Callable[..., SettingsError], password: str) -> None:
    """Short, or not to be typed; the message does not repeat it."""
    error = refused(postgresPassword=password)
    assert "understudy:postgresPassword is shorter than 12 characters" in str(error.detail)
    assert not password or password not in str(error)


def test_all_that_is_wrong_is_said_at_once(refused: Callable[..., SettingsError]) -> None:
    """One message names every bad setting, and the file to correct them in."""
    error = refused(postgresPort="x", postgresCpus=None, protectData="maybe")
    assert [key for key in KEYS if f"understudy:{key}" in str(error.detail)] == [
        "postgresPort",
        "postgresCpus",
        "protectData",
    ]
    assert "Pulumi.staging.yaml" in str(error.hint)
    assert error.exit_code == 2


@pytest.mark.parametrize("stack", ["Staging", "my_stack", "1st", "a" * 41, "-rf"])
def test_a_stack_s_name_must_do_for_docker(refused: Callable[..., SettingsError], stack: str) -> None:
    """The stack's name is the environment's, and part of every name on the Docker host."""
    assert repr(stack) in str(refused(stack).detail)


def test_pulumi_prints_it_without_a_traceback(refused: Callable[..., SettingsError]) -> None:
    """Pulumi shows a RunError's text and nothing else."""
    error: Any = refused(postgresPort="x")
    assert isinstance(error, pulumi.RunError)
    assert str(error).splitlines()[0] == "the settings of the stack staging cannot be used"


def test_migrations_of_another_tool_are_refused(
    refused: Callable[..., SettingsError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack runs SQL files; when understudy.toml hands migrations to another program, it says that it cannot."""
    file = tmp_path / "understudy.toml"
    monkeypatch.setenv("UNDERSTUDY_CONFIG", str(file))
    file.write_text('version = 1\n[migrations]\nfolder = "m"\nup = "alembic upgrade head"\ndown = "true"\n', "utf-8")
    assert "migrations.up" in str(refused().detail)


def test_a_broken_understudy_toml_is_its_own_error(
    settings: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not blamed on the stack's settings."""
    file = tmp_path / "understudy.toml"
    monkeypatch.setenv("UNDERSTUDY_CONFIG", str(file))
    file.write_text("version = 2\n", "utf-8")
    with pytest.raises(ConfigurationError):
        settings("staging")
