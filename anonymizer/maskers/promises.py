"""What a mask promises to leave of a column's distribution: in SQL, so that the server of each side can be asked.

`understudy verify` asks both sides and compares; docs/commands/verify.md says what each promise is called there. In the
SQL `{}` stands for the column. A promise is about values that are neither NULL nor, in a text, empty; those stay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from anonymizer.maskers.base import INTEGERS, Masker, Setting

SAME = "same"
"""Of every row `before`, asked of the original, equals `after`, asked of what became of it."""
GROUPS = "groups"
"""The groups of rows that agree in `before` are as large as those that agree in `after`, largest to smallest."""
FEWER = "fewer"
"""There are no more different `after` than different `before`: what was equal is equal."""
WITHIN = "within"
"""Every `after` lies between `before` and `high`."""
ORDER = "order"
"""Who was third by `before` is third by `after`."""
SHIFT = "shift"
"""`after` less `before` is the same for all rows of one `subject`."""
PREFIX = "prefix"
"""Two addresses that share their first n bits do so afterwards, and no more of them."""

SHAPE = "shape"
"""`after` has capitals, small letters, digits and whatever else where `before` has; what is not ASCII counts small."""


@dataclass(frozen=True)
class Promise:
    """One thing that stays as it was.

    Attributes:
        name: one word, for reports and for the attestation.
        says: what stays, as the subject of a sentence.
        how: which of the relations above.
        before, after: SQL of an original, and of what it became.
        high: SQL of an original, for WITHIN.
        given: an SQL condition of an original; where it does not hold for all of a table, nothing is promised there.
        subject: a column of the same table, for SHIFT.
    """

    name: str
    says: str
    how: str = SAME
    before: str = "{}"
    after: str = "{}"
    high: str = ""
    given: str = ""
    subject: str = ""


NULLS = Promise("nulls", "what is NULL", SAME, "({} IS NULL)", "({} IS NULL)")
NOTHING = Promise("null", "that all is NULL", SAME, "true", "({} IS NULL)")
EMPTY = Promise("empty", "what is empty", SAME, "({}::text = '')", "({}::text = '')")
ELEMENTS = Promise("elements", "the size of each array", SAME, "array_dims({})", "array_dims({})")
LENGTH = Promise("length", "the length of each value", SAME, "length({}::text)", "length({}::text)")
FORM = Promise("shape", "the shape", SHAPE)
SIZE = Promise("length", "the length of each value", SAME, "octet_length({})", "octet_length({})")

_FLOAT_DIGITS = 300
_DIFFERENT = '{}::text COLLATE "C"'
DISTINCT = Promise("distinct", "how often each value comes", GROUPS, _DIFFERENT, _DIFFERENT)
EQUAL = Promise("equal", "that equal values are equal", FEWER, _DIFFERENT, _DIFFERENT)


def alike(name: str, says: str, sql: str, *, given: str = "") -> Promise:
    """What can be asked of an original and of what became of it in the same words."""
    return Promise(name, says, SAME, sql, sql, given=given)


def becomes(name: str, says: str, before: str, *, after: str = "{}", given: str = "") -> Promise:
    """What SQL itself can make of an original."""
    return Promise(name, says, SAME, before, after, given=given)


def of(masker: Masker, setting: Setting, *, is_array: bool = False) -> tuple[Promise, ...]:
    """All that a mask promises of a column: what it declares, and what follows from what it says of itself.

    Args:
        masker: the mask, of an array's elements if it is one.
        setting: where it works.
        is_array: whether the column holds arrays.
    """
    from anonymizer.maskers import never_repeats

    if masker.name == "null":
        return (NOTHING,)
    if not masker.keeps_null:
        return ()
    if is_array:
        return NULLS, ELEMENTS
    found = [NULLS]
    tagged = bool(masker.mask_options.get("unique"))
    chosen = masker.injective or masker.draws
    if setting.kind == "text" and masker.keeps_empty and masker.never_empty and (tagged or chosen):
        found.append(EMPTY)
    if setting.base == "citext":
        # its equality is not that of its text, and masks see it in small letters, which may be more
        return tuple(found)
    differing = [DISTINCT] if never_repeats(masker) else [EQUAL] if chosen and not masker.aside else []
    # 1.0 and 1.00 are one number and two texts
    found += [replace(one, before="{}", after="{}") if setting.kind == "number" else one for one in differing]
    return tuple(found) if tagged else (*found, *masker.promises())


def dated(setting: Setting) -> bool:
    """Whether a column holds dates or moments, of which SQL can tell the year."""
    return setting.base in ("date", "timestamp", "timestamptz")


def band(years: int) -> Promise:
    """A span of years, whatever the calendar's end."""
    return alike("band", f"the band of {years} years", f"floor(extract(year from {{}}) / {years})::text")


