"""Ten million different values through every mask that claims never to repeat itself: how many come out twice.

Memory is bounded: a value is made, masked and forgotten, and eight bytes of its output's hash are kept. Where two
hashes meet, the outputs are made once more and compared. Where a mask holds under lower() too, its outputs are compared
in lower case.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from anonymizer import maskers
from anonymizer.keys import Key
from anonymizer.maskers import DROP_ROWS, KEEP, NAMES, Mask, Masker, Setting

ROWS = 10_000_000
BLOCK = 250_000

_KEY = Key(bytes(range(32)))

Make = Callable[[int], str]


def _letters(n: int, width: int) -> str:
    out = ""
    for _ in range(width):
        n, letter = divmod(n, 26)
        out += chr(65 + letter)
    return out


def _codice(n: int) -> str:
    return f"{_letters(n, 6)}85T10A562S"


_INT4: dict[str, object] = {"kind": "number", "base": "int4"}
_INT8: dict[str, object] = {"kind": "number", "base": "int8"}
_AMOUNT: dict[str, object] = {"kind": "number", "base": "numeric", "precision": 12, "scale": 2}
_ANY: dict[str, object] = {"kind": "number", "base": "numeric"}
_STAMP: dict[str, object] = {"kind": "time", "base": "timestamptz"}

CASES: tuple[tuple[str, str, dict[str, object], dict[str, object], Make], ...] = (
    ("email", "text", {}, {}, lambda n: f"maria{n}@acme.it"),
    ("email", "varchar(36)", {}, {"max_length": 36}, lambda n: f"maria{n}@acme.it"),
    ("user_name", "text", {}, {}, lambda n: f"mrossi{n}"),
    ("user_name", "varchar(25)", {}, {"max_length": 25}, lambda n: f"mrossi{n}"),
    (
        "ip",
        "inet, IPv4, prefix",
        {"prefix": True},
        {"kind": "inet"},
        lambda n: f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}",
    ),
    ("ip", "inet, IPv6, prefix", {"prefix": True}, {"kind": "inet"}, lambda n: f"2001:db8::{n >> 16:x}:{n & 65535:x}"),
    ("mac", "macaddr", {}, {"kind": "macaddr"}, lambda n: f"00:1b:63:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"),
    ("uuid", "uuid", {}, {"kind": "uuid"}, lambda n: f"{n * 2654435761 % 2**32:08x}-2bd0-4672-b79d-d9{n:010x}"),
    ("uuid", "text", {}, {}, lambda n: f"{n * 2654435761 % 2**32:08X}2bd04672b79dd9{n:010x}"),
    ("national_id", "codice fiscale", {}, {}, _codice),
    ("national_id", "digits", {}, {}, lambda n: f"{n:09d}"),
    ("iban", "Italy", {}, {}, lambda n: f"IT60X05428111010{n:011d}"),
    ("card", "16 digits", {}, {}, lambda n: f"4111{n:012d}"),
    ("fpe", "int4", {}, _INT4, str),
    ("fpe", "int4, min and max", {"min": 1, "max": 20_000_000}, _INT4, lambda n: str(n + 1)),
    ("fpe", "int8, negative", {}, _INT8, lambda n: str(-(10**15) - n)),
    ("fpe", "numeric(12, 2)", {}, _AMOUNT, lambda n: f"{(n - ROWS // 2) / 100:.2f}"),
    ("fpe", "numeric", {}, _ANY, lambda n: f"{n // 1000}.{n % 1000:03d}".rstrip("0").rstrip(".")),
    ("fpe", "8 digits", {}, {}, lambda n: f"{n:08d}"),
    ("fpe", "letters and digits", {}, {}, lambda n: f"Ab-{n:07d}-{_letters(n, 2)}"),
    (
        "fpe",
        "timestamptz",
        {},
        _STAMP,
        lambda n: (
            f"2024-{n // 2419200 % 12 + 1:02d}-{n // 86400 % 28 + 1:02d} "
            f"{n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d}+00"
        ),
    ),
    ("token", "hexadecimal, 32", {}, {}, lambda n: f"{n:032x}"),
    ("token", "with a prefix", {"prefix": ["sk_live_"]}, {}, lambda n: f"sk_live_{n:024d}"),
    ("name", "varchar(25), unique", {"unique": True}, {"max_length": 25}, lambda n: f"Maria Rossi {n}"),
    ("text", "unique", {"unique": True}, {}, lambda n: f"order {n}"),
    ("phone", "unique", {"unique": True}, {}, lambda n: f"333 {n:08d}"),
)
"""Of the masks that take `unique = true` three stand for all: the tag is the same."""

_PROMISED = ("null", "python")
"""Nothing comes out, or somebody else promises."""


def claims() -> set[str]:
    """The masks that say, in some kind of column, that different values have different outputs."""
    kinds = {"text": "", "number": "int4", "time": "date", "uuid": "uuid", "macaddr": "macaddr", "inet": "inet"}
    found = set()
    for name in NAMES:
        if name in (KEEP, DROP_ROWS, *_PROMISED):
            continue
        needed = {option: {} for option in maskers.find(name).required}
        for kind, base in kinds.items():
            for options in ({}, {"prefix": True}):
                try:
                    ready = maskers.build(
                        Mask(name, {**needed, **options}), Setting(_KEY, "it_IT", kind=kind, base=base)
                    )
                except Exception:  # noqa: BLE001, S112 - a mask that needs more options is none of these
                    continue
                if ready is not None and kind in ready.kinds and ready.injective:
                    found.add(name)
    return found


def measure(case: tuple[str, str, dict[str, object], dict[str, object], Make], rows: int) -> tuple[int, float]:
    """How many outputs stand there more than once, and how long all of it took."""
    name, _, options, setting, make = case
    masker = maskers.build(Mask(name, options), Setting(_KEY, "it_IT", **setting))  # type: ignore[arg-type]
    assert masker is not None  # noqa: S101 - only `keep` has none
    assert maskers.never_repeats(masker)  # noqa: S101 - or it has no place here
    began = time.monotonic()
    hashes = np.empty(rows, dtype=np.uint64)
    at = 0
    for out in _outputs(masker, make, rows):
        hashes[at : at + len(out)] = out.hash().to_numpy()
        at += len(out)
    hashes.sort()
    met = set(hashes[1:][hashes[1:] == hashes[:-1]].tolist())
    return (_twice(masker, make, rows, met) if met else 0), time.monotonic() - began


def _outputs(masker: Masker, make: Make, rows: int) -> Iterator[pl.Series]:
    for start in range(0, rows, BLOCK):
        values = pl.Series([make(n) for n in range(start, min(rows, start + BLOCK))])
        out = maskers.apply(masker, values)
        yield out.str.to_lowercase() if masker.folds else out


def _twice(masker: Masker, make: Make, rows: int, met: set[int]) -> int:
    """Of outputs whose hashes meet, how many do as well."""
    seen: set[str] = set()
    count = 0
    for out in _outputs(masker, make, rows):
        for text, value in zip(out.to_list(), out.hash().to_list(), strict=True):
            if value in met:
                count += text in seen
                seen.add(text)
    return count


def main() -> None:
    """Print the table."""
    rows = ROWS
    missing = claims() - {name for name, *_ in CASES}
    if missing:
        print(f"no case for {', '.join(sorted(missing))}", file=sys.stderr)
    print(f"{rows:,} different values each.\n")
    print("| mask | values | twice | seconds | peak memory |\n| --- | --- | ---: | ---: | ---: |")
    for case in CASES:
        twice, seconds = measure(case, rows)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"| `{case[0]}` | {case[1]} | {twice} | {seconds:.0f} | {peak} MB |", flush=True)


if __name__ == "__main__":
    main()
