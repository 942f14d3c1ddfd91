"""The stream of a dump: statements, psql's commands, COPY rows, INSERT rows; memory for a block, whatever the dump."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import IO

import numpy as np

from anonymizer.dump import lexer
from anonymizer.dump.charset import Charset, NotInCharset
from anonymizer.dump.errors import DumpRefused
from anonymizer.dump.lexer import Kind, Token

BLOCK_BYTES = 4 * 2**20
"""How much is read and masked at once, as a clone does."""

LONGEST = 2**26
"""The longest row that is masked, and the longest statement: masks take ten to twenty times as much memory."""


@dataclass(frozen=True)
class Piece:
    """What stands between statements: white space, a comment, or a backslash command of psql."""

    kind: Kind
    text: bytes
    line: int


@dataclass(frozen=True)
class Statement:
    """A statement with its semicolon; of an INSERT only what stands before its rows.

    Attributes:
        tokens: all of it but the semicolon, without blanks and comments, in UTF-8.
        text: as it is to be written: a comment in the middle became a blank.
        line: where it begins, counted from 1.
    """

    tokens: tuple[Token, ...]
    text: bytes
    line: int

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The tokens with keywords in capitals, to be compared."""
        return tuple(token.word for token in self.tokens)

    def begins(self, *words: str) -> bool:
        """Whether these are its first words."""
        return self.words[: len(words)] == words


@dataclass(frozen=True)
class Rows:
    """Some rows of INSERT: what the groups of a pattern find in each, and their text."""

    found: list[tuple[bytes, ...]]
    text: bytes


Item = Piece | Statement


def lines(text: bytes) -> int:
    """How many lines end in a text; numpy counts three times as fast as bytes do."""
    if len(text) < _SHORT:
        return text.count(b"\n")
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == _NEWLINE))


_SHORT = 4096
_NEWLINE = 10


class Reader:
    """Reads a dump from its beginning to its end."""

    def __init__(self, stream: IO[bytes], block: int = BLOCK_BYTES) -> None:
        """Takes a stream of bytes and how much to read of it at once."""
        self._stream = stream
        self._block = block
        self._data = b""
        self._at = 0
        self._ended = False
        self.line = 1
        self.read = 0
        self.standard_strings = True
        self.charset = Charset()
        self.tail = b""
        self._insert = Statement((), b"", 0)

    def __iter__(self) -> Iterator[Item]:
        """The items in order. Whoever is handed a COPY or an INSERT takes its rows before the next item."""
        while self._at < len(self._data) or self._more():
            yield self._item()

    def _more(self) -> bool:
        """Read on; doubles what is held, so that a long token is not looked at over and over."""
        held = len(self._data) - self._at
        if held >= LONGEST:
            raise DumpRefused(
                self.line,
                f"a statement, or a row that is to be masked, is longer than {LONGEST // 2**20} MiB",
                "Keep the table's columns in the policy, or drop its rows; of --inserts dump again without them.",
            )
        block = self._stream.read(min(max(self._block, held), max(self._block, LONGEST - held)))
        self.read += len(block)
        self._ended = not block
        self._data = self._data[self._at :] + block if held else block
        self._at = 0
        return bool(block)

    def _take(self, end: int) -> bytes:
        piece = self._data[self._at : end]
        self._at = end
        self.line += lines(piece)
        return piece

    def _token(self, at: int) -> tuple[Token, int] | None:
        try:
            return lexer.next_token(self._data, at, final=self._ended, standard_strings=self.standard_strings)
        except lexer.Unterminated:
            raise DumpRefused(self.line, "the dump ends inside a quote or a comment", _CUT) from None

    def _item(self) -> Item:
        if self._again():
            return self._insert
        while (first := self._token(self._at)) is None:
            self._more()
        token, end = first
        if token.kind in (Kind.BLANK, Kind.COMMENT, Kind.BACKSLASH):
            line = self.line
            return Piece(token.kind, self._take(end), line)
        while (statement := self._statement()) is None:
            self._more()
        return statement

    def _statement(self) -> Statement | None:
        """The statement that begins here; None if more must be read first."""
        scan = _Scan()
        at = self._at
        while not scan.ended:
            if at >= len(self._data) and self._ended:
                raise DumpRefused(self.line, "the dump ends inside a statement", _CUT)
            following = self._token(at) if at < len(self._data) else None
            if following is None:
                return None
            token, at = following
            if token.kind is Kind.BACKSLASH:
                raise DumpRefused(self.line, "a backslash command stands inside a statement")
            scan.see(token)
        statement = Statement(self._in_utf8(scan.found), b"".join(scan.written), self.line)
        self._take(at)
        if scan.rows_follow:
            self._insert = statement
        return statement

    def _in_utf8(self, tokens: list[Token]) -> tuple[Token, ...]:
        try:
            return tuple(Token(token.kind, self.charset.to_utf8(token.text)) for token in tokens)
        except NotInCharset as error:
            raise DumpRefused(self.line, f"{error.message}: {error.detail}".rstrip("."), error.hint) from None

    def _again(self) -> bool:
        """Whether the last INSERT stands here once more, up to its rows: most dumps have one for each row."""
        text = self._insert.text
        end = self._at + len(text)
        if not text or not self._data.startswith(text, self._at) or self._data[end : end + 1] not in (b" ", b"\n"):
            return False
        self._take(end)
        return True

    def copy_rows(self, *, whole: bool = True) -> Iterator[bytes]:
        r"""The rows of the COPY that was just read, in blocks; the line `\.` behind them is consumed, not handed out.

        Args:
            whole: whether a block ends behind a row. If not, even a row of a gigabyte goes by in pieces.

        Raises:
            DumpRefused: the dump ends before the rows do.
        """
        if self._at >= len(self._data):
            self._more()
        if self._data[self._at : self._at + 1] != b"\n":
            raise DumpRefused(self.line, "rows of COPY do not begin on the next line")
        self._take(self._at + 1)
        begins = True
        while True:
            end, ended = self._end_of_rows(begins, whole)
            if end > self._at:
                begins = self._data[end - 1 : end] == b"\n"
                yield self._take(end)
            if ended:
                self._take(end + len(_MARK))
                return
            if not self._more():
                raise DumpRefused(self.line, "the dump ends inside the rows of COPY", _CUT)

    def _end_of_rows(self, begins: bool, whole: bool) -> tuple[int, bool]:
        r"""Up to where there are rows, or pieces of them, and whether the line `\.` follows.

        Args:
            begins: whether what is held begins a line.
            whole: whether only whole rows count.
        """
        data, at = self._data, self._at
        if begins and data.startswith(_MARK[:2], at):
            found = at
        elif mark := _BEGIN_OF_MARK.search(data, at):
            found = mark.start() + 1
        else:
            return (data.rfind(b"\n", at) + 1 if whole else len(data) - len(_MARK)), False
        if data.startswith(_MARK, found):
            return found, True
        if len(data) - found < len(_MARK) and not self._ended:
            return found, False
        # in a value the dot would have two backslashes before it
        raise DumpRefused(
            self.line + lines(data[at:found]), r"a row of COPY begins with \. and is not the end of the rows"
        )

    def insert_rows(self, row: re.Pattern[bytes]) -> Iterator[Rows]:
        """The rows of the INSERT that was just read and of those behind it that begin alike, in blocks.

        What stands behind them is `tail` afterwards.

        Args:
            row: matches one row from where the one before it ended, whatever stands between them included.

        Raises:
            DumpRefused: a row is not what the pattern says.
        """
        while True:
            found, end_of_last = [], 0
            # each begins where the one before it ended: typeshed does not know a pattern's scanner
            match = row.scanner(self._data, self._at).match  # type: ignore[attr-defined]
            while one := match():
                found.append(one.groups())
                end_of_last = one.end()
            if found:
                yield Rows(found, self._take(end_of_last))
            if end := _END_OF_INSERT.match(self._data, self._at):
                self.tail = self._take(end.end())
                return
            if self._has_whole_row():
                raise DumpRefused(self.line, "a row of INSERT does not hold its table's literals alone", _INSERT)
            if self._ended:
                raise DumpRefused(self.line, "the dump ends inside an INSERT", _CUT)
            self._more()

    def _has_whole_row(self) -> bool:
        """Whether what is held reaches to the end of the row that begins here."""
        at, parentheses = self._at, 0
        while at < len(self._data):
            following = self._token(at)
            if following is None:
                return False
            token, at = following
            if token.kind is Kind.OTHER:
                parentheses += (token.text == b"(") - (token.text == b")")
                if token.text in (b")", b";") and parentheses <= 0:
                    return True
        return False