TIME_OF_DAY = alike("time-of-day", "the time of day", "({}::time)::text")
YEAR = alike("year", "the year", "extract(year from {})::text")
WIDTH = alike("length", "the number of digits", "length({}::text)")
FAMILY = alike("family", "the family and the prefix length", "(family({}) * 1000 + masklen({}))")
VERSION = alike(
    "version",
    "the version and the variant",
    "(substr({}::text, 15, 1) || translate(substr({}::text, 20, 1), '0123456789abcdef', '0000111122223333'))",
)
NETWORKS = Promise(
    "prefix",
    "which addresses share a network",
    PREFIX,
    "network(set_masklen({}, CASE family({}) WHEN 4 THEN 24 ELSE 48 END))::text",
    "network(set_masklen({}, CASE family({}) WHEN 4 THEN 24 ELSE 48 END))::text",
)

_NEAR = "({} >= '0200-01-01' AND {} < '9800-01-01' OR NOT isfinite({}))"
"""Dates that no shift takes out of the calendar, and infinity."""


def truncated(setting: Setting, unit: str) -> tuple[Promise, ...]:
    """Dates and moments cut to the beginning of a unit."""
    if not dated(setting):
        return ()
    return (
        becomes(
            "unit",
            f"the {unit}",
            f"date_trunc('{unit}', {{}}::{'timestamp' if setting.base == 'date' else setting.base})::{setting.base}",
            given=_NEAR,
        ),
    )


def shifted(subject: str, days: int, setting: Setting) -> tuple[Promise, ...]:
    """Moments moved by so many days at most, by as many for all of a subject."""
    if not dated(setting):
        return ()
    day = "CASE WHEN isfinite({}) THEN ({}::date - '2000-01-01'::date)::numeric END"
    return (
        *(() if setting.base == "date" else (TIME_OF_DAY,)),
        Promise("intervals", "the intervals", SHIFT, day, day, given=_NEAR, subject=subject),
        Promise("bounds", f"the bound of {days} days", WITHIN, f"{day} - {days}", day, f"{day} + {days}", given=_NEAR),
    )


def floored(setting: Setting, size: float) -> tuple[Promise, ...]:
    """Numbers rounded down to a whole multiple."""
    if not float(size).is_integer() or not _whole(setting):
        return ()
    lowest = -INTEGERS[setting.base] if setting.base in INTEGERS else -(10**15)
    return (
        becomes(
            "bucket",
            f"the bucket of {int(size)}",
            # greatest() passes over NULL
            f"CASE WHEN {{}} IS NOT NULL THEN greatest(floor({{}}::numeric / {int(size)}) * {int(size)}, {lowest}) END"
            "::float8",
            after="{}::float8",
            given=_handy(setting),
        ),
    )


def edged(setting: Setting, edges: list[float]) -> tuple[Promise, ...]:
    """Numbers rounded down to the next of some."""
    if not all(float(edge).is_integer() for edge in edges) or not _whole(setting):
        return ()
    whole = sorted({int(edge) for edge in edges})
    cases = " ".join(f"WHEN {{}} >= {edge} THEN {edge}" for edge in reversed(whole))
    before = f"(CASE {cases} WHEN {{}} IS NOT NULL THEN {whole[0]} END)::float8"
    return (becomes("bucket", "the bucket", before, after="{}::float8", given=_handy(setting)),)


def moved(setting: Setting, by: str, *, low: float | None = None, high: float | None = None) -> tuple[Promise, ...]:
    """Numbers moved by at most so much (SQL), then held between two, then rounded as the column is."""
    half = 0.5 if setting.scale is None else 0.5 * 10.0**-setting.scale
    slack = f"({half!r}::numeric + abs({{}}::numeric) * 1e-9)"
    # neither NaN nor infinity moves
    number = "CASE WHEN {}::text ~ '^-?[0-9]' THEN {}::numeric END"
    least, most = f"({number} - {by})", f"({number} + {by})"
    if low is not None:
        least, most = (f"greatest({end}, {low!r}::numeric)" for end in (least, most))
    if high is not None:
        least, most = (f"least({end}, {high!r}::numeric)" for end in (least, most))
    least, most = f"({least} - {slack})", f"({most} + {slack})"
    return (Promise("bounds", "the mask's bound", WITHIN, least, number, most, given=_handy(setting)),)


def ranked(setting: Setting) -> tuple[Promise, ...]:
    """Numbers in the order that they had; where an end of the type's range may cut the curve, nothing is promised."""
    if not _whole(setting):
        return ()
    return (Promise("order", "the order", ORDER, "{}", "{}", given=_handy(setting, 3)),)


def _whole(setting: Setting) -> bool:
    """Numbers that are exact, and no longer than a float can hold."""
    exact = setting.scale is not None and setting.scale >= 0 and (setting.precision or 0) <= _FLOAT_DIGITS
    return setting.base in INTEGERS or (setting.base == "numeric" and exact)


def _handy(setting: Setting, times: int = 1) -> str:
    """Numbers that a float holds with all their digits, and that fit the type if they become so many times larger."""
    if setting.base in INTEGERS:
        greatest = min(INTEGERS[setting.base], 10**12)
    elif setting.precision is not None:
        greatest = 10 ** max(0, min(setting.precision, 12) - (setting.scale or 0)) - 1
    else:
        greatest = 10**12
    # the least of all integers has no counterpart above zero
    exact = "{}" if setting.base in ("float4", "float8") else "{}::numeric"
    return f"abs({exact}) <= {greatest // times}"
