"""The pages of docs/masks say what the masks do: every example on them is computed anew."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anonymizer import maskers
from anonymizer.maskers import DROP_ROWS, KEEP, NAMES
from anonymizer.maskers.__main__ import table

FOLDER = Path(__file__).parents[3] / "docs" / "masks"
MASKS = [name for name in NAMES if name not in (KEEP, DROP_ROWS)]
TYPES: dict[str, dict[str, Any]] = {
    "text": {},
    "int4": {"kind": "number", "base": "int4"},
    "numeric(10,2)": {"kind": "number", "base": "numeric", "precision": 10, "scale": 2},
    "date": {"kind": "time", "base": "date"},
    "timestamptz": {"kind": "time", "base": "timestamptz"},
    "jsonb": {"kind": "json"},
    "place(street, zip)": {"kind": "composite", "fields": ("street", "zip")},
    **{kind: {"kind": kind} for kind in ["inet", "macaddr", "point", "uuid", "bytea", "xml", "hstore", "tsvector"]},
}


def _cells(line: str) -> list[str | None]:
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    return [None if cell == "NULL" else cell.strip("`").replace("\\|", "|") for cell in cells]


def _example(page: str) -> tuple[str, str, dict[str, Any], list[str | None], list[list[str | None]]]:
    type_, locale = re.findall(r"the type `([^`]+)`, in the locale `([^`]+)`", page)[0]
    (block,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    spec = tomllib.loads(block)["column"]
    rows = [_cells(line) for line in page.partition("```\n\n")[2].partition("\n\n")[0].splitlines()]
    return type_, locale, spec if isinstance(spec, dict) else {"mask": spec}, rows[0], rows[2:]


@pytest.mark.parametrize("name", [name for name in MASKS if name != "python"])
def test_the_examples_are_true(name: str, masked: Callable[..., list[str | None]]) -> None:
    """What stands under `after` is what the mask makes of `before`, in the row that the page shows."""
    type_, locale, options, header, rows = _example((FOLDER / f"{name}.md").read_text(encoding="utf-8"))
    assert options.pop("mask") == name
    columns = dict(zip(map(str, header), zip(*rows, strict=True), strict=True))
    before, after = columns.pop("before"), columns.pop("after")
    row = {
        "originals": {column: list(cells) for column, cells in columns.items() if not column.endswith(" after")},
        "masked": {c.removesuffix(" after"): list(cells) for c, cells in columns.items() if c.endswith(" after")},
    }
    out = masked(name, before, options, locale=locale, row=row if columns else None, **TYPES[type_])
    assert out == list(after)


@pytest.mark.parametrize("name", MASKS)
def test_every_option_is_explained(name: str) -> None:
    """And none that the mask has not."""
    page = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    section = page.partition("## Options")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(maskers.find(name).options)


def test_every_mask_has_its_page_and_its_tests() -> None:
    """One file, one page, one test module, all of one name; and no page without a mask."""
    assert {path.stem for path in FOLDER.glob("*.md")} - {"README"} == set(MASKS)
    tests = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert tests >= set(MASKS)


def test_the_table_is_up_to_date() -> None:
    """`python -m anonymizer.maskers` prints what docs/masks/README.md has."""
    assert (FOLDER / "README.md").read_text(encoding="utf-8").endswith("\n" + table())
