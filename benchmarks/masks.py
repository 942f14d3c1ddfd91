"""What each mask costs: nanoseconds of processor time for one value, on one core, all of a block at once."""

from __future__ import annotations

import time
from collections.abc import Callable

import polars as pl

from anonymizer import maskers
from anonymizer.keys import Key
from anonymizer.maskers import Mask, Masker, Row, Setting

ROWS = 50_000
"""About what a block of four megabytes holds."""

_KEY = Key(bytes(range(32)))
_INT = {"kind": "number", "base": "int4"}
_TIME = {"kind": "time", "base": "timestamptz"}

Make = Callable[[int], str]


def _text(n: int) -> str:
    return f"Called Maria Rossi about order {n}, maria{n}@acme.it, will call back on {n % 28 + 1} May."


def _stamp(n: int) -> str:
    return f"{1950 + n % 70}-{n % 12 + 1:02d}-{n % 28 + 1:02d} 08:31:59.25+00"


def _iban(n: int) -> str:
    return f"IT60X05428111010{n:011d}"


def _uuid(n: int) -> str:
    return f"{n * 2654435761 % 2**32:08x}-2bd0-4672-b79d-d9{n:010x}"


def _composite(n: int) -> str:
    return f'("Via Roma {n}",10121)'


def _vector(n: int) -> str:
    return f"'maria':1 'order':3 'rossi{n}':2"


CASES: tuple[tuple[str, str, dict[str, object], dict[str, object], Make], ...] = (
    ("email", "text", {}, {}, lambda n: f"maria{n}@acme.it"),
    ("user_name", "text", {}, {}, lambda n: f"mrossi{n}"),
    ("name", "text", {}, {}, lambda n: f"Maria Rossi {n}"),
    ("first_name", "text", {}, {}, lambda n: f"Maria{n}"),
    ("phone", "text", {}, {}, lambda n: f"333 {n:07d}"),
    ("address", "text", {}, {}, lambda n: f"Via Roma {n}"),
    ("postcode", "text", {}, {}, lambda n: f"{n % 100_000:05d}"),
    ("country", "text", {}, {}, lambda n: ("Italia", "IT", "ITA")[n % 3]),
    ("company", "text", {}, {}, lambda n: f"Acme {n} S.p.A."),
    ("ip", "inet", {}, {"kind": "inet"}, lambda n: f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"),
    ("ip", "inet, prefix", {"prefix": True}, {"kind": "inet"}, lambda n: f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"),
    ("mac", "macaddr", {}, {"kind": "macaddr"}, lambda n: f"00:1b:63:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"),
    ("url", "text", {}, {}, lambda n: f"https://acme.it/users/{n}?tab=1"),
    ("user_agent", "text", {}, {}, lambda n: f"Rare/{n}"),
    ("uuid", "uuid", {}, {"kind": "uuid"}, _uuid),
    ("national_id", "text", {}, {}, lambda n: f"RSSMRA{n % 100:02d}T10A{n % 1000:03d}S"),
    ("iban", "text", {}, {}, _iban),
    ("card", "text", {}, {}, lambda n: f"4111{n:012d}"),
    ("fpe", "int4", {}, _INT, str),
    ("fpe", "digits", {}, {}, lambda n: f"{n:010d}"),
    ("fpe", "letters and digits", {}, {}, lambda n: f"AB-{n:07d}-cd"),
    ("password", "text", {}, {}, lambda n: f"$2b$12${n:053d}"),
    ("token", "hexadecimal, 32", {}, {}, lambda n: f"{n:032x}"),
    ("date_shift", "timestamptz", {"subject": "id"}, _TIME, _stamp),
    ("date_trunc", "timestamptz", {"unit": "month"}, _TIME, _stamp),
    ("birth_date", "timestamptz", {}, _TIME, _stamp),
    ("noise", "int4", {"percent": 10}, _INT, str),
    ("bucket", "int4", {"size": 100}, _INT, str),
    ("rank", "int4", {}, _INT, str),
    ("geo", "point", {}, {"kind": "point"}, lambda n: f"({45 + n / 10**6:.6f},7.686900)"),
    ("text", "85 characters", {}, {}, _text),
    ("redact", "85 characters", {}, {}, _text),
    ("entity", "85 characters", {"columns": ["id"]}, {}, _text),
    (
        "json",
        "3 leaves",
        {"keys": {"email": "email"}, "others": "text"},
        {"kind": "json"},
        lambda n: f'{{"email":"m{n}@acme.it","name":"Maria","n":{n}}}',
    ),
    (
        "composite",
        "2 fields",
        {"fields": {}, "others": "text"},
        {"kind": "composite", "fields": ("a", "b")},
        _composite,
    ),
    ("hstore", "1 key", {"others": "text"}, {"kind": "hstore"}, lambda n: f'"k"=>"value {n}"'),
    ("tsvector", "3 lexemes", {}, {"kind": "tsvector"}, _vector),
    ("bytea", "32 bytes", {}, {"kind": "bytea"}, lambda n: f"\\x{n:064x}"),
    ("xml", "2 texts", {"others": "text"}, {"kind": "xml"}, lambda n: f"<p id='{n}'><n>Maria {n}</n></p>"),
    ("generalize", "text", {"keep": 2}, {}, lambda n: f"{n:05d}"),
    ("faker", "text", {"provider": "color_name"}, {}, lambda n: f"red {n}"),
)


def measure(rows: int = ROWS, repeat: int = 3) -> list[tuple[str, str, float]]:
    """For each case the mask, the kind of value and the nanoseconds a value, the best of some repetitions."""
    subjects = pl.Series([str(n % 1000) for n in range(rows)])
    row = Row({"id": subjects}, {"id": subjects})
    found = []
    for name, what, options, setting, make in CASES:
        masker = maskers.build(Mask(name, options), Setting(_KEY, "it_IT", **setting))  # type: ignore[arg-type]
        assert masker is not None  # noqa: S101 - only `keep` has none
        values = pl.Series([make(n) for n in range(rows)])
        maskers.apply(masker, values.head(10), row.gather(pl.Series(range(10), dtype=pl.UInt32)))
        best = min(_timed(masker, values, row) for _ in range(repeat))
        found.append((name, what, best / rows * 1e9))
    return found


def _timed(masker: Masker, values: pl.Series, row: Row) -> float:
    began = time.process_time()
    maskers.apply(masker, values, row)
    return time.process_time() - began


def main() -> None:
    """Print the table."""
    print("| mask | value | ns a value |\n| --- | --- | ---: |")
    for name, what, cost in measure():
        print(f"| `{name}` | {what} | {cost:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
