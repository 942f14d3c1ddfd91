"""The pages of docs/masks say what the masks do: every example on them is computed anew."""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from anonymizer import maskers
from anonymizer.keys import Key
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


LISTED = [
    "keep",
    "null",
    "constant",
    "drop-rows",
    "email",
    "user_name",
    "first_name",
    "last_name",
    "name",
    "phone",
    "birth_date",
    "address",
    "street",
    "city",
    "postcode",
    "country",
    "geo",
    "company",
    "job",
    "ip",
    "mac",
    "url",
    "user_agent",
    "uuid",
    "national_id",
    "iban",
    "card",
    "fpe",
    "password",
    "token",
    "date_shift",
    "date_trunc",
    "noise",
    "bucket",
    "rank",
    "text",
    "redact",
    "entity",
    "json",
    "composite",
    "hstore",
    "tsvector",
    "bytea",
    "xml",
    "generalize",
    "faker",
    "python",
]
"""What the first plan of this program names."""


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


def test_the_example_of_a_function_of_ones_own_is_true(
    masked: Callable[..., list[str | None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module that the page shows is written down, imported and asked."""
    page = (FOLDER / "python.md").read_text(encoding="utf-8")
    (module,) = re.findall(r"```python\n# our_masks.py\n(.*?)```", page, re.DOTALL)
    (tmp_path / "our_masks.py").write_text(module, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    # set first, so that what is imported here is gone afterwards
    monkeypatch.setitem(sys.modules, "our_masks", ModuleType("our_masks"))
    del sys.modules["our_masks"]
    options = tomllib.loads(re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[0])["column"]
    rows = [_cells(line) for line in re.findall(r"^\| `.*` \| `.*` \|$", page, re.MULTILINE)]
    assert rows
    out = masked(options.pop("mask"), [before for before, _ in rows], options, locale="it_IT")
    assert out == [after for _, after in rows]


def test_keep_keeps_what_its_page_shows() -> None:
    """It has no masker: nothing happens."""
    page = (FOLDER / "keep.md").read_text(encoding="utf-8")
    *_, header, rows = _example(page)
    assert header == ["before", "after"]
    assert rows
    assert all(before == after for before, after in rows)
    assert maskers.build(maskers.parse(KEEP), maskers.Setting(Key(bytes(32)))) is None


@pytest.mark.parametrize("name", MASKS)
def test_every_option_is_explained(name: str) -> None:
    """And none that the mask has not."""
    page = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    section = page.partition("## Options")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(maskers.find(name).options)


def test_every_mask_has_its_page_and_its_tests() -> None:
    """One file, one page with an example, one test module, all of one name; and no page without a mask.

    `keep` does nothing and `drop-rows` happens to whole tables, so neither has a file of its own.
    """
    assert sorted(LISTED) == sorted(NAMES)
    assert {path.stem for path in FOLDER.glob("*.md")} - {"README"} == set(NAMES)
    assert all("## Example" in (FOLDER / f"{name}.md").read_text(encoding="utf-8") for name in NAMES)
    tests = {path.stem.removeprefix("test_").replace("_", "-") for path in Path(__file__).parent.glob("test_*.py")}
    assert tests >= {name.replace("_", "-") for name in NAMES}
    files = {name: Path(inspect.getfile(maskers.find(name))).stem for name in MASKS}
    assert files == {name: name for name in MASKS}
    assert all(maskers.find(name).name == name for name in MASKS)


def test_the_table_is_up_to_date() -> None:
    """`python -m anonymizer.maskers` prints what docs/masks/README.md has."""
    assert (FOLDER / "README.md").read_text(encoding="utf-8").endswith("\n" + table())
