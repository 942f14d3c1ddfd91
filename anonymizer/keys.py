"""The key: where it comes from, and the sub-keys made of it. Nothing here prints, logs or stores any of them.

Every use has a sub-key of its own, `HMAC-SHA256(key, label)`: two join domains share nothing, so equal values in
columns of different domains cannot be linked, and the key that signs says nothing about the keys that mask.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path

from anonymizer.errors import CloneRefused

VARIABLE = "UNDERSTUDY_KEY"
MINIMUM_BYTES = 32
_VERSION = b"understudy/1/"
"""Part of every label. It changes only if the masks ever change their output on purpose."""


class KeyMissing(CloneRefused):
    """the key is missing"""


class KeyTooShort(CloneRefused):
    """the key is too short"""


class Key:
    """The secret that all masks depend on. Its text form never shows it, so that no error or log can."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        """Takes the secret as it is.

        Raises:
            KeyTooShort: it has fewer than 32 bytes.
        """
        if len(secret) < MINIMUM_BYTES:
            raise KeyTooShort(
                detail=f"It has {len(secret)} bytes; {MINIMUM_BYTES} are needed, so that nobody can guess it.",
                hint="Make one with: openssl rand -hex 32",
            )
        self._secret = secret

    def subkey(self, label: str) -> bytes:
        """The 32 bytes for one use."""
        return hmac.new(self._secret, _VERSION + label.encode(), hashlib.sha256).digest()

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that tell two keys apart and say nothing about either."""
        return self.subkey("fingerprint").hex()[:16]

    def __repr__(self) -> str:
        return "Key(***)"


def load(key_file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Key:
    """The key from a file, or from UNDERSTUDY_KEY.

    Args:
        key_file: a file whose whole content, without white space around it, is the key.
        environ: where UNDERSTUDY_KEY is looked up when there is no file.

    Raises:
        KeyMissing: there is neither, or the file cannot be read.
        KeyTooShort: it has fewer than 32 bytes.
    """
    if key_file is not None:
        try:
            return Key(key_file.read_bytes().strip())
        except OSError as error:
            raise KeyMissing("the key file cannot be read", detail=f"{key_file}: {error.strerror}.") from None
    if not environ.get(VARIABLE):
        raise KeyMissing(
            detail=f"Neither {VARIABLE} nor --key-file gives one, and without a key a mask could be undone by trying.",
            hint=f"Make one with `openssl rand -hex 32`, keep it secret, and set {VARIABLE}.",
        )
    return Key(environ[VARIABLE].encode("utf-8", "surrogateescape").strip())
