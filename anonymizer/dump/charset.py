"""The encoding that a dump is written in: its bytes to UTF-8, which is what a clone reads, and back.

PostgreSQL has its own tables of what a byte means, and Python has others. An encoding is here only if the two agree on
every character that both know (a test asks the server for all of them). Where only PostgreSQL knows one, or where two
byte sequences mean one character, the value is refused: it could not be written back as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from anonymizer.errors import AnonymizerError

_CODECS = {
    "LATIN1": "iso8859-1",
    "LATIN2": "iso8859-2",
    "LATIN3": "iso8859-3",
    "LATIN4": "iso8859-4",
    "LATIN5": "iso8859-9",
    "LATIN6": "iso8859-10",
    "LATIN7": "iso8859-13",
    "LATIN8": "iso8859-14",
    "LATIN9": "iso8859-15",
    "LATIN10": "iso8859-16",
    "ISO_8859_5": "iso8859-5",
    "ISO_8859_6": "iso8859-6",
    "ISO_8859_7": "iso8859-7",
    "ISO_8859_8": "iso8859-8",
    "KOI8R": "koi8_r",
    "KOI8U": "koi8_u",
    "WIN866": "cp866",
    "WIN874": "cp874",
    **{f"WIN{number}": f"cp{number}" for number in range(1250, 1259)},
    "EUC_CN": "gb2312",
    "EUC_JP": "euc_jp",
    "EUC_KR": "euc_kr",
}
_OTHERWISE = {
    # what Python reads as Unicode's own table of JIS X 0208 says, PostgreSQL reads as Microsoft's does
    "EUC_JP": {
        0x301C: 0xFF5E,
        0x2016: 0x2225,
        0x2212: 0xFF0D,
        0x00A2: 0xFFE0,
        0x00A3: 0xFFE1,
        0x00AC: 0xFFE2,
        0x00A6: 0xFFE4,
    },
}
_CLIENTS = {"SJIS", "SHIFT_JIS_2004", "BIG5", "GBK", "UHC", "GB18030", "JOHAB"}
"""Encodings of clients alone: ASCII's bytes may be parts of their characters, a backslash among them."""

_UTF8 = ("UTF8", "SQL_ASCII")


class NotInCharset(AnonymizerError):
    """a text is not in the dump's encoding"""


@dataclass(frozen=True)
class Charset:
    """An encoding by PostgreSQL's name. Without a codec the bytes are UTF-8, or are taken for it, as they are."""

    name: str = "UTF8"
    codec: str | None = None
    otherwise: Mapping[int, int] = field(default_factory=dict)

    def to_utf8(self, text: bytes) -> bytes:
        """The same text in UTF-8.

        Raises:
            NotInCharset: a byte of it means nothing, or would be another one on the way back.
        """
        if self.codec is None or text.isascii():
            return text
        try:
            found = text.decode(self.codec)
        except UnicodeDecodeError:
            raise self._no() from None
        if self.otherwise:
            found = found.translate(self.otherwise)
        made = found.encode()
        if len(found) != len(text) and self.from_utf8(made) != text:
            raise self._no()
        return made

    def from_utf8(self, text: bytes) -> bytes:
        """A text in UTF-8 as the dump writes it.

        Raises:
            NotInCharset: it has a character that the encoding lacks.
        """
        if self.codec is None or text.isascii():
            return text
        found = text.decode()
        if self.otherwise:
            found = found.translate({there: here for here, there in self.otherwise.items()})
        try:
            return found.encode(self.codec)
        except UnicodeEncodeError:
            raise self._no() from None

    def _no(self) -> NotInCharset:
        return NotInCharset(
            detail=f"A character is not in {self.name}, or not in both PostgreSQL's {self.name} and Python's.",
            hint=f"Dump again with --encoding=UTF8, and say --encoding {self.name} here.",
        )


def find(name: str) -> Charset | None:
    """The encoding of this name; None if its dumps cannot be read exactly."""
    plain = name.upper().replace("-", "")
    if plain in _UTF8:
        return Charset(plain)
    return Charset(plain, _CODECS[plain], _OTHERWISE.get(plain, {})) if plain in _CODECS else None


def why_not(name: str) -> str:
    """Why an encoding is none of these, as a sentence without its full stop."""
    if name.upper() in _CLIENTS:
        return "the dump is in an encoding of clients, in which a backslash may be half of a character"
    return "the dump is in an encoding that Python does not read as PostgreSQL writes it"


NAMES = (*_UTF8, *_CODECS)
"""What `find` knows."""
