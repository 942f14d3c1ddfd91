"""Does a clone fit its attestation? The signature first, then what it says against what is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from anonymizer import attestation, catalog, servererrors
from anonymizer.attestation import AttestationInvalid
from anonymizer.endpoint import Endpoint
from anonymizer.keys import Key
from anonymizer.policy import Policy
from anonymizer.verify.model import Verification


def read(path: Path, key: Key | None) -> dict[str, Any]:
    """An attestation whose signature holds.

    Args:
        path: its file.
        key: the key of the clone: it must be signed by it. Without one the signature says that nothing was changed,
            and not who signed.

    Raises:
        AttestationInvalid: it cannot be read, was changed after it was signed, or somebody else signed it.
    """
    document = attestation.read(path)
    attestation.check(document, attestation.public_key(key) if key else None)
    return document


def misfits(document: dict[str, Any], found: Verification, clone: Endpoint, policy: Policy) -> list[str]:
    """What an attestation says and the clone is not.

    Raises:
        AttestationInvalid: it does not say what an attestation says.
    """
    try:
        with clone.connect() as connection:
            tables = [table for table in catalog.tables(connection) if not table.foreign and not table.partitioned]
    except psycopg.Error as error:
        raise servererrors.from_server(error, f"Reading the catalog of {clone.label}") from None
    try:
        said = {str(entry["table"]): int(entry["rows"]) for entry in document["tables"]}
        digests = document["policy_sha256"], document["schema_sha256"]
    except (KeyError, TypeError, ValueError):
        raise AttestationInvalid(detail="It lacks the tables or the digests that an attestation has.") from None
    return list(_misfits(said, digests, {str(t.table): t.rows for t in found.tables}, policy.digest, tables))


def _misfits(
    said: dict[str, int], digests: tuple[Any, Any], rows: dict[str, int], policy: str, tables: list[catalog.Table]
) -> Iterator[str]:
    if digests[0] != policy:
        yield "the attestation is of another policy"
    if digests[1] != attestation.schema_digest(tables):
        yield "the attestation is of another schema"
    for table in sorted(set(said) | set(rows)):
        if table not in rows:
            yield f"{table}: the attestation names it, and the clone lacks it"
        elif table not in said:
            yield f"{table}: the attestation does not name it"
        elif said[table] != rows[table]:
            yield f"{table}: {rows[table]} rows, and the attestation says {said[table]}"
