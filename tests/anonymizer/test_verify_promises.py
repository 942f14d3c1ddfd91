"""What a policy promises of the distribution is asked of both sides: a clone that was tampered with is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from anonymizer.verify import Verification

COLUMNS = {
    "email": ("text", "'user' || i || '@corp.test'", "email"),
    "first": ("text", "(ARRAY['Perdita', 'Otto', 'Zoe'])[i % 3 + 1]", "first_name"),
    "born": ("date", "date '1950-01-01' + i * 97", "birth_date"),
    "seen": ("timestamptz", "timestamptz '2020-01-01 08:00+00' + i * interval '7 hours'", "date_trunc unit month"),
    "visit": ("timestamp", "timestamp '2021-03-01 10:00' + i * interval '1 day'", "date_shift subject owner"),
    "owner": ("int", "i % 7", "keep"),
    "salary": ("numeric(10,2)", "1000 + i * 13.5", "noise percent 10"),
    "score": ("int", "i * 3", "rank"),
    "level": ("int", "i * 11", "bucket size 50"),
    "code": ("text", "'AB-' || 1000 + i", "fpe"),
    "zip": ("text", "lpad((i * 37)::text, 5, '0')", "postcode keep 2"),
    "note": ("text", "'Some note of number ' || i || ', and more'", "text"),
    "card": ("text", "'4111 1111 1111 ' || 1000 + i", "card"),
    "iban": ("text", "'DE' || lpad((89370400440532013000 + i)::text, 20, '0')", "iban"),
    "addr": ("inet", "('10.1.' || i % 5 || '.' || i)::inet", "ip prefix true"),
    "uid": ("uuid", "md5(i::text)::uuid", "uuid"),
    "lat": ("numeric(9,6)", "40 + i * 0.01", "geo km 5"),
    "blob": ("bytea", "decode(md5(i::text), 'hex')", "bytea"),
    "tags": ("text[]", "ARRAY['tag ' || i, 'and another']", "text"),
    "town": ("text", "(ARRAY['Rome', 'Milan'])[i % 2 + 1]", "generalize keep 2"),
    "gone": ("text", "'secret word ' || i", "null"),
    "maybe": ("text", "CASE WHEN i % 4 > 0 THEN 'perhaps so, number ' || i END", "text"),
    "kept": ("jsonb", "jsonb_build_object('n', i)", "keep"),
}


def _mask(words: str) -> Any:
    name, *rest = words.split()
    if not rest:
        return name
    option, value = rest
    return {"mask": name, option: True if value == "true" else int(value) if value.isdigit() else value}


MASKS = {"id": "keep", **{name: _mask(mask) for name, (_, _, mask) in COLUMNS.items()}}


@pytest.fixture(scope="module")
def pair(open_pair: Callable[..., AbstractContextManager[Any]]) -> Iterator[Any]:
    """A source in which every mask promises something, its twin without a key, and a true clone of the two."""
    typed = ", ".join(f"{name} {kind}" for name, (kind, _, _) in COLUMNS.items())
    made = ", ".join(f"{expr}" for _, expr, _ in COLUMNS.values())
    with open_pair() as opened:
        for table, key in (("with_key", " PRIMARY KEY"), ("without", "")):
            opened.sql(
                f"CREATE TABLE {table} (id int{key}, {typed})",
                f"INSERT INTO {table} SELECT i, {made} FROM generate_series(1, 60) i",
            )
        opened.clone({"public.with_key": MASKS, "public.without": MASKS})
        yield opened


@pytest.fixture(scope="module")
def rules(pair: Any) -> Any:
    """The policy of the clone."""
    return pair.policy({"public.with_key": MASKS, "public.without": MASKS})


@pytest.fixture(scope="module")
def look(pair: Any, rules: Any, looking: Callable[..., Any]) -> Iterator[Callable[..., Verification]]:
    """Verifies the clone after statements have changed a table of it, and puts the table back."""
    with looking(pair) as looker:

        def call(table: str, *changes: str, **more: Any) -> Verification:
            pair.sql("CREATE SCHEMA aside", f"CREATE TABLE aside.saved AS TABLE {table}", target=True)
            pair.sql(*(change.replace("$t", table) for change in changes), target=True)
            try:
                found: Verification = looker(rules, **more)
                return found
            finally:
                back = f"TRUNCATE {table}; INSERT INTO {table} TABLE aside.saved; DROP SCHEMA aside CASCADE"
                pair.sql(back, target=True)

        yield call


def test_a_true_clone_keeps_every_promise(look: Callable[..., Verification], pair: Any) -> None:
    """Each is asked, by the rows where a key is kept; and under the key each text is what its mask makes."""
    found = look("with_key", key=pair.key)
    assert found.problems == ()
    assert {check.verdict for check in found.promises} == {"held"}
    held = {(check.column, check.promise) for check in found.promises if check.table.name == "with_key"}
    assert held >= {
        *((column, "nulls") for column, (_, _, mask) in COLUMNS.items() if mask not in ("null", "keep")),
        *{("email", "distinct"), ("first", "equal"), ("born", "band"), ("seen", "unit"), ("visit", "intervals")},
        *{("visit", "bounds"), ("visit", "time-of-day"), ("salary", "bounds"), ("score", "order"), ("level", "bucket")},
        *{("code", "length"), ("zip", "keep"), ("note", "shape"), ("card", "kind"), ("iban", "country")},
        *{("addr", "prefix"), ("addr", "family"), ("uid", "version"), ("lat", "bounds"), ("blob", "length")},
        *{("tags", "elements"), ("town", "keep"), ("gone", "null"), ("kept", "kept"), ("owner", "kept")},
    }
    by_rows = {check.column: check for check in found.rows}
    assert (by_rows["first"].rows, by_rows["first"].values) == (60, 3)
    assert by_rows["note"].same == by_rows["note"].stayed == 0
    assert by_rows["first"].expected is not None


TAMPERED = {
    "born": ("born + 3653 * (id = 1)::int", "the band of 5 years did not stay"),
    "maybe": ("CASE WHEN id = 4 THEN 'x' ELSE maybe END", "14 values are NULL, and 15 must be"),
    "first": ("CASE WHEN id = 3 THEN 'Perdita' ELSE first END", "1 rows have their original value, and others of that"),
    "seen": ("seen + (id = 1)::int * interval '1 month'", "the month did not stay"),
    "visit": ("visit + (id = 1)::int * interval '1 day'", "the intervals did not stay"),
    "salary": ("salary * (1 + 9 * (id = 1)::int)", "the mask's bound did not stay"),
    "score": ("score + (id = 1)::int * 1000", "the order did not stay"),
    "level": ("level + (id = 1)::int * 50", "the bucket of 50 did not stay"),
    "code": ("code || repeat('x', (id = 1)::int)", "the length of each value did not stay"),
    "zip": (
        "CASE WHEN id = 1 THEN '99' ELSE left(zip, 2) END || substr(zip, 3)",
        "the first 2 characters did not stay",
    ),
    "note": ("CASE WHEN id = 1 THEN upper(note) ELSE note END", "the shape did not stay in 1 rows"),
    "card": ("CASE WHEN id = 1 THEN '9' ELSE left(card, 1) END || substr(card, 2)", "the first 1 digits did not stay"),
    "iban": ("CASE WHEN id = 1 THEN 'FR' ELSE left(iban, 2) END || substr(iban, 3)", "the country did not stay"),
    "addr": ("CASE WHEN id = 1 THEN '9.9.9.9' ELSE addr END", "which addresses share a network did not stay"),
    "uid": (
        "overlay(uid::text placing CASE WHEN id = 1 THEN '0' ELSE substr(uid::text, 15, 1) END from 15)::uuid",
        "the version and the variant did not stay",
    ),
    "lat": ("lat + 5 * (id = 1)::int", "the mask's bound did not stay"),
    "blob": (r"blob || substr('\x00'::bytea, 1, (id = 1)::int)", "the length of each value did not stay"),
    "tags": ("CASE WHEN id = 1 THEN tags[:1] ELSE tags END", "the size of each array did not stay"),
    "town": (
        "CASE WHEN id = 1 THEN 'XX' ELSE left(town, 2) END || substr(town, 3)",
        "the first characters did not stay",
    ),
    "gone": ("CASE WHEN id = 1 THEN 'x' END", "59 values are NULL, and 60 must be"),
    "kept": ("CASE WHEN id = 1 THEN '{}' ELSE kept END", "its values are not those of the source"),
}
"""By column what somebody has put into it, and what verification says."""


@pytest.fixture(scope="module")
def tampered(look: Callable[..., Verification]) -> dict[str, Verification]:
    """Both tables with something in every column that its mask has not made."""
    sets = ", ".join(f"{column} = {expr}" for column, (expr, _) in TAMPERED.items())
    return {table: look(table, f"UPDATE $t SET {sets}") for table in ("with_key", "without")}


@pytest.mark.parametrize("column", TAMPERED)
def test_a_clone_that_was_tampered_with(tampered: dict[str, Verification], column: str) -> None:
    """Is refused, by a sentence that names the table and the column."""
    said = f"public.with_key.{column}: {TAMPERED[column][1]}"
    assert [problem for problem in tampered["with_key"].problems if problem.startswith(said)]


def test_the_same_without_a_key_to_find_a_row_by(tampered: dict[str, Verification]) -> None:
    """What the rows together must be tells of all but what only two rows tell: a shape, and who comes before whom."""
    found = {check.column for check in tampered["without"].promises if check.verdict == "broken"}
    assert found == TAMPERED.keys() - {"note", "score"}
    assert {check.table.name for check in tampered["without"].rows} == {"with_key"}


def test_no_value_is_repeated(tampered: dict[str, Verification]) -> None:
    """Neither one of the source nor one of the clone."""
    for found in tampered.values():
        for value in ("Perdita", "9.9.9.9", "secret word", "4111"):
            assert value not in repr(found)


SWAPPED = ("born", "maybe", "kept", "zip", "code")


def test_rows_that_were_swapped(look: Callable[..., Verification], pair: Any) -> None:
    """Every value is there and stands in another row: a kept key tells where it belongs, the clone's key what it is."""
    sets = ", ".join(f"{column} = o.{column}" for column in (*SWAPPED, "email"))
    swap = f"UPDATE $t t SET {sets} FROM $t o WHERE (t.id, o.id) IN ((1, 44), (44, 1))"
    problems = "; ".join(look("with_key", swap, key=pair.key).problems)
    for said in (
        "born: the band of 5 years did not stay in its row",
        "maybe: what is NULL did not stay in its row",
        "kept: its values stand in other rows",
        "zip: the first 2 characters did not stay in its row",
        "code: 2 rows do not hold what the mask makes under the key",
        "email: 2 rows do not hold what the mask makes under the key",
    ):
        assert f"public.with_key.{said}" in problems
    without = "public.without: what stands in one row did not stand in one row (mask keep)"
    assert look("without", swap).problems == (without,)


