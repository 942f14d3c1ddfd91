"""Logical replication: publications and subscriptions."""

from __future__ import annotations

from understudy.catalog import sqltext as s
from understudy.catalog.model import Attribute, Impact, Kind

PUBLICATION = Kind(
    name="publication",
    catalog="pg_publication",
    source=f"pg_publication x WHERE {s.scope('x.oid', 'pg_publication')}",
    path="quote_ident(x.pubname)",
    impact=Impact.BEHAVIOUR,
    attributes=(
        Attribute("owner", s.role("x.pubowner")),
        Attribute("all tables", "x.puballtables"),
        Attribute("inserts", "x.pubinsert"),
        Attribute("updates", "x.pubupdate"),
        Attribute("deletes", "x.pubdelete"),
        Attribute("truncates", "x.pubtruncate"),
        Attribute("via root", "x.pubviaroot"),
        Attribute("generated columns", "x.pubgencols", since=18, before="n"),
        Attribute(
            "schemas",
            'ARRAY(SELECT n.pnnspid::regnamespace::text COLLATE "C" FROM pg_publication_namespace n '
            "WHERE n.pnpubid = x.oid ORDER BY 1)",
            since=15,
            before=[],
        ),
    ),
)

PUBLISHED_TABLE = Kind(
    name="published table",
    catalog="pg_publication_rel",
    source="pg_publication_rel x JOIN pg_publication p ON p.oid = x.prpubid "
    f"WHERE {s.scope('p.oid', 'pg_publication')}",
    path="x.prrelid::regclass::text || ' in ' || quote_ident(p.pubname)",
    parent="'publication ' || quote_ident(p.pubname)",
    impact=Impact.BEHAVIOUR,
    described=False,
    attributes=(
        Attribute("row filter", "pg_get_expr(x.prqual, x.prrelid)", since=15, deparsed=True, before=None),
        Attribute(
            "columns",
            "CASE WHEN x.prattrs IS NOT NULL THEN "
            "ARRAY(SELECT quote_ident(n.attname) FROM pg_attribute n WHERE n.attrelid = x.prrelid "
            'AND n.attnum = ANY (x.prattrs::int2[]) ORDER BY n.attname COLLATE "C") END',
            since=15,
            before=None,
        ),
    ),
)

SUBSCRIPTION = Kind(
    name="subscription",
    catalog="pg_subscription",
    source="pg_subscription x WHERE x.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
    path="quote_ident(x.subname)",
    impact=Impact.BEHAVIOUR,
    attributes=(
        Attribute("owner", s.role("x.subowner")),
        # a dump makes every subscription disabled: whether it runs is for its database's operator
        Attribute("enabled", "x.subenabled", dumped=False),
        Attribute("binary", "x.subbinary", Impact.PERFORMANCE),
        Attribute("streaming", "left(x.substream::text, 1)", Impact.PERFORMANCE),
        Attribute("two phase", "x.subtwophasestate <> 'd'", since=15, before=False),
        Attribute("disable on error", "x.subdisableonerr", since=15, before=False),
        Attribute("password required", "x.subpasswordrequired", since=16, before=True),
        Attribute("run as owner", "x.subrunasowner", since=16),
        Attribute("failover", "x.subfailover", since=17, before=False),
        Attribute("connection", "x.subconninfo", secret=True, needs="pg_subscription.subconninfo"),
        Attribute("slot", "x.subslotname"),
        Attribute("synchronous commit", "x.subsynccommit"),
        Attribute("publications", s.sorted_list("x.subpublications")),
        Attribute("origin", "x.suborigin", since=16, before="any"),
    ),
)

KINDS = (PUBLICATION, PUBLISHED_TABLE, SUBSCRIPTION)
