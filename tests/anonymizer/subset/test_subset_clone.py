"""A clone of some of the rows: every reference holds, every row is the full clone's, the report says what came why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from anonymizer import endpoint, verify
from anonymizer.errors import AnonymizerError
from anonymizer.keys import Key
from anonymizer.plan import PolicyIncomplete
from anonymizer.subset import part
from anonymizer.subset.condition import ConditionRefused

SHOP = (
    "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL UNIQUE, invited_by int REFERENCES users)",
    "CREATE TABLE plans (id int PRIMARY KEY, name text)",
    "CREATE TABLE prices (plan_id int REFERENCES plans, cents int)",
    "CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users, plan_id int REFERENCES plans)",
    "CREATE TABLE items (order_id int REFERENCES orders, position int, PRIMARY KEY (order_id, position))",
    "CREATE TABLE events (id int PRIMARY KEY, email text REFERENCES users (email))",
    "CREATE TABLE colours (name text)",
    "CREATE TABLE log (line text)",
    """INSERT INTO users SELECT n, 'user' || n || '@corp.test', CASE WHEN n % 7 = 0 THEN n / 7 END
    FROM generate_series(1, 400) n""",
    "INSERT INTO plans SELECT n, 'plan ' || n FROM generate_series(1, 400) n",
    "INSERT INTO prices SELECT n, n FROM generate_series(1, 400) n",
    """INSERT INTO orders SELECT n, 1 + n % 400, CASE WHEN n % 2 = 0 THEN 1 + n % 400 END
    FROM generate_series(1, 1200) n""",
    "INSERT INTO items SELECT 1 + n % 1200, n FROM generate_series(1, 2400) n",
    """INSERT INTO events SELECT n, CASE WHEN n % 5 > 0 THEN 'user' || 1 + n % 400 || '@corp.test' END
    FROM generate_series(1, 800) n""",
    "INSERT INTO colours VALUES ('red'), ('blue')",
    "INSERT INTO log VALUES ('a line')",
)
MASKS = {"public.users": {"email": "email"}, "public.events": {"email": "email"}, "public.log": "drop-rows"}
TABLES = ("users", "plans", "prices", "orders", "items", "events", "colours", "log")


def rows(pair: Any, *, target: bool = True) -> dict[str, set[str]]:
    """Every row of every table as text."""
    return {name: {row for (row,) in pair.sql(f"SELECT t::text FROM {name} t", target=target)} for name in TABLES}


def subset(pair: Any, masks: Any = MASKS, **rules: Any) -> Any:
    return pair.clone(pair.policy(masks, subset={f"public.{name}": rule for name, rule in rules.items()}))


def test_some_of_the_users_and_what_is_theirs(pair: Any) -> None:
    """Each row is the full clone's; a larger share has the smaller one's rows and more; the report adds up."""
    pair.sql(*SHOP)
    pair.clone(pair.policy(MASKS))
    whole = rows(pair)
    shares = []
    for share in ("5%", "20%"):
        result = subset(pair, users=share)
        assert result.verification.passed
        shares.append(rows(pair))
        for table in result.subset.tables:
            assert table.rows == len(shares[-1][table.table.name]) == sum(reason.rows for reason in table.reasons)
            assert table.source_rows == len(whole[table.table.name])
    few, more = shares
    for name in TABLES:
        assert few[name] <= more[name] <= whole[name]
    assert 0 < len(few["users"]) < len(more["users"]) < 200
    assert few["colours"] == whole["colours"]
    assert not few["log"]

    # nothing of others, and all that is theirs
    ours = "SELECT id FROM users"
    users = {id_ for (id_,) in pair.sql(ours, target=True)}
    chosen = users - {id_ for (id_,) in pair.sql("SELECT invited_by FROM users", target=True)}
    orders = pair.sql("SELECT id, user_id FROM orders")
    theirs = {id_ for id_, user in orders if user in chosen}
    cloned = {id_ for (id_,) in pair.sql("SELECT id FROM orders", target=True)}
    assert theirs <= cloned <= {id_ for id_, user in orders if user in users}
    assert cloned

    # the record of it, without a value
    record = result.attestation["subset"]
    assert record["rules"] == [{"table": "public.users", "take": "20%", "where_sha256": None}]
    assert {table["table"]: table["rows"] for table in record["tables"]}["public.users"] == len(users)

    # and the same is found again by whoever has the key, but not by another
    def again(key: Key) -> verify.Verification:
        ends = [endpoint.source(dsn, "an end") for dsn in (pair.source, pair.target)]
        return verify.verify(*ends, pair.policy(MASKS, subset={"public.users": "20%"}), pair.programs, key=key, jobs=1)

    assert again(pair.key).passed
    assert not again(Key(b"another key, of which nobody here has heard before")).passed


def test_a_condition_a_number_and_a_table_that_is_limited_by_another(pair: Any) -> None:
    """So many of those that a condition leaves; a named table below another has only what belongs to that."""
    pair.sql(*SHOP)
    result = subset(
        pair,
        users={"where": "id % 10 = 4 and invited_by is null", "take": 7},
        orders={"where": "plan_id IS NULL"},
        prices="0%",
        plans="100%",
    )
    found = {table.table.name: table for table in result.subset.tables}
    assert found["users"].rows == 7
    assert found["users"].rule == "7 rows where"
    assert pair.sql("SELECT count(*) FROM users WHERE id % 10 <> 4", target=True) == [(0,)]
    assert found["prices"].rows == 0
    assert found["plans"].rows == 400
    assert pair.sql("SELECT count(plan_id) FROM orders", target=True) == [(0,)]
    users = [user for (user,) in pair.sql("SELECT id FROM users", target=True)]
    theirs = pair.sql(f"SELECT id FROM orders WHERE plan_id IS NULL AND user_id = ANY (ARRAY{users}) ORDER BY 1")
    assert pair.sql("SELECT id FROM orders ORDER BY 1", target=True) == theirs != []
    # nobody's events were asked for by nobody
    assert pair.sql("SELECT count(*) FROM events WHERE email IS NULL", target=True) == [(0,)]


@pytest.mark.parametrize(
    ("rule", "error", "said"),
    [
        ({"public.nowhere": "5%"}, PolicyIncomplete, "the source has no such table"),
        ({"public.log": "5%"}, PolicyIncomplete, "none of its rows are copied"),
        ({"public.parted_0": "5%"}, PolicyIncomplete, "name public.parted"),
        ({"public.users": {"where": "nothing = 1"}}, ConditionRefused, 'column "nothing" does not exist'),
        ({"public.users": {"where": "id"}}, ConditionRefused, "must be type boolean"),
        ({"public.users": {"where": "pg_sleep(0) IS NULL"}}, ConditionRefused, "it calls pg_sleep"),
        ({"public.users": {"where": 'pg_catalog."pg_sleep" (0) IS NULL'}}, ConditionRefused, "it calls pg_sleep"),
        ({"public.users": {"where": "users.acts IS NULL"}}, ConditionRefused, "it calls acts"),
    ],
)
def test_what_means_nothing_in_the_source_is_refused_before_anything_is_touched(
    shop: Any, rule: Any, error: type[Exception], said: str
) -> None:
    """No such table, no rows of it, a partition, a condition that is none or that acts."""
    with pytest.raises(error) as caught:
        shop.clone(shop.policy(MASKS, subset=rule))
    assert said in str(caught.value.detail)
    assert shop.oid() is None
    assert not shop.leftovers()


@pytest.fixture(scope="module")
def shop(open_pair: Callable[..., Any]) -> Any:
    with open_pair() as pair:
        pair.sql(
            *SHOP,
            "CREATE TABLE parted (n int) PARTITION BY HASH (n)",
            "CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
            "CREATE FUNCTION acts(users) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1'",
        )
        yield pair


def test_references_are_what_the_source_says_they_are(pair: Any) -> None:
    """Equal numerals of another scale, padded texts and collations, composite keys half null, partitions, heirs."""
    pair.sql(
        """CREATE TABLE parent (amount numeric UNIQUE, name char(8) COLLATE "C" UNIQUE,
        a int, b int, UNIQUE (a, b))""",
        "CREATE TABLE heir () INHERITS (parent)",
        """CREATE TABLE child (n int PRIMARY KEY, amount numeric REFERENCES parent (amount),
        name char(12) REFERENCES parent (name), a bigint, b bigint,
        FOREIGN KEY (a, b) REFERENCES parent (a, b)) PARTITION BY RANGE (n)""",
        "CREATE TABLE child_low PARTITION OF child FOR VALUES FROM (0) TO (3)",
        "CREATE TABLE child_high PARTITION OF child FOR VALUES FROM (3) TO (100) PARTITION BY LIST (n)",
        "CREATE TABLE child_higher PARTITION OF child_high DEFAULT",
        "CREATE TABLE grand (child_n int REFERENCES child)",
        "INSERT INTO parent VALUES (1.0, 'Anna', 1, 1), (2.0, 'BEA', 2, 2), (3.0, 'Carla', 3, 3)",
        "INSERT INTO heir VALUES (1.0, 'Anna', 1, 1)",
        """INSERT INTO child VALUES (0, 1.000, NULL, NULL, NULL), (1, NULL, 'BEA', NULL, NULL), (2, NULL, NULL, 3, 3),
        (3, NULL, NULL, 2, NULL), (4, 2.00, 'Anna', NULL, 9)""",
        "INSERT INTO grand SELECT n FROM child",
    )
    result = pair.clone(pair.policy(subset={"public.child": {"where": "n IN (0, 1, 4)"}}))
    assert pair.sql("SELECT a FROM ONLY parent ORDER BY 1", target=True) == [(1,), (2,)]
    assert pair.sql("SELECT child_n FROM grand ORDER BY 1", target=True) == [(0,), (1,), (4,)]
    pair.assert_kept("heir")
    assert result.verification.passed
    pair.clone(pair.policy(subset={"public.parent": {"where": "amount < 3"}}))
    assert pair.sql("SELECT n FROM child ORDER BY 1", target=True) == [(0,), (1,), (4,)]
    assert pair.sql("SELECT tableoid::regclass::text FROM child ORDER BY n", target=True)[-1] == ("child_higher",)


def test_a_temporal_reference_brings_every_row_that_covers_it(pair: Any) -> None:
    """A bill over two years refers to the prices of both, and to no other."""
    if pair.server.major() < 18:
        pytest.skip("temporal foreign keys came with PostgreSQL 18")
    pair.sql(
        "CREATE TABLE prices (id int4range, valid daterange, PRIMARY KEY (id, valid WITHOUT OVERLAPS))",
        """CREATE TABLE bills (n int, price int4range, during daterange,
        FOREIGN KEY (price, PERIOD during) REFERENCES prices (id, PERIOD valid))""",
        "INSERT INTO prices SELECT '[1,2)', daterange(make_date(y, 1, 1), make_date(y + 1, 1, 1)) "
        "FROM generate_series(2020, 2023) y",
        "INSERT INTO bills VALUES (1, '[1,2)', '[2020-06-01,2021-06-01)'), (2, '[1,2)', '[2023-01-01,2023-02-01)')",
    )
    pair.clone(pair.policy(subset={"public.bills": {"where": "n = 1"}}))
    years = pair.sql("SELECT extract(year FROM lower(valid))::int FROM prices ORDER BY 1", target=True)
    assert years == [(2020,), (2021,)]


def test_a_join_domain_that_the_policy_names_is_a_reference(pair: Any) -> None:
    """To its one column that is unique by itself: letters by an address that no foreign key declares."""
    pair.sql(
        "CREATE TABLE people (email text PRIMARY KEY)",
        "CREATE TABLE letters (n int, sender text)",
        "INSERT INTO people SELECT 'p' || n || '@corp.test' FROM generate_series(1, 9) n",
        "INSERT INTO letters SELECT n, 'p' || n || '@corp.test' FROM generate_series(1, 20) n",
    )
    email = {"mask": "email", "domain": "people"}
    masks = {"public.people": {"email": email}, "public.letters": {"sender": email}}
    result = pair.clone(pair.policy(masks, subset={"public.people": {"where": "email < 'p4'"}}))
    assert pair.sql("SELECT n FROM letters ORDER BY 1", target=True) == [(1,), (2,), (3,)]
    reasons = {table.table.name: table.reasons for table in result.subset.tables}
    assert [reason.constraint for reason in reasons["letters"]] == ["domain people"]


def test_what_the_policy_makes_null_or_drops_is_no_reference(pair: Any) -> None:
    """Such a row needs nothing up there, and belongs to nothing there."""
    pair.sql(*SHOP)
    masks = {**MASKS, "public.orders": {"plan_id": "null"}}
    result = subset(pair, masks, users="10%")
    listed = {table.table.name for table in result.subset.tables}
    assert listed == {"users", "orders", "items", "events"}
    assert len(rows(pair)["plans"]) == 400


def test_rows_without_a_key_are_drawn_by_all_they_say(pair: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are the same come together or not at all; a number of them is met to the row; a long list is split."""
    monkeypatch.setattr(part, "ROWS", 8000)
    count = 12_000
    pair.sql(
        "CREATE TABLE notes (a int, b text)",
        f"INSERT INTO notes SELECT n / 2, 'x' FROM generate_series(0, {2 * count - 1}) n",
    )
    result = pair.clone(pair.policy(subset={"public.notes": "50%"}))
    odd = "SELECT count(*) FROM (SELECT a FROM notes GROUP BY a HAVING count(*) <> 2) x"
    assert pair.sql(odd, target=True) == [(0,)]
    assert result.subset.tables[0].rows == pair.sql("SELECT count(*) FROM notes", target=True)[0][0] > 8000
    assert len(result.subset.parts[result.subset.tables[0].table]) == 2
    pair.clone(pair.policy(subset={"public.notes": 777}))
    assert pair.sql("SELECT count(*) FROM notes", target=True) == [(777,)]