def test_a_column_that_was_never_masked(look: Callable[..., Verification], pair: Any) -> None:
    """Names that a pool has too are no survivors one by one; all of them together are not chance."""
    ((names,),) = pair.sql("SELECT array_agg(DISTINCT first) FROM with_key", target=True)
    pair.sql(f"UPDATE with_key SET first = (ARRAY{names!r})[id % {len(names)} + 1]")
    try:
        change = f"UPDATE $t SET first = (ARRAY{names!r})[id % {len(names)} + 1]"
        found = look("with_key", change)
    finally:
        pair.sql("UPDATE with_key SET first = (ARRAY['Perdita', 'Otto', 'Zoe'])[id % 3 + 1]")
    column = next(c for t in found.tables if t.table.name == "with_key" for c in t.columns if c.column == "first")
    assert (column.survivors, column.coincidences) == (0, 3)
    (rows,) = (check for check in found.rows if check.column == "first")
    assert (rows.rows, rows.same, rows.values, rows.stayed) == (60, 60, 3, 3)


TEXTS = (
    *(
        "''",
        "' '",
        "'é'",
        "'ÀÉ ñ'",
        "'İ'",
        "'ß'",
        "'日本語 1'",
        "'١٢٣'",
        "'a'",
        "'A'",
        "'1'",
        "'A-1'",
        r"E'tab\t, line\n'",
    ),
    *("repeat('Long and longer ', 30)", "'4111111111111111'", "'IT60X0542811101000000123456'", "'10.0.0.1'", "'😀'"),
    *("'RSSMRA85T10A562S'", "'00:1b:63:84:45:e6'", "'1985-07-14'", "'12,5'", "'-7'", "'her@corp.test'", "NULL"),
)
DATES = (
    *(
        "'infinity'",
        "'-infinity'",
        "'4713-01-01 BC'",
        "'0044-03-15 BC'",
        "'0001-01-01'",
        "'0002-01-31'",
        "'9999-12-31'",
    ),
    *("'12024-01-31'", "'2000-02-29'", "'1970-01-01'", "'1985-07-14'", "'1985-07-15'", "NULL"),
)
TIMES = (*DATES, "'2024-05-17 08:31:59.25+02'", "'1999-12-31 23:59:59.999999+00'", "'0001-01-01 00:00:00.000001+00'")
INTS = (*["0", "1", "-1", "7", "8", "9", "10", "-10", "99", "100", "12345", "-2147483648", "2147483647"], "NULL")
SHORTS = (*["0", "1", "-1", "7", "8", "9", "10", "-10", "99", "100", "12345", "-32768", "32767"], "NULL")
LONGS = (*INTS, "9223372036854775807", "'-9223372036854775808'", "999999999999", "1000000000001")
MONEY = ("0", "0.01", "-0.01", "1", "1234.56", "99999999.99", "-99999999.99", "'NaN'", "NULL")
NUMBERS = (*MONEY, "1.0", "1.00", "1e200", "-1e200", "1e-50", "123456789.123456789")
FLOATS = ("0", "'-0'", "1", "1.5", "1e-300", "1e300", "'NaN'", "'Infinity'", "'-Infinity'", "123456.789", "NULL")
ANYTHING = {
    "text": (
        TEXTS,
        *("email", "name", "phone", "fpe", "text", "card", "iban", "national_id", "ip", "mac", "uuid", "token", "url"),
        *("postcode keep 2", "generalize keep 1", "birth_date", "country", "user_name", "city unique true"),
        *("date_trunc unit month", "generalize step 10", "geo", "password", "constant value x", "null", "job"),
    ),
    "varchar(500)": (TEXTS, "email", "text", "fpe", "first_name"),
    "char(500)": (TEXTS, "email", "text", "fpe", "last_name"),
    "text[]": (("'{}'", "'{{a,b},{c,NULL}}'", "ARRAY['', 'x y', NULL]", "NULL"), "text", "email", "null"),
    "date": (DATES, "birth_date", "date_trunc unit month", "date_shift subject id", "fpe", "generalize unit week"),
    "timestamp": (DATES, "birth_date band 1", "date_trunc unit week", "date_shift subject id", "fpe"),
    "timestamptz": (
        TIMES,
        "birth_date",
        "date_trunc unit hour",
        "date_shift subject id",
        "fpe",
        "generalize unit year",
    ),
    "smallint": (SHORTS, "rank", "fpe", "bucket size 50", "noise amount 5", "noise percent 50"),
    "int": (INTS, "rank", "fpe", "bucket size 50", "noise amount 5", "noise percent 50", "generalize step 10"),
    "bigint": (LONGS, "rank", "fpe", "bucket size 7", "noise amount 5", "noise percent 150"),
    "numeric(10,2)": (MONEY, "rank", "fpe", "bucket size 50", "noise amount 5", "noise percent 50", "geo"),
    "numeric": (NUMBERS, "rank", "fpe", "bucket size 50", "noise amount 5", "noise percent 50"),
    "float8": (FLOATS, "rank", "bucket size 50", "noise amount 5", "noise percent 50", "geo"),
    "float4": (("0", "1.5", "1e30", "'NaN'", "'Infinity'", "NULL"), "rank", "bucket size 3", "noise amount 5", "geo"),
    "inet": (
        ("'::1'", "'10.0.0.0/8'", "'10.0.0.1'", "'10.0.0.2/24'", "'2001:db8::/32'", "NULL"),
        "ip",
        "ip prefix true",
    ),
    "cidr": (("'10.0.0.0/8'", "'10.0.0.0/24'", "'2001:db8::/32'", "'0.0.0.0/0'", "NULL"), "ip", "ip prefix true"),
    "uuid": (("'00000000-0000-0000-0000-000000000000'", "md5('x')::uuid", "NULL"), "uuid"),
    "macaddr": (("'00:1b:63:84:45:e6'", "'ff:ff:ff:ff:ff:ff'", "NULL"), "mac"),
    "bytea": (
        (r"'\x'", r"'\x00'", r"'\x6869'", "decode(md5('x') || md5('y'), 'hex')", "NULL"),
        "bytea",
        "bytea as png",
    ),
    "point": (("'(1,2)'", "'(-0,1e300)'", "'(NaN,Infinity)'", "NULL"), "geo"),
    "jsonb": (("'{}'", "'null'", """'{"a": [1, "x", null]}'""", "NULL"), "null", "json others text"),
}


