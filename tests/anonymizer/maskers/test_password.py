"""The mask `password`."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

from anonymizer.maskers import password

Masked = Callable[..., list[str | None]]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["$2b$12$abcdefghijklmnopqrstuuJ5d9XhV0nW8mQyqkq3o5o1n7p9r2t4v6", "5f4dcc3b5aa765d61d8327deb882cf99"]
    expected = ["$2b$10$understudyunderstudyuuhqfSoIiS1l3bjpH.rpUrhRO9JzPRN9a", "6ef94e6028dcf1ebaa45a2e89f86ee6a"]
    assert masked("password", values) == expected


def test_the_known_password_opens_it() -> None:
    """Django's form is PBKDF2 of `understudy`, checked with hashlib."""
    _, rounds, salt, wanted = password.DJANGO.split("$")
    made = hashlib.pbkdf2_hmac("sha256", password.KNOWN.encode(), salt.encode(), int(rounds))
    assert base64.b64encode(made).decode() == wanted


def test_the_policy_may_say_another(masked: Masked) -> None:
    """Whatever the original's form."""
    assert masked("password", ["x", "pbkdf2_sha256$1$a$b"], {"hash": "$argon2id$..."}) == ["$argon2id$..."] * 2


def test_the_form_is_kept(masked: Masked) -> None:
    """Hexadecimal digests of each usual length, and Django's."""
    forms = ["0" * 32, "0" * 40, "0" * 64, "0" * 128, "pbkdf2_sha256$1$a$b"]
    out = [str(text) for text in masked("password", forms)]
    assert [len(text) for text in out[:4]] == [32, 40, 64, 128]
    assert out[4] == password.DJANGO
