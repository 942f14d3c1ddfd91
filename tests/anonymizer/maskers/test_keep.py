"""The mask `keep`."""

from __future__ import annotations

import pytest

from anonymizer import maskers
from anonymizer.endpoint import Endpoint
from anonymizer.errors import PolicyError
from anonymizer.keys import Key
from anonymizer.maskers import Mask
from anonymizer.pipeline import Transform
from anonymizer.plan import ColumnPlan
from anonymizer.workers import Context

NOWHERE = Endpoint("", "nowhere")


def test_every_byte_beside_a_masked_column_stays() -> None:
    """Escapes, NULL, the empty string and the word that ends COPY, as they came."""
    columns = (ColumnPlan("a", Mask("keep")), ColumnPlan("b", Mask("email")), ColumnPlan("c", Mask("keep")))
    kept = [rb"\\N", rb"\N", b"", rb"a\tb\\.", "\u1e9e\U0001f468".encode(), b" x "]
    block = b"".join(one + b"\tme@corp.test\t" + one + b"\n" for one in kept)
    context = Context(NOWHERE, NOWHERE, Key(bytes(32)), "", "en_US", "utf-8")
    masked = Transform(columns, context).block(block)
    before, after = ([line.split(b"\t") for line in some.split(b"\n")[:-1]] for some in (block, masked))
    assert [(a, c) for a, _, c in before] == [(a, c) for a, _, c in after]
    assert all(b"corp" not in b for _, b, _ in after)


def test_it_has_no_options() -> None:
    """Nothing could be said of nothing."""
    for options in ({"domain": "x"}, {"unique": True}):
        with pytest.raises(PolicyError, match="keep has no options"):
            maskers.check(Mask("keep", options), "en_US")
