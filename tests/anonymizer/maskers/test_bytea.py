"""The mask `bytea`."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import pytest

from anonymizer.errors import PolicyError

Masked = Callable[..., list[str | None]]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["\\x4d61726961", "\\x"]
    expected = ["\\xffe2c807c6", "\\x"]
    assert masked("bytea", values, kind="bytea") == expected


def test_as_the_policy_says(masked: Masked) -> None:
    """Nothing, or a picture that a browser can show."""
    assert masked("bytea", ["\\x00ff"], {"as": "empty"}, kind="bytea") == ["\\x"]
    (out,) = masked("bytea", ["\\x00ff"], {"as": "png"}, kind="bytea")
    data = bytes.fromhex(str(out)[2:])
    assert data.startswith(b"\x89PNG")
    at = 8
    while at < len(data):  # each chunk ends in the CRC-32 of its type and content
        (size,) = struct.unpack(">I", data[at : at + 4])
        (crc,) = struct.unpack(">I", data[at + 8 + size : at + 12 + size])
        assert zlib.crc32(data[at + 4 : at + 8 + size]) == crc
        at += 12 + size
    with pytest.raises(PolicyError, match="random, empty or png"):
        masked("bytea", [], {"as": "jpeg"}, kind="bytea")


def test_the_length_is_kept(masked: Masked) -> None:
    """And equal values stay equal."""
    out = masked("bytea", ["\\x" + "ab" * 100, "\\x" + "ab" * 100], kind="bytea")
    assert out[0] == out[1]
    assert len(str(out[0])) == 202
