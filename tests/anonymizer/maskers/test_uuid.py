"""The mask `uuid`."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from anonymizer import maskers
from anonymizer.keys import Key
from anonymizer.maskers import Mask, Setting

Masked = Callable[..., list[str | None]]


KEY = Key(b"an example key of 32 bytes or so")


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["8a6e0804-2bd0-4672-b79d-d97027f9071a", "018f3c2e-7b1a-7c3d-9f00-0123456789ab"]
    expected = ["c752eb45-cfce-4a42-9330-d408fb18ea96", "7fd9f8b3-8d39-73ff-9309-553c47276569"]
    assert masked("uuid", values, kind="uuid") == expected


@given(st.lists(st.one_of(st.uuids(version=version) for version in (1, 4, 5)), unique=True))
def test_it_is_a_bijection_that_keeps_version_and_variant(found: list[uuid.UUID]) -> None:
    """Different ones stay different, and are of the same version and variant."""
    masker = maskers.build(Mask("uuid"), Setting(KEY, kind="uuid"))
    assert masker is not None
    values = pl.Series([str(one) for one in found], dtype=pl.String)
    out = [uuid.UUID(text) for text in maskers.apply(masker, values)]
    assert len(set(out)) == len(found)
    assert [(one.version, one.variant) for one in out] == [(one.version, one.variant) for one in found]


def test_every_way_of_writing_is_the_same_one(masked: Masked) -> None:
    """A text column still joins a uuid column by a cast, and two ways of writing in a unique column stay two."""
    forms = ["8a6e0804-2bd0-4672-b79d-d97027f9071a", "8A6E08042BD04672B79DD97027F9071A"]
    forms += ["{" + forms[0] + "}", "8a6e-0804-2bd0-4672-b79d-d970-27f9-071a"]
    out = list(map(str, masked("uuid", forms)))
    assert len({uuid.UUID(text.replace("-", "")) for text in out}) == 1
    assert [len(text) for text in out] == [len(text) for text in forms]
    assert len({text.lower() for text in out}) == 4
    assert out[1].isupper()


@given(st.lists(st.one_of(st.uuids().map(str), st.text("0123456789abcdefABCDEF-{}", max_size=40)), unique=True))
def test_texts_never_meet(values: list[str]) -> None:
    """Whatever stands in a text column: different values stay different."""
    masker = maskers.build(Mask("uuid"), Setting(KEY))
    assert masker is not None
    assert len(set(maskers.apply(masker, pl.Series(values, dtype=pl.String)))) == len(values)
