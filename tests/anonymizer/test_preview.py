"""What a preview shows is what a clone would hold."""

from __future__ import annotations

from typing import Any

from anonymizer.endpoint import source as source_end
from anonymizer.preview import preview


def test_the_values_are_those_of_a_clone_with_the_same_key(pair: Any) -> None:
    """Through partitions whose columns stand in another order, arrays, documents and masks that look aside."""
    pair.sql(
        "CREATE TABLE p (id int, email text, tags text[], doc jsonb, bio text) PARTITION BY RANGE (id)",
        "CREATE TABLE a (bio text, doc jsonb, id int, email text, tags text[])",
        "ALTER TABLE p ATTACH PARTITION a FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE b PARTITION OF p DEFAULT",
        r"INSERT INTO p SELECT n, n || 'a@corp.test', '{x@corp.test,NULL,\"a b\"}', "
        "json_build_object('e', n || 'a@corp.test')::jsonb, E'I am\\t' || n || 'a@corp.test' "
        "FROM generate_series(5, 15) n",
    )
    document = {"mask": "json", "paths": {"$.e": "email"}, "others": "text"}
    masks = {
        "public.p": {
            "id": "keep",
            "email": "email",
            "tags": "email",
            "doc": document,
            "bio": {"mask": "entity", "columns": ["email"]},
        }
    }
    rules = pair.policy(masks)
    (table,) = preview(source_end(pair.source, "source"), rules, pair.key, 100)
    assert (str(table.table), table.rows, table.kept) == ("public.p", 11, ("id",))
    assert "corp.test" not in repr(table)
    pair.clone(rules)
    shown = {column.name: column for column in table.columns}
    for name in ("email", "tags", "doc", "bio"):
        for target, values in ((False, shown[name].before), (True, shown[name].after)):
            stored = sorted(row[0] for row in pair.sql(f"SELECT {name}::text FROM p", target=target))
            if name == "tags":
                # how an array quotes its elements is the server's choice
                values = [value.replace('"', "") for value in values]
                stored = sorted(value.replace('"', "") for value in stored)
            if name != "doc":
                assert sorted(map(str, values)) == stored
        assert shown[name].changed == 11
