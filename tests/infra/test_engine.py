"""The real Pulumi engine reads the stack files and hands the program its settings; no provider is needed for that."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import automation
from pulumi.automation.errors import CommandError

from infra.settings import Settings, load

pytestmark = pytest.mark.pulumi
ROOT = Path(__file__).parents[2]
PASSWORD = "a secret: not \\ to be seen"


@pytest.fixture
def preview(tmp_path: Path, event_loop: None) -> Callable[..., list[Settings]]:
    """Lets the engine preview a stack of this repository's files; returns the settings that the program read."""
    if not shutil.which("pulumi"):
        pytest.skip("the Pulumi engine (pulumi) is not installed: docs/stacks.md says how")

    def start(name: str, **changed: str) -> list[Settings]:
        for file in ("Pulumi.yaml", f"Pulumi.{name}.yaml"):
            shutil.copy(ROOT / file, tmp_path)
        (tmp_path / "infra").mkdir(exist_ok=True)
        seen: list[Settings] = []
        environment = {
            "PULUMI_BACKEND_URL": tmp_path.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "of a test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        stack: Any = automation.create_stack(
            name,
            project_name="understudy",
            program=lambda: seen.append(load(pulumi.Config(), pulumi.get_stack())),
            opts=automation.LocalWorkspaceOptions(work_dir=str(tmp_path), env_vars=environment),
        )
        stack.set_config("postgresPassword", automation.ConfigValue(PASSWORD, secret=True))
        for key, value in changed.items():
            stack.set_config(key, automation.ConfigValue(value))
        stack.preview(on_output=lambda _: None)
        return seen

    return start


@pytest.mark.parametrize(("name", "port"), [("staging", 5433), ("prod", None)])
def test_the_engine_takes_the_stack_files(preview: Callable[..., list[Settings]], name: str, port: int | None) -> None:
    """Numbers and booleans of the YAML reach the program as what they mean, and the password as a secret."""
    (settings,) = preview(name)
    assert (settings.environment, settings.postgres.port) == (name, port)
    assert settings.postgres.memory_mb >= 1024


def test_the_engine_prints_a_bad_setting_by_its_name(preview: Callable[..., list[Settings]], tmp_path: Path) -> None:
    """What a person sees is the three lines of the error and no traceback; the password is in no file in clear."""
    with pytest.raises(CommandError) as caught:
        preview("staging", postgresPort="http")
    said = str(caught.value)
    assert "error: the settings of the stack staging cannot be used" in said
    assert "detail: understudy:postgresPort is 'http', which is not a port from 1024 to 65535, or 0 for none." in said
    assert "hint: Correct them in Pulumi.staging.yaml, or with `pulumi config set`." in said
    assert "Traceback" not in said
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
