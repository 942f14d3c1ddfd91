from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_all_config, set_mocks
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.settings import set_root_resource

from infra.settings import Settings, load
from infra.stack import build

ROOT = Path(__file__).parents[2]
PASSWORD = "a secret: not \\ to be seen"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"


@dataclass(frozen=True)
class Secret:
    """A value that the engine was told to keep secret."""

    value: Any


@dataclass(frozen=True)
class Sent:
    """What the engine was told of one resource, before any provider saw it."""

    type: str
    name: str
    urn: str
    inputs: dict[str, Any]
    request: Any

    @property
    def custom(self) -> bool:
        """Whether a provider makes it; otherwise it is a component."""
        return bool(self.request.custom)


@dataclass
class Record:
    """All that a program sent, in order; the outputs that were registered, by URN; and what it exports."""

    sent: list[Sent] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    exports: dict[str, Any] = field(default_factory=dict)

    def one(self, type_: str, name: str | None = None) -> Sent:
        """The only resource of a type, as its last part is spelt: `Container`, and of that name if one is given."""
        (found,) = [s for s in self.sent if s.custom and s.type.rsplit(":", 1)[1] == type_ and name in (None, s.name)]
        return found


class Recorder(MockMonitor):
    """Pulumi's mock monitor, which also keeps the requests as they come in: its mocks see no secrets and no options."""

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.record = Record()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's spelling
        """Keeps what a resource was asked for."""
        response = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            _close_loop()
            inputs = plain(MessageToDict(request.object))
            self.record.sent.append(Sent(request.type, request.name, response.urn, inputs, request))
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        """Keeps what a component or the stack tells."""
        self.record.outputs[request.urn] = plain(MessageToDict(request.outputs))
        return super().RegisterResourceOutputs(request)


def _close_loop() -> None:
    """The mock monitor gives each of its threads an event loop, and closes none."""
    if threading.current_thread() is not threading.main_thread():
        asyncio.get_event_loop().close()
        asyncio.set_event_loop(None)


def plain(value: Any) -> Any:
    """A decoded value with secrets marked as such, and numbers that are whole as whole numbers."""
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return Secret(plain(value["value"]))
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Provider(Mocks):
    """Answers as the docker provider would: what was asked for, an identity, and how the one-shot container ended."""

    def __init__(self, exit_code: int, logs: str) -> None:
        self.ended = {"exitCode": exit_code, "containerLogs": logs}

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        """The program looks nothing up."""
        raise AssertionError(f"no function of a provider is called, {args.token} was")

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """An identity, and the properties of what was made."""
        outputs = dict(args.inputs)
        if args.typ == "docker:index/remoteImage:RemoteImage":
            outputs["imageId"] = f"sha256 of {args.inputs['name']}"
        if args.inputs.get("attach"):
            outputs |= self.ended
        return f"{args.name}-id", outputs


@pytest.fixture
def values() -> Callable[[str], dict[str, str]]:
    """What a stack file says, by the key without the project's name, and a password."""

    def read(stack: str) -> dict[str, str]:
        document = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text("utf-8"))
        given = {
            key.removeprefix("understudy:"): str(value).lower() if isinstance(value, bool) else str(value)
            for key, value in document["config"].items()
        }
        return given | {"postgresPassword": PASSWORD}

    return read


@pytest.fixture
def configure() -> Iterator[Callable[..., None]]:
    """Makes values the configuration of the program, `secret` ones as secrets; forgets them after the test."""

    def give(values: Mapping[str, str], secret: tuple[str, ...] = ("postgresPassword",)) -> None:
        set_all_config(
            {f"understudy:{key}": value for key, value in values.items()}, [f"understudy:{key}" for key in secret]
        )

    yield give
    set_all_config({}, [])


@pytest.fixture
def settings(
    configure: Callable[..., None], values: Callable[[str], dict[str, str]], event_loop: None
) -> Callable[..., Settings]:
    """The settings of a stack's file, with single values changed: `settings("staging", postgresPort="0")`."""

    def read(stack: str, **changed: str) -> Settings:
        configure(values(stack) | changed)
        return load(pulumi.Config("understudy"), stack)

    return read


@pytest.fixture
def run(event_loop: None) -> Callable[..., Record]:
    """Runs a program, which returns what it exports, with a provider that only records; returns the record."""

    def start(
        program: Callable[[], dict[str, Any]], stack: str = "staging", *, exit_code: int = 0, logs: str = ""
    ) -> Record:
        monitor = Recorder(Provider(exit_code, logs))
        # the root of an earlier run belongs to an event loop that is closed
        set_root_resource(None)
        set_mocks(monitor.mocks, project="understudy", stack=stack, preview=False, monitor=monitor)
        exports: dict[str, Any] = {}
        # what the program returns is waited for
        pulumi.runtime.test(lambda: pulumi.Output.all(**program()).apply(exports.update))()
        monitor.record.exports |= exports
        return monitor.record

    return start


@pytest.fixture
def recorded(run: Callable[..., Record], settings: Callable[..., Settings]) -> Callable[..., Record]:
    """The record of the stack with the settings of a stack's file, single values changed."""

    def start(stack: str = "staging", *, exit_code: int = 0, logs: str = "", **changed: str) -> Record:
        given = settings(stack, **changed)
        return run(lambda: build(given).exports(), stack, exit_code=exit_code, logs=logs)

    return start
