"""Foreign keys of every kind, masked on both ends: the clone builds them, and every row refers to whom it referred."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from anonymizer import catalog, plan
from anonymizer.subset import references

KEYS = r"""
-- composite, in another order, MATCH FULL and MATCH SIMPLE, partly NULL
CREATE TABLE pair (a int, b text, PRIMARY KEY (a, b));
INSERT INTO pair SELECT n, 'b' || n FROM generate_series(1, 40) n;
CREATE TABLE simple (id int, b text, a int, FOREIGN KEY (a, b) REFERENCES pair);
INSERT INTO simple SELECT n, 'b' || n, CASE WHEN n % 3 > 0 THEN n END FROM generate_series(1, 40) n;
CREATE TABLE whole (id int, a int, b text);
ALTER TABLE pair ADD UNIQUE (b, a); ALTER TABLE whole ADD FOREIGN KEY (b, a) REFERENCES pair (b, a) MATCH FULL;
INSERT INTO whole SELECT n, CASE WHEN n % 3 > 0 THEN n END, CASE WHEN n % 3 > 0 THEN 'b' || n END
FROM generate_series(1, 40) n;
-- of itself, in a circle, deferred
CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree, root int REFERENCES tree DEFERRABLE INITIALLY DEFERRED);
INSERT INTO tree SELECT n, CASE WHEN n > 1 THEN n / 2 END, 41 - n FROM generate_series(1, 40) n;
CREATE TABLE orders (id int PRIMARY KEY, last int);
CREATE TABLE payments (id int PRIMARY KEY, of int REFERENCES orders DEFERRABLE);
INSERT INTO orders SELECT n, n FROM generate_series(1, 40) n;
INSERT INTO payments SELECT n, n FROM generate_series(1, 40) n;
ALTER TABLE orders ADD FOREIGN KEY (last) REFERENCES payments DEFERRABLE INITIALLY DEFERRED;
-- to a unique column that is no primary key, to a unique index that is no constraint, with actions
CREATE TABLE people (id serial PRIMARY KEY, email text UNIQUE, nick text); CREATE UNIQUE INDEX ON people (nick);
INSERT INTO people (email, nick) SELECT 'p' || n || '@corp.test', 'nick' || n FROM generate_series(1, 40) n;
CREATE TABLE mail (id int, sender text REFERENCES people (email) ON UPDATE CASCADE ON DELETE SET NULL,
    nick text REFERENCES people (nick) ON UPDATE SET DEFAULT);