_CUT = "The dump is cut off: take it again, and look at pg_dump's exit code."
_INSERT = "Dump again without --inserts, or with --column-inserts."
_MARK = b"\\.\n"
_BEGIN_OF_MARK = re.compile(rb"\n\\\.")
_END_OF_INSERT = re.compile(rb"[ \t\n]*(?:ON CONFLICT DO NOTHING)?;")


class _Scan:
    """The tokens of one statement, up to its semicolon or to what stands before the rows of an INSERT."""

    def __init__(self) -> None:
        self.found: list[Token] = []
        self.written: list[bytes] = []
        self.ended = False
        self.rows_follow = False
        self._parentheses = 0
        self._body = 0

    def see(self, token: Token) -> None:
        self.written.append(b" " if token.kind is Kind.COMMENT else token.text)
        if token.kind in (Kind.BLANK, Kind.COMMENT):
            return
        outside = self._parentheses <= 0 and self._body == 0
        if token.kind is Kind.OTHER:
            self._parentheses += (token.text == b"(") - (token.text == b")")
            self.ended = outside and token.text == b";"
        if not self.ended:
            self.found.append(token)
        if token.kind is Kind.WORD and self._parentheses <= 0:
            self._body = _body(self.found, self._body)
            self.rows_follow = outside and token.word == "VALUES" and self.found[0].word == "INSERT"
            self.ended = self.rows_follow


def _body(found: list[Token], depth: int) -> int:
    """How deep we are in BEGIN ATOMIC ... END, where a semicolon ends no statement of ours; CASE has an END too."""
    word = found[-1].word
    if word not in ("ATOMIC", "CASE", "END"):
        return depth
    before = found[-2].word if len(found) > 1 else ""
    if word == "ATOMIC":
        return 1 if depth == 0 and before == "BEGIN" and _defines_routine(found) else depth
    if depth == 0 or before in ("AS", "."):  # a name, not the keyword
        return depth
    return depth + (1 if word == "CASE" else -1)


def _defines_routine(found: list[Token]) -> bool:
    words = [token.word for token in found[:4]]
    if words[1:3] == ["OR", "REPLACE"]:
        del words[1:3]
    return words[0] == "CREATE" and words[1] in ("FUNCTION", "PROCEDURE")
