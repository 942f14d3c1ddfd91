"""The program as Pulumi runs it, and the folder that it is in."""

from __future__ import annotations

import ast
import importlib.metadata
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import yaml

from understudy.migrate import read_folder

INFRA = Path(__file__).parents[2] / "infra"


def test_the_program_exports_what_the_stack_tells(
    run: Callable[..., Any], configure: Callable[..., None], values: Callable[[str], dict[str, str]], monkeypatch: Any
) -> None:
    """`__main__.py` reads the stack's settings, builds it, and exports its outputs by their names."""
    configure(values("prod"))
    exported: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", exported.__setitem__)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def program() -> dict[str, Any]:
        runpy.run_path(str(INFRA / "__main__.py"))
        return exported

    assert run(program, "prod").exports == {
        "network": "understudy-prod",
        "databaseInside": "postgresql://understudy@postgres:5432/understudy",
        "database": "",
        "migration": read_folder(INFRA.parent / "migrations")[-1].label,
    }


def test_the_program_is_short() -> None:
    """Settings, stack, exports: thirty lines at most."""
    assert len((INFRA / "__main__.py").read_text("utf-8").splitlines()) <= 30


def test_the_project_file_points_at_the_program() -> None:
    """Pulumi finds the program in infra/ and its Python in .venv."""
    project = yaml.safe_load((INFRA.parent / "Pulumi.yaml").read_text("utf-8"))
    assert (project["name"], project["main"]) == ("understudy", "infra")
    assert project["runtime"]["options"]["virtualenv"] == ".venv"


def test_no_file_shadows_a_module() -> None:
    """Pulumi puts the folder first on the path: a `docker.py` in it would be taken for the library."""
    ours = {path.stem for path in INFRA.glob("*.py")} - {"__init__", "__main__"}
    installed = {name for name in importlib.metadata.packages_distributions() if name != "infra"}
    assert not ours & (installed | set(sys.stdlib_module_names))


def test_settings_are_read_in_one_place() -> None:
    """Only settings.py and the program that hands it over speak of pulumi.Config, and none of os.environ."""
    readers = {
        path.name
        for path in INFRA.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("Config", "environ", "getenv")
    }
    assert readers == {"settings.py", "__main__.py"}
