"""JSON is masked without opening each document, and the result is what opening each would give."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer.keys import Key
from anonymizer.maskers import Mask, Setting, build, jsonspans
from anonymizer.maskers.json import Json

OPTIONS = {
    "paths": {"$.a": "keep", "$.b[*].email": "email", "$.n": "null", "$.x.y": {"mask": "fpe"}, "$.c[1]": "name"},
    "keys": {"phone": "phone"},
    "others": "text",
}
KEYS = st.sampled_from(["a", "b", "c", "n", "x", "y", "email", "phone", "è", "", "a:b", "{"])
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.sampled_from(["", " :x", "true", "-1", "a, b", "{}", ": ", "e", "1e5"]),
)
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)


def mask(options: dict[str, Any] | None = None) -> Json:
    """The mask, in a column of the type jsonb."""
    made = build(Mask("json", options or OPTIONS), Setting(Key(b"k" * 32), kind="json"))
    assert isinstance(made, Json)
    return made


def exact(text: str | None) -> object:
    """A document with its numbers as they are written."""
    return json.loads(str(text), parse_float=lambda digits: ("number", digits), parse_int=lambda d: ("number", d))


def written(document: object, compact: bool) -> str:
    """As jsonb writes it, or without white space."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":") if compact else (", ", ": "))


@given(st.lists(DOCUMENTS, max_size=8), st.booleans())
def test_it_gives_what_opening_each_document_gives(documents: list[object], compact: bool) -> None:
    """The same texts and numbers in the same places, whatever the documents beside it."""
    values = pl.Series([written(document, compact) for document in documents], dtype=pl.String)
    masker = mask()
    quick, opened = masker.mask(values), masker._opened(values)
    assert [exact(text) for text in quick] == [exact(text) for text in opened]
    assert quick.to_list() == [masker.mask(pl.Series([value])).item() for value in values]


@given(st.lists(DOCUMENTS, max_size=8))
def test_what_is_kept_stays_byte_for_byte(documents: list[object]) -> None:
    """White space and the digits of numbers too, wherever a document need not be opened."""
    values = pl.Series([written(document, compact=False) for document in documents], dtype=pl.String)
    values = values.filter(jsonspans.plain(values))
    assert mask({"others": "keep"}).mask(values).to_list() == values.to_list()


@given(st.lists(DOCUMENTS, max_size=8))
def test_verification_sees_every_masked_part(documents: list[object]) -> None:
    """The same parts, by mask, that opening each document finds."""
    values = pl.Series([written(document, compact=False) for document in documents], dtype=pl.String)
    masker = mask()
    parts = [sorted(found.to_list()) for _, found in masker.groups(values)]
    batch = masker._batch()
    batch.read(values)
    opened = [sorted(text for *_, text in places) for n, places in enumerate(batch.places) if masker._masks[n]]
    assert parts == [*opened, []]


@pytest.mark.parametrize(
    "document",
    [
        '{"a": 1, "a": 2, "b": 3, "b": 4}',
        '{"c": true, "b": "x1", "c": "y2"}',
        '{"email" : "m@acme.it", "a"\t: "kept"}',
        '{"c": "say \\"hi\\" \\u00e8"}',
        '  [ 1.50 , -0.0e+10,1E5,"" ]  ',
        "12345678901234567890.10",
    ],
)
def test_a_key_twice_a_blank_before_a_colon_an_escape(document: str) -> None:
    """A json column keeps what jsonb would not have: nothing of it survives, nothing that is kept changes."""
    masked = mask({"paths": {"$.a": "keep"}, "others": {"mask": "constant", "value": "#"}}).mask(pl.Series([document]))
    leaves = [part for part in ("x1", "y2", "m@acme.it", "hi", "1.50", "3", "4") if part in masked.item()]
    assert leaves == []
    json.loads(masked.item())
    for kept in ('"a": 1, "a": 2', '"kept"'):
        assert (kept in document) == (kept in masked.item())


def test_documents_beyond_memory_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skeletons are remembered up to a limit; forgetting changes nothing."""
    monkeypatch.setattr("anonymizer.maskers.jsonspans._KNOWN", 2)
    masker = mask({"others": "text"})
    for number in range(5):
        document = json.dumps({f"key{n}": "Maria" for n in range(number + 1)})
        assert "Maria" not in masker.mask(pl.Series([document, document])).to_list()[0]
