"""`python -m anonymizer.maskers` prints the table of masks that docs/masks/README.md has."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator

from anonymizer import maskers
from anonymizer.keys import Key
from anonymizer.maskers import DROP_ROWS, KEEP, Mask, Masker, Setting
from anonymizer.maskers.base import ANYTHING

_REQUIRED: dict[str, dict[str, object]] = {
    "constant": {"value": ""},
    "date_shift": {"subject": "id"},
    "date_trunc": {"unit": "year"},
    "noise": {"amount": 1},
    "bucket": {"size": 1},
    "entity": {"columns": ["name"]},
    "json": {"others": "text"},
    "composite": {"fields": {}, "others": "text"},
    "hstore": {"others": "text"},
    "xml": {"others": "text"},
    "generalize": {"keep": 1},
    "faker": {"provider": "word"},
    "python": {"function": "builtins:len"},
}


def table() -> str:
    """All masks: what they make, what they suit, their options, whether a unique column takes them."""
    return "\n".join(_rows()) + "\n"


def _rows() -> Iterator[str]:
    yield "| mask | makes | kinds of column | options | on a unique column |"
    yield "| --- | --- | --- | --- | --- |"
    yield f"| [`{KEEP}`](keep.md) | nothing: the value arrives as it is | any | | yes |"
    yield f"| [`{DROP_ROWS}`](drop-rows.md) | no rows at all: only the table's structure arrives | | | |"
    for name in maskers.NAMES:
        if name not in (KEEP, DROP_ROWS):
            yield _row(name, maskers.find(name))


def _row(name: str, masker: type[Masker]) -> str:
    says = (inspect.getdoc(inspect.getmodule(masker)) or "").splitlines()[0]
    makes = says.partition(": ")[2].rstrip(".")
    kinds = "any" if masker.kinds == ANYTHING else ", ".join(sorted(masker.kinds))
    options = ", ".join(f"`{option}`" for option in masker.options)
    return f"| [`{name}`]({name}.md) | {makes} | {kinds} | {options} | {_unique(name, masker)} |"


def _unique(name: str, masker: type[Masker]) -> str:
    kinds = [kind for kind in ("text", *sorted(masker.kinds)) if kind in masker.kinds]
    if name == "null":
        return "yes"
    mask = Mask(name, _REQUIRED.get(name, {}))
    bases = {"number": "int4", "time": "date"}
    ready = [masker(mask, Setting(Key(bytes(32)), "it_IT", kind=kind, base=bases.get(kind, ""))) for kind in kinds]
    if all(one.injective for one in ready):
        abroad = masker(mask, Setting(Key(bytes(32)), "en_US", kind=kinds[0], base=bases.get(kinds[0], "")))
        return "yes" if abroad.injective else "yes; in en_US with `unique`"
    if not masker.tagged:
        return "no"
    return {
        "ip": "with `prefix`",
        "mac": "yes, as macaddr",
        "python": "if `injective`",
    }.get(name, "with `unique`" if "text" in masker.kinds else "no")


if __name__ == "__main__":
    sys.stdout.write(table())