def test_rows_are_found_where_the_snapshot_sees_them(pair: Any) -> None:
    """While places are known and rows not yet read, all are updated and vacuumed: the clone is of the snapshot."""
    pair.sql("CREATE TABLE t (id int PRIMARY KEY, v int)", "INSERT INTO t SELECT n, 1 FROM generate_series(1, 500) n")

    def meanwhile(step: str, *_: object) -> None:
        if step == "schema":
            pair.sql(
                "UPDATE t SET v = 2", "VACUUM t", "UPDATE t SET v = 3", "INSERT INTO t VALUES (501, 3)", "VACUUM t"
            )

    from anonymizer.clone import Request, clone

    rules = pair.policy(subset={"public.t": {"where": "id % 5 = 0"}})
    clone(
        Request(pair.source, pair.target, "the source", "the target", rules, pair.key, pair.programs, jobs=1),
        meanwhile,
    )
    assert pair.sql("SELECT count(*), min(v), max(v) FROM t", target=True) == [(100, 1, 1)]


def test_the_source_cannot_be_written_by_a_condition(pair: Any) -> None:
    """A function that says that it is stable and writes all the same: the session refuses."""
    pair.sql(
        "CREATE TABLE t (id int PRIMARY KEY)",
        "INSERT INTO t VALUES (1)",
        """CREATE FUNCTION liar() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
        BEGIN EXECUTE 'DELETE FROM public.t'; RETURN true; END $$""",
    )
    with pytest.raises(AnonymizerError):
        pair.clone(pair.policy(subset={"public.t": {"where": "public.liar()"}}))
    assert pair.sql("SELECT count(*) FROM t") == [(1,)]
    assert pair.oid() is None
