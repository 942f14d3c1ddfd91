"""The mask `xml`."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree

Masked = Callable[..., list[str | None]]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ['<p id="77"><name>Maria Rossi</name><city>Roma</city></p>']
    expected = ['<p id="23"><name>Monide Gavarria</name><city>Nrvf</city></p>']
    assert (
        masked(
            "xml",
            values,
            {"elements": {"name": "name"}, "others": "text"},
            kind="xml",
        )
        == expected
    )


DOCUMENT = """<?xml version="1.0"?><!-- by Maria --><p xmlns="urn:x" id="77" by='Maria &amp; co'>
  <name first="Maria">Rossi</name><![CDATA[<b>Maria</b>]]> &#77;aria &unknown; <br/></p>"""


def test_only_the_structure_survives(masked: Masked) -> None:
    """Text, attributes, CDATA, comments and character references: no name is left, and it is still the same tree."""
    (out,) = masked("xml", [DOCUMENT], {"elements": {"name": "last_name", "@id": "keep"}, "others": "text"}, kind="xml")
    assert "Maria" not in str(out)
    assert "Rossi" not in str(out)
    root = ElementTree.fromstring(str(out))  # noqa: S314 - our own output
    assert [element.tag for element in root.iter()] == ["{urn:x}p", "{urn:x}name", "{urn:x}br"]
    assert root.attrib["id"] == "77"


def test_what_is_no_xml_is_masked_as_text(masked: Masked) -> None:
    """In a text column nothing passes because it is malformed."""
    (out,) = masked("xml", ["Maria < 5 <name"], {"others": "text"})
    assert "Maria" not in str(out)
