"""The paths inside of documents."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anonymizer import documents
from anonymizer.maskers import jsonpath


def test_paths_are_those_of_all_documents_together() -> None:
    """Texts and numbers; truth values and null name nobody. What is no document is left out."""
    found = documents.leaves(['{"a": {"b c": "x", "n": 1.5}, "l": [{"e": "y"}, "z"]}', '{"t": true, "e": null}', "{"])
    assert {path: (leaf.texts, leaf.numbers) for path, leaf in found.items()} == {
        "$.a.n": ([], ["1.5"]),
        "$.a['b c']": (["x"], []),
        "$.l[*].e": (["y"], []),
        "$.l[*]": (["z"], []),
    }


def test_a_key_that_is_a_value_stands_in_no_path() -> None:
    """Ids, addresses, days, control characters, and the keys of an object that has very many."""
    keys = ["17", "a@b.it", "2024-01-01", "8a6e0804-2bd0-4672-b79d-d97027f9071a", "\x1b[2J"]
    assert list(documents.leaves([f'{{"by": {{"{key}": "x"}}}}'.replace("\x1b", "\\u001b") for key in keys])) == [
        "$.by.*"
    ]
    many = "{" + ", ".join(f'"k{number}": 1' for number in range(60)) + "}"
    assert list(documents.leaves([many])) == ["$.*"]


def test_what_no_rule_names() -> None:
    """A path that ends at an object names everything in it; a key named anywhere is named everywhere."""
    texts = ['{"a": {"x": 1, "y": [2]}, "b": {"email": "e", "new": "n"}, "c": [{"d": "d"}]}']
    assert documents.unnamed(["$.a"], ["email"], texts) == ["$.b.new", "$.c[*].d"]
    assert documents.unnamed(["$.a", "$.b.*", "$.c"], [], texts) == []


@given(
    st.recursive(
        st.text() | st.integers() | st.booleans() | st.none(),
        lambda below: st.lists(below) | st.dictionaries(st.text(), below),
        max_leaves=12,
    )
)
def test_every_path_that_is_found_names_what_it_was_found_for(document: object) -> None:
    """Whatever the keys: a mask of all paths found leaves nothing unnamed."""
    import json

    text = json.dumps(document)
    paths = list(documents.leaves([text]))
    for path in paths:
        jsonpath.parse(path)
    assert documents.unnamed(paths, [], [text]) == []
