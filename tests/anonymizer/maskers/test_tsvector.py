"""The mask `tsvector`."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

Masked = Callable[..., list[str | None]]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["'lettera':1 'tavolo':3"]
    expected = ["'fgxa':1,4 'sul':2 'tavolo':3"]
    assert (
        masked(
            "tsvector",
            values,
            {"from": ["title"]},
            kind="tsvector",
            row={"originals": {}, "masked": {"title": ["Fgxa sul tavolo, fgxa"]}},
        )
        == expected
    )


TEXTS = ["Il gatto e la volpe", "it's 3.14; don't\\stop", "", "x " * 300]


def test_the_server_reads_it(masked: Masked, database: str) -> None:
    """Rebuilt or masked word by word, it is a tsvector, and the masked text's words are found in it."""
    with psycopg.connect(database) as connection:
        query = "SELECT to_tsvector('simple', v)::text FROM unnest(%s::text[]) v"
        vectors = [row[0] for row in connection.execute(query, (TEXTS,))]
        rebuilt = masked(
            "tsvector", vectors, {"from": ["t"]}, kind="tsvector", row={"originals": {}, "masked": {"t": TEXTS}}
        )
        apart = masked("tsvector", vectors, kind="tsvector")
        for found in (rebuilt, apart):
            connection.execute("SELECT v::tsvector FROM unnest(%s::text[]) v", (found,))
        assert connection.execute("SELECT %s::tsvector @@ 'gatto'", (rebuilt[0],)).fetchone() == (True,)
        assert connection.execute("SELECT %s::tsvector @@ 'gatto'", (apart[0],)).fetchone() == (False,)


def test_a_word_is_the_same_in_every_row(masked: Masked) -> None:
    """With its positions and weights."""
    one, other = masked("tsvector", ["'gatto':1A,3", "'gatto':2"], kind="tsvector")
    assert str(one).split(":")[0] == str(other).split(":")[0]
    assert str(one).endswith(":1A,3")
