"""The attestation: the signed record of a clone. What was copied, by which policy, which checks passed.

It is a JSON document with a signature over its canonical form (Ed25519, RFC 8032). The signing key is derived from the
clone's key, so whoever can sign can clone. The public key stands in the document: keep its fingerprint where
attestations are checked.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from anonymizer.catalog import Table
from anonymizer.errors import AnonymizerError, CloneRefused
from anonymizer.keys import Key

FORMAT = "understudy-attestation/1"


class AttestationInvalid(AnonymizerError):
    """the attestation is not valid"""

    exit_code = 3


def sign(record: dict[str, Any], key: Key) -> dict[str, Any]:
    """The record with its format, the public key and the signature."""
    private = Ed25519PrivateKey.from_private_bytes(key.subkey("attestation"))
    document = {"format": FORMAT, **record, "public_key": public_key(key)}
    return {**document, "signature": base64.b64encode(private.sign(_canonical(document))).decode()}


def public_key(key: Key) -> str:
    """The public key, base64, of what is signed with a key."""
    private = Ed25519PrivateKey.from_private_bytes(key.subkey("attestation"))
    return base64.b64encode(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def schema_digest(tables: Sequence[Table]) -> str:
    """SHA-256 over every table's columns and types: what the policy was laid over."""
    lines = [
        f"{table.name}\t{column.name}\t{column.type}\t{column.not_null}"
        for table in sorted(tables, key=lambda table: table.name)
        for column in table.columns
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def check(document: dict[str, Any], public_key: str | None = None) -> None:
    """Check a document's signature.

    Args:
        document: as `sign` returned it.
        public_key: the one it must be signed with, base64; any, when None.

    Raises:
        AttestationInvalid: it was changed, or somebody else signed it.
    """
    body = {name: value for name, value in document.items() if name != "signature"}
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(document["public_key"], validate=True))
        public.verify(base64.b64decode(document["signature"], validate=True), _canonical(body))
    except (KeyError, ValueError, TypeError, InvalidSignature):
        raise AttestationInvalid(
            detail="The signature does not fit the document: it was changed after it was signed.",
            hint="Clone again; a clone whose record is not whole proves nothing.",
        ) from None
    if document.get("format") != FORMAT:
        raise AttestationInvalid(detail=f"Its format is {document.get('format')!r}, and this program reads {FORMAT!r}.")
    if public_key is not None and document["public_key"] != public_key:
        raise AttestationInvalid(detail="It is signed with another key than the one expected.")


class AttestationUnwritable(CloneRefused):
    """the attestation cannot be written"""


def prepare(path: Path) -> None:
    """Make sure, before anything is touched, that an attestation can be written to a file.

    Raises:
        AttestationUnwritable: its folder cannot be made or written to.
    """
    aside = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.touch()
        aside.unlink()
    except OSError as error:
        raise AttestationUnwritable(
            detail=f"{path}: {error.strerror}. A clone without its record proves nothing.",
            hint="Name another file with --attestation.",
        ) from None


def write(document: dict[str, Any], path: Path) -> None:
    """Write a document to a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".new")
    aside.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    aside.replace(path)


def read(path: Path) -> dict[str, Any]:
    """A document from its file, not yet checked.

    Raises:
        AttestationInvalid: it cannot be read or is no JSON.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AttestationInvalid("the attestation cannot be read", detail=f"{path}: {error}.") from None
    if not isinstance(document, dict):
        raise AttestationInvalid(detail=f"{path} does not hold a JSON object.")
    return document


def _canonical(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
