"""The attestation: signed, and of no use once changed."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizer import attestation
from anonymizer.attestation import AttestationInvalid, AttestationUnwritable
from anonymizer.keys import Key

KEY = Key(b"attestation-canary-0123456789abcdef")
RECORD = {"source": "prod", "tables": [{"table": 'public."Ö"', "rows": 3}], "left_out": []}


def test_what_was_signed_is_valid_also_through_a_file(tmp_path: Path) -> None:
    """Written whole, read back, checked; the key is not in it."""
    path = tmp_path / "deep" / "er" / "record.json"
    document = attestation.sign(RECORD, KEY)
    attestation.write(document, path)
    read = attestation.read(path)
    assert read == document
    attestation.check(read, document["public_key"])
    assert "canary" not in path.read_text()
    assert [file.name for file in path.parent.iterdir()] == ["record.json"]


paths = st.sampled_from([("source",), ("tables", 0, "rows"), ("public_key",), ("format",), ("left_out",)])


@given(paths, st.one_of(st.integers(), st.text(), st.none(), st.lists(st.integers(), max_size=1)))
def test_any_change_is_seen(path: tuple[Any, ...], value: object) -> None:
    """Of any field, to anything."""
    document = json.loads(json.dumps(attestation.sign(RECORD, KEY)))
    holder = document
    for step in path[:-1]:
        holder = holder[step]
    if holder[path[-1]] == value and type(holder[path[-1]]) is type(value):
        return
    holder[path[-1]] = value
    with pytest.raises(AttestationInvalid):
        attestation.check(document)


def test_a_field_more_or_less_is_seen() -> None:
    """Also the signature itself."""
    document = attestation.sign(RECORD, KEY)
    for changed in ({**document, "more": 1}, {k: v for k, v in document.items() if k != "left_out"}, {}):
        with pytest.raises(AttestationInvalid):
            attestation.check(changed)
    for broken in ("", "not base64!", 7, base64.b64encode(bytes(64)).decode()):
        with pytest.raises(AttestationInvalid):
            attestation.check({**document, "signature": broken})


def test_who_else_signs_is_not_who_was_expected() -> None:
    """A valid signature by another key is no proof, once the fingerprint is kept elsewhere."""
    ours, theirs = attestation.sign(RECORD, KEY), attestation.sign(RECORD, Key(bytes(32)))
    attestation.check(theirs)
    with pytest.raises(AttestationInvalid, match="not valid") as raised:
        attestation.check(theirs, ours["public_key"])
    assert raised.value.exit_code == 3


def test_what_is_no_attestation_is_said_to_be_none(tmp_path: Path) -> None:
    """A missing file, no JSON, no object."""
    (tmp_path / "text").write_text("{")
    (tmp_path / "list").write_text("[]")
    for name in ("missing", "text", "list"):
        with pytest.raises(AttestationInvalid):
            attestation.read(tmp_path / name)


def test_a_place_that_cannot_be_written_to_is_known_beforehand(tmp_path: Path) -> None:
    """A file where a folder should be: refused, before a clone touches anything. A good place stays empty."""
    (tmp_path / "file").write_text("")
    with pytest.raises(AttestationUnwritable) as raised:
        attestation.prepare(tmp_path / "file" / "record.json")
    assert raised.value.exit_code == 4
    attestation.prepare(tmp_path / "good" / "record.json")
    assert not list((tmp_path / "good").iterdir())
