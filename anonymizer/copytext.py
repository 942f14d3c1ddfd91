r"""COPY text format <-> columns of strings. Pure: no connection, no policy.

The format (PostgreSQL, "COPY", text format): a row is a line, fields are separated by tabs, NULL is `\N`, and a
backslash, a tab, a newline and a few other control characters inside a value are written as backslash sequences.
So a raw newline or tab is always a separator, and a block of bytes may be cut after any newline.

A frame holds the fields as they stand in the text, still escaped: a column nobody masks goes out as it came in, byte
for byte. Only a column that is masked is unescaped before and escaped after.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from anonymizer.errors import AnonymizerError

NULL = "\\N"
_BOM = b"\xef\xbb\xbf"

# COPY TO writes exactly these sequences (CopyAttributeOutText). NUL cannot occur in PostgreSQL's text, so it can
# stand for a backslash while the other sequences are replaced.
_SEQUENCES = (("\\b", "\b"), ("\\f", "\f"), ("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t"), ("\\v", "\v"))


class CopyTextError(AnonymizerError):
    """the source's data cannot be read"""


def parse(block: bytes, columns: Sequence[str]) -> pl.DataFrame:
    """The fields of whole rows.

    Args:
        block: zero or more rows, each ended by a newline.
        columns: the names to give the fields, at least one.

    Returns:
        A frame of strings, still escaped, null where the field is NULL.

    Raises:
        CopyTextError: the bytes are not UTF-8, or a row has another number of fields. No value is repeated.
    """
    if not block:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    if len(columns) == 1:
        return _parse_single(block, columns[0])
    if _count(block, b"\t") != rows(block) * (len(columns) - 1):
        raise CopyTextError(detail=f"A row does not have the expected {len(columns)} fields.")
    if block.startswith(_BOM):
        # Polars takes one away as if it began a file; here it begins a value.
        block = _BOM + block
    try:
        return pl.read_csv(
            block,
            separator="\t",
            has_header=False,
            quote_char=None,
            null_values=[NULL],
            empty_string_is_null=False,
            schema=dict.fromkeys(columns, pl.String),
            extra_columns="raise",
            missing_columns="raise",
        )
    except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
        raise not_text() from None


def rows(block: bytes) -> int:
    """How many rows end in a block."""
    return _count(block, b"\n")


def _count(block: bytes, byte: bytes) -> int:
    # bytes.count stops at each of them
    return int(np.count_nonzero(np.frombuffer(block, dtype=np.uint8) == byte[0]))


def _parse_single(block: bytes, column: str) -> pl.DataFrame:
    """Rows of one column. Polars drops blank lines, and here a blank line is a row with an empty string."""
    try:
        fields = block.decode().split("\n")
    except UnicodeDecodeError:
        raise not_text() from None
    fields.pop()
    return pl.DataFrame({column: [None if field == NULL else field for field in fields]}, schema={column: pl.String})


def not_text() -> CopyTextError:
    """The error for bytes that are not text in the encoding the source claims."""
    return CopyTextError(
        detail="A value is not valid UTF-8, so its text cannot be masked; the source's encoding is probably SQL_ASCII.",
        hint="Convert the source to UTF8, or keep the table whole or drop its rows in the policy.",
    )


def serialize(frame: pl.DataFrame) -> bytes:
    """The rows of a frame of escaped strings, as COPY reads them. The inverse of `parse`."""
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False, separator="\t", quote_style="never", null_value=NULL)
    return buffer.getvalue()


def unescape(values: pl.Series) -> pl.Series:
    """Values as PostgreSQL holds them, from fields as COPY writes them. Null stays null."""
    return _where(values, values.str.contains("\\", literal=True), _unescape)


def escape(values: pl.Series) -> pl.Series:
    """Fields as COPY writes them, from values as PostgreSQL holds them. The inverse of `unescape`."""
    return _where(values, values.str.contains(r"[\\\x08\f\n\r\t\v]"), _escape)


def _where(values: pl.Series, found: pl.Series, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Values with those changed that were found: they are few, and each change looks at all it is given."""
    at = found.fill_null(False).arg_true()
    return values.clone().scatter(at, change(values.gather(at))) if len(at) else values


def _unescape(values: pl.Series) -> pl.Series:
    values = values.str.replace_all("\\\\", "\0", literal=True)
    for sequence, character in _SEQUENCES:
        if values.str.contains(sequence, literal=True).any():
            values = values.str.replace_all(sequence, character, literal=True)
    return values.str.replace_all("\0", "\\", literal=True)


def _escape(values: pl.Series) -> pl.Series:
    values = values.str.replace_all("\\", "\\\\", literal=True)
    for sequence, character in _SEQUENCES:
        if values.str.contains(character, literal=True).any():
            values = values.str.replace_all(character, sequence, literal=True)
    return values
