"""A row's place: where it stands in the clone's snapshot, as one number. Read from the source, many at a time.

A place is the row's partition (as the plan counts them), page and line. The version of a row that the snapshot sees
stays where it is: an update writes another one elsewhere, no vacuum takes what a held snapshot sees, and nothing that
rewrites tables gets past the clone's locks.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import polars as pl
import polars_hash as plh

from anonymizer.endpoint import Endpoint
from anonymizer.errors import AnonymizerError
from anonymizer.identifiers import TableName, quote
from anonymizer.keys import Key
from anonymizer.pipeline import blocks, reading
from anonymizer.subset.part import LINE_BITS
from anonymizer.subset.rules import Rule

_PARTITION_BITS = 48
_COMMA_IS_A_TAB = bytes.maketrans(b",", b"\t")


class TooManyPartitions(AnonymizerError):
    """a table has too many partitions for a subset"""


class Reader:
    """Reads places from the source's snapshot."""

    def __init__(self, end: Endpoint, psql: str, snapshot: str, oids: Sequence[int]) -> None:
        """Takes the numbers of all tables that hold rows; a place counts them in this order.

        Raises:
            TooManyPartitions: there are more than a place can count.
        """
        if len(oids) >= 2 ** (63 - _PARTITION_BITS):
            raise TooManyPartitions(detail=f"The source has {len(oids)} tables.")
        self._end, self._psql, self._snapshot = end, psql, snapshot
        self._tables = pl.DataFrame(
            {"oid": oids, "number": range(len(oids))}, schema={"oid": pl.UInt32, "number": pl.UInt64}
        )

    def all(self, relation: str) -> pl.Series:
        """The places of all rows of a relation, sorted."""
        return self._read(f"SELECT tableoid, ctid FROM {relation}", ["row"]).get_column("row").sort()

    def chosen(self, table: TableName, relation: str, rule: Rule, key: bytes, columns: Sequence[str]) -> pl.Series:
        """The places of the rows that a rule chooses, sorted.

        What is drawn is drawn by a keyed digest of the row's key: the same rows under the same key, and with a larger
        share those and more.

        Args:
            table: the table.
            relation: the same as FROM names it.
            rule: which of them.
            key: the sub-key that draws.
            columns: the primary key's; without any, the whole row counts.
        """
        where = f" WHERE (\n{rule.where}\n)" if rule.where is not None else ""
        if rule.whole:
            return self._read(f"SELECT tableoid, ctid FROM {relation}{where}", ["row"]).get_column("row").sort()
        names = [f"{quote(table.name)}.{quote(column)}" for column in columns] or [f"{quote(table.name)}.*"]
        # digested there: a key may be an e-mail, and a row without a key need not travel twice
        digest = f"encode(substr(sha256(textsend(ROW({', '.join(names)})::text)), 1, 16), 'hex')"
        found = self._read(f"SELECT tableoid, ctid, {digest} FROM {relation}{where}", ["row"], digest=True)
        drawn = found.with_columns(plh.col("digest").chash.hmac_sha256(key=key.hex()))
        if rule.count is not None:
            return drawn.sort("digest", "row").head(rule.count).get_column("row").sort()
        number = pl.col("digest").str.slice(0, 16).str.decode("hex").bin.reinterpret(dtype=pl.UInt64, endianness="big")
        limit = min(int(rule.share * 2**64 / 100), 2**64 - 1)
        return drawn.filter(number < pl.lit(limit, dtype=pl.UInt64)).get_column("row").sort()

    def pairs(self, child: str, parent: str, condition: str) -> pl.DataFrame:
        """The places of all rows of one relation with those that they refer to: columns `child` and `parent`."""
        query = f"SELECT c.tableoid, c.ctid, p.tableoid, p.ctid FROM {child} c JOIN {parent} p ON {condition}"
        return self._read(query, ["child", "parent"])

    def _read(self, query: str, names: Sequence[str], *, digest: bool = False) -> pl.DataFrame:
        schema: dict[str, type[pl.DataType]] = {}
        for name in names:
            schema |= {f"{name} table": pl.UInt32, f"{name} page": pl.UInt64, f"{name} line": pl.UInt64}
        wanted = dict.fromkeys(names, pl.UInt64) | ({"digest": pl.String} if digest else {})
        frames = [pl.DataFrame(schema=wanted)]
        with reading(self._end, self._psql, self._snapshot, f"({query})") as pipe:
            for block in blocks(pipe, whole_rows=True):
                frames.append(self._frame(block, schema | ({"digest": pl.String} if digest else {}), names, wanted))
        return pl.concat(frames)

    def _frame(
        self, block: bytes, schema: Mapping[str, type[pl.DataType]], names: Sequence[str], wanted: Mapping[str, object]
    ) -> pl.DataFrame:
        """A block's places. COPY writes one as `16384<tab>(17,3)`; with the brackets taken out, it is all numbers."""
        numbers = block.translate(_COMMA_IS_A_TAB, b"()")
        frame = pl.read_csv(io.BytesIO(numbers), has_header=False, separator="\t", schema=dict(schema))
        for name in names:
            # rows of a partition that is not copied, such as a foreign table, drop out
            frame = frame.join(self._tables.rename({"oid": f"{name} table", "number": name}), on=f"{name} table")
            place = pl.col(name) * 2**_PARTITION_BITS + pl.col(f"{name} page") * 2**LINE_BITS + pl.col(f"{name} line")
            frame = frame.with_columns(place.alias(name))
        return frame.select(list(wanted))


def of_table(places: pl.Series, number: int) -> pl.Series:
    """Of sorted places those in the table with this number, without it: pages and lines."""
    ends = pl.Series([number * 2**_PARTITION_BITS, (number + 1) * 2**_PARTITION_BITS], dtype=pl.UInt64)
    first, last = places.search_sorted(ends, side="left")
    own: pl.Series = places.slice(first, last - first) % 2**_PARTITION_BITS
    return own


def numbers(places: pl.DataFrame, child: pl.Series, parent: pl.Series) -> pl.DataFrame:
    """Pairs of places as pairs of numbers: where each stands among its table's sorted places."""
    return places.select(
        child.search_sorted(places.get_column("child")).alias("child"),
        parent.search_sorted(places.get_column("parent")).alias("parent"),
    )


def drawing_key(key: Key, table: TableName) -> bytes:
    """The sub-key that draws a table's rows: a join domain of its own."""
    return key.subkey(f"subset/{table}")