INSERT INTO mail SELECT n, 'p' || n || '@corp.test', 'nick' || 41 - n FROM generate_series(1, 40) n;
-- between partitions of every level, to one partition, to and from the whole
CREATE TABLE whole_p (region int, id int, note text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE part_1 PARTITION OF whole_p FOR VALUES IN (1) PARTITION BY HASH (id);
CREATE TABLE part_1_0 PARTITION OF part_1 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part_1_1 PARTITION OF part_1 DEFAULT; -- replaced below
CREATE TABLE part_2 (note text, id int NOT NULL, region int NOT NULL);
ALTER TABLE whole_p ATTACH PARTITION part_2 DEFAULT;
CREATE TABLE to_p (region int, id int, twin int, FOREIGN KEY (id, region) REFERENCES whole_p)
    PARTITION BY RANGE (region);
CREATE TABLE to_p_1 PARTITION OF to_p FOR VALUES FROM (1) TO (2);
CREATE TABLE to_p_2 PARTITION OF to_p DEFAULT;
-- of an inherited child, which has its own, and of its parent, which has another
CREATE TABLE base (id int PRIMARY KEY, person text REFERENCES people (email));
CREATE TABLE child (extra text REFERENCES people (nick), FOREIGN KEY (person) REFERENCES people (email))
    INHERITS (base);
INSERT INTO base SELECT n, 'p' || n || '@corp.test' FROM generate_series(1, 20) n;
INSERT INTO child SELECT n, 'p' || n || '@corp.test', 'nick' || n FROM generate_series(21, 40) n;
-- types that differ, and domains
CREATE DOMAIN code AS varchar(12) CHECK (VALUE <> ''); CREATE DOMAIN number AS int;
CREATE TABLE types (i int UNIQUE, c varchar(10) UNIQUE, h char(8) UNIQUE, d code UNIQUE, n numeric UNIQUE,
    z numeric(9, 0) UNIQUE, u uuid UNIQUE, t timestamptz UNIQUE, m macaddr UNIQUE, x inet UNIQUE, y date UNIQUE);
INSERT INTO types SELECT n, 'c' || n, 'h' || n, 'd' || n, n + 0.50, n, gen_random_uuid(), now() + n * interval '1 min',
    macaddr '08:00:2b:01:02:03', NULL, date '2024-01-01' + n FROM generate_series(1, 1) n;
INSERT INTO types SELECT n, 'c' || n, 'h' || n, 'd' || n, n + 0.50, n, gen_random_uuid(), now() + n * interval '1 min',
    ('08:00:2b:01:02:' || to_hex(n + 16))::macaddr, ('10.0.0.' || n)::inet, date '2024-01-01' + n
FROM generate_series(2, 40) n;
CREATE TABLE refs (i bigint REFERENCES types (i), s smallint REFERENCES types (i), o number REFERENCES types (i),
    c text REFERENCES types (c), h varchar(8) REFERENCES types (h), h2 char(20) REFERENCES types (h),
    d text REFERENCES types (d), n numeric REFERENCES types (n), z int REFERENCES types (z),
    u uuid REFERENCES types (u),
    t timestamptz REFERENCES types (t), m macaddr REFERENCES types (m), x inet REFERENCES types (x),
    y date REFERENCES types (y));
INSERT INTO refs SELECT i, i, i, c, h, h, d, n + 0.00000, z, u, t, m, x, y FROM types;
"""
KEYS = KEYS.replace(
    "CREATE TABLE part_1_1 PARTITION OF part_1 DEFAULT; -- replaced below",
    "CREATE TABLE part_1_1 PARTITION OF part_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);",
)
PARTITIONS = (
    "INSERT INTO whole_p SELECT n % 3, n, 'n' || n FROM generate_series(1, 40) n",
    "INSERT INTO to_p SELECT n % 3, n, CASE WHEN n % 3 = 1 THEN n END FROM generate_series(1, 40) n",
    # one partition referring to one, beside what both have of their wholes
    "ALTER TABLE part_1_0 ADD UNIQUE (id)",
    "UPDATE to_p_1 SET twin = (SELECT min(id) FROM part_1_0)",
    "ALTER TABLE to_p_1 ADD FOREIGN KEY (twin) REFERENCES part_1_0 (id)",
)
MASKS: dict[str, dict[str, Any]] = {
    "public.pair": {"a": "fpe", "b": "fpe"},
    "public.simple": {"a": "fpe", "b": "fpe"},
    "public.whole": {"a": "fpe", "b": "fpe"},
    "public.tree": {"id": "fpe", "up": "fpe", "root": "fpe"},
    "public.orders": {"id": "fpe", "last": "fpe"},
    "public.payments": {"id": "fpe", "of": "fpe"},
    "public.people": {"id": "fpe", "email": "email", "nick": "user_name"},
    "public.mail": {"sender": "email", "nick": "user_name"},
    "public.whole_p": {"id": "keep", "note": "text"},
    "public.base": {"person": "email"},
    "public.child": {"person": "email", "extra": "user_name"},
    "public.types": {**dict.fromkeys("ichdnzty", "fpe"), "u": "uuid", "m": "mac", "x": {"mask": "ip", "prefix": True}},
    "public.refs": {
        **dict.fromkeys(["i", "s", "o", "c", "h", "h2", "d", "n", "z", "t", "y"], "fpe"),
        "u": "uuid",
        "m": "mac",
        "x": {"mask": "ip", "prefix": True},
    },
}


def test_every_kind_of_foreign_key(pair: Any) -> None:
    """As many pairs of rows as in the source refer to each other by each constraint, and the constraint is there."""
    pair.sql(KEYS, *PARTITIONS)
    assert pair.clone(MASKS).verification.passed

    def pairs(*, target: bool) -> dict[str, int]:
        """How many rows refer to one by each constraint of each table."""
        found = {}
        for name, child, parent, condition in pair.sql(_CONDITIONS, target=target):
            query = f"SELECT count(*) FROM ONLY {child} c JOIN {parent} p ON {condition}"
            found[f"{child}.{name}"] = pair.sql(query, target=target)[0][0]
        return found

    before = pairs(target=False)
    assert pairs(target=True) == before
    assert len(before) > 30
    changed = pair.sql("SELECT count(*) FROM tree WHERE up IS NOT NULL AND up <> id / 2", target=True)
    assert changed[0][0] > 0


_CONDITIONS = """
SELECT k.conname, k.conrelid::regclass::text, k.confrelid::regclass::text,
       (SELECT string_agg(format('c.%I = p.%I', a.attname, b.attname), ' AND ')
        FROM ROWS FROM (unnest(k.conkey), unnest(k.confkey)) u (x, y)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.x
        JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = u.y)
FROM pg_constraint k WHERE k.contype = 'f' AND k.convalidated
"""

REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "half of MATCH FULL is NULL": (
        "CREATE TABLE a (x int, y int, PRIMARY KEY (x, y)); "
        "CREATE TABLE b (x int, y int, FOREIGN KEY (x, y) REFERENCES a MATCH FULL)",
        {"public.b": {"x": "null"}},
        "MATCH FULL is NULL in all columns or in none",
    ),
    "a mask that looks aside": (
        "CREATE TABLE a (id int, born date UNIQUE); CREATE TABLE b (id int, born date REFERENCES a (born))",
        {name: {"born": {"mask": "date_shift", "subject": "id"}} for name in ("public.a", "public.b")},
        "looks at other columns, which differ there",
    ),
    "whole numbers and fractions": (
        "CREATE TABLE a (n numeric(10, 2) UNIQUE); CREATE TABLE b (n int REFERENCES a (n))",
        {"public.a": {"n": "fpe"}, "public.b": {"n": "fpe"}},
        "writes equal values in another way",
    ),
    "moments and days": (
        "CREATE TABLE a (t timestamp UNIQUE); CREATE TABLE b (t date REFERENCES a (t))",
        {"public.a": {"t": "fpe"}, "public.b": {"t": "fpe"}},
        "writes equal values in another way",
    ),
    "NULLs that are the same": (
        "CREATE TABLE a (x int, UNIQUE NULLS NOT DISTINCT (x))",
        {"public.a": {"x": "null"}},
        "holds every NULL for the same",
    ),
    "a reference under a collation without case": (
        "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false); "
        "CREATE TABLE a (e text COLLATE loose UNIQUE); CREATE TABLE b (e text COLLATE loose REFERENCES a (e))",
        {"public.a": {"e": "email"}, "public.b": {"e": "email"}},
        "collation holds texts for equal that are not the same",
    ),
    "a unique column under one": (
        "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false); "
        "CREATE TABLE a (e text COLLATE loose UNIQUE)",
        {"public.a": {"e": "token"}},
        "collation holds texts for equal that differ",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_mask_keeps_is_refused(case: str, request: pytest.FixtureRequest) -> None:
    """Before a row is read, and with the reason. The wheel's server has no ICU, the system's has."""
    schema, masks, why = REFUSED[case]
    pair: Any = request.getfixturevalue("system_pair" if "icu" in schema else "pair")
    if "NULLS NOT" in schema and int(pair.sql("SHOW server_version_num")[0][0]) < 150000:
        pytest.skip("NULLS NOT DISTINCT is of PostgreSQL 15")
    pair.sql(schema)
    with pytest.raises(plan.PolicyIncomplete) as refused:
        pair.clone(masks)
    assert why in str(refused.value.detail)


def test_boxes_stand_apart_by_semicolons(pair: Any) -> None:
    """What separates an array's elements is their type's choice; NULLs, bounds and domains stay what they are."""
    pair.sql(
        "CREATE DOMAIN crate AS box",
        "CREATE TABLE t (id int, boxes box[], crates crate[], vector int2vector)",
        "INSERT INTO t VALUES (1, '{(1,1),(0,0);NULL;(3,3),(2,2)}', '[0:0][3:4]={{(5,5),(4,4);NULL}}', '1 2')",
    )
    constant = {"mask": "constant", "value": "(9,9),(8,8)"}
    assert pair.clone({"public.t": {"boxes": constant, "crates": constant}}).verification.passed
    assert pair.sql("SELECT boxes::text, crates::text, vector::text FROM t", target=True) == [
        ("{(9,9),(8,8);NULL;(9,9),(8,8)}", "[0:0][3:4]={{(9,9),(8,8);NULL}}", "1 2")
    ]


def test_a_partition_has_the_keys_of_its_whole_once(pair: Any) -> None:
    """The subset follows a reference as it was declared."""
    pair.sql(KEYS, *PARTITIONS)
    with psycopg.connect(pair.source) as connection:
        tables = catalog.tables(connection)
        found = references.references(connection, tables, pair.policy())
    whole = [one for one in found if one.child.name == "to_p"]
    assert sorted(one.child_from for one in whole) == ['"public"."to_p"', 'ONLY "public"."to_p_1"']
