"""Whether a dump is whole: what pg_dump begins it also ends, and what is cut off in between passes for nothing."""

from __future__ import annotations

from dataclasses import dataclass

from anonymizer.dump.errors import DumpRefused, EmptyDump
from anonymizer.dump.lexer import Kind
from anonymizer.dump.reader import Piece

_BEGINS = b"-- PostgreSQL database dump"
_ENDS = b"-- PostgreSQL database dump complete"
_CLUSTER = b"-- PostgreSQL database cluster dump"
_CUT = "The dump is cut off: take it again, and look at pg_dump's exit code."
_ONE = "Dump and filter one database at a time."


@dataclass
class Whole:
    """What a dump has said of its beginning and end so far.

    A dump may be several one behind the other (pg_dump --section). One without pg_dump's first line, as when somebody
    took the comments away, has no last line either, and nobody can tell.
    """

    ended: bool = False
    rows: bool = False
    _open: bool = False
    _restricted: bytes = b""
    _connected: bytes = b""
    _something: bool = False

    def piece(self, piece: Piece) -> None:
        """Take in what stands between statements.

        Raises:
            DumpRefused: it is not where pg_dump writes it, or pg_dump does not write it at all.
        """
        if piece.kind is Kind.COMMENT:
            self._comment(piece)
        elif piece.kind is Kind.BACKSLASH:
            self._command(piece)
        elif b"\r" in piece.text:
            raise DumpRefused(
                piece.line,
                "the lines end as Windows ends them, and the rows of COPY do so too",
                "Dump with --file instead of redirecting the output, or convert the file's line ends.",
            )

    def statement(self, line: int, *, rows: bool = False) -> None:
        """Take in that a statement stands here.

        Raises:
            DumpRefused: the dump has ended before it.
        """
        if self.ended:
            raise DumpRefused(line, "a statement stands behind the end of the dump")
        self._something = True
        self.rows |= rows

    def finish(self, line: int) -> None:
        """Take in that nothing follows.

        Raises:
            EmptyDump: nothing came before either.
            DumpRefused: the end is missing.
        """
        if self._open:
            raise DumpRefused(line, f"the dump ends without its last line ({_ENDS.decode()})", _CUT)
        if self._restricted:
            raise DumpRefused(line, r"the dump ends without the \unrestrict that belongs to its \restrict", _CUT)
        if not self._something and not self.ended:
            raise EmptyDump(
                detail="There is no statement in it.", hint="Look at what pg_dump said, and at its exit code."
            )

    def _comment(self, piece: Piece) -> None:
        if piece.text == _CLUSTER:
            raise DumpRefused(piece.line, "it is a dump of a whole cluster (pg_dumpall)", _ONE)
        if piece.text == _BEGINS:
            if self._open:
                raise DumpRefused(piece.line, "a dump begins inside of another", _CUT)
            self._open, self.ended = True, False
        elif piece.text == _ENDS:
            if not self._open:
                raise DumpRefused(piece.line, "the dump ends here and its first lines are missing", _CUT)
            self._open, self.ended = False, True

    def _command(self, piece: Piece) -> None:
        command, *arguments = piece.text.split()
        if command == b"\\restrict" and len(arguments) == 1 and not self._restricted:
            self._restricted = arguments[0]
        elif command == b"\\unrestrict" and arguments == [self._restricted]:
            self._restricted = b""
        elif command == b"\\connect":
            # pg_dump connects twice where the database has settings: they hold from then on
            if self._connected not in (b"", piece.text) or self.rows:
                raise DumpRefused(piece.line, "the dump is of several databases", _ONE)
            self._connected = piece.text
        else:
            raise DumpRefused(piece.line, "a backslash command stands in the dump that pg_dump does not write there")