def test_no_promise_is_made_that_a_mask_does_not_keep(pair: Any, looking: Callable[..., Any]) -> None:
    """Whatever stands in a column of whatever type, a true clone is not refused: with a kept key and without."""
    masks: dict[str, dict[str, Any]] = {}
    for number, (kind, (values, *words)) in enumerate(ANYTHING.items()):
        names = [f"c{n}" for n in range(len(words))]
        rows = ", ".join(f"({n}, ({value})::{kind})" for n, value in enumerate(values))
        copies = ", ".join(f"v AS {name}" for name in names)
        for table, key in ((f"any_{number}", True), (f"bag_{number}", False)):
            pair.sql(f"CREATE TABLE {table} AS SELECT id, {copies} FROM (VALUES {rows}) AS t (id, v)")
            if key:
                pair.sql(f"ALTER TABLE {table} ADD PRIMARY KEY (id)")
            masks[f"public.{table}"] = {"id": "keep", **dict(zip(names, map(_mask, words), strict=True))}
    rules = pair.policy({"public.with_key": MASKS, "public.without": MASKS, **masks})
    pair.clone(rules)
    with looking(pair) as looker:
        found = looker(rules, key=pair.key)
    assert found.problems == ()


def test_a_database_without_an_encoding(open_pair: Callable[..., Any], looking: Callable[..., Any]) -> None:
    """Has bytes where others have characters: what is promised of those is not asked, all else is."""
    with open_pair("ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'") as pair:
        pair.sql(
            "CREATE TABLE t (id int PRIMARY KEY, name text)", "INSERT INTO t VALUES (1, 'Zo\u00e9 R\u00e9'), (2, NULL)"
        )
        rules = pair.policy({"public.t": {"id": "keep", "name": "text"}})
        pair.clone(rules)
        with looking(pair) as looker:
            found = looker(rules)
            assert found.problems == ()
            assert {check.promise for check in found.promises} == {"kept", "nulls", "empty", "equal", "shape"}
            pair.sql("UPDATE t SET name = NULL", target=True)
            assert "public.t.name: 2 values are NULL, and 1 must be (mask text)" in looker(rules).problems
