"""The key: mandatory, long enough, never shown."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from anonymizer import keys
from anonymizer.keys import Key, KeyMissing, KeyTooShort

SECRET = b"k3y-canary-0123456789abcdef-0123456789"


def test_sub_keys_of_different_uses_share_nothing() -> None:
    """And are the same wherever the key is: this one is pinned, so that no version changes what masks make."""
    key = Key(SECRET)
    assert key.subkey("domain/email") != key.subkey("domain/name")
    assert key.subkey("a").hex() == Key(bytes(SECRET)).subkey("a").hex()
    assert Key(bytes(range(32))).subkey("domain/email").hex() == (
        "4a5bd9c8efe773d913e1d84994b212455f5d7cd36401eca3ce36b0942f99a725"
    )


def test_the_text_of_a_key_is_not_the_key() -> None:
    """Nor is its fingerprint, which only tells two keys apart."""
    key = Key(SECRET)
    assert "canary" not in f"{key} {key!r} {key.fingerprint()}"
    assert key.fingerprint() != Key(SECRET + b"x").fingerprint()
    assert len(key.fingerprint()) == 16


def test_a_key_travels_to_a_worker() -> None:
    """By pickle, through a pipe."""
    assert pickle.loads(pickle.dumps(Key(SECRET))).subkey("a") == Key(SECRET).subkey("a")  # noqa: S301 - our own


def test_a_file_is_the_key_without_the_white_space_around_it(tmp_path: Path) -> None:
    """An editor's newline changes nothing; the file wins over the variable."""
    file = tmp_path / "key"
    file.write_bytes(b"\n" + SECRET + b" \n")
    assert keys.load(file, {"UNDERSTUDY_KEY": "x" * 40}).subkey("a") == Key(SECRET).subkey("a")
    assert keys.load(None, {"UNDERSTUDY_KEY": SECRET.decode()}).subkey("a") == Key(SECRET).subkey("a")


@pytest.mark.parametrize("environ", [{}, {"UNDERSTUDY_KEY": ""}])
def test_without_a_key_nothing_is_done(environ: dict[str, str]) -> None:
    """An empty variable is none: there is no empty salt here."""
    with pytest.raises(KeyMissing) as raised:
        keys.load(None, environ)
    assert raised.value.exit_code == 4
    assert "openssl rand" in str(raised.value)


def test_a_short_key_is_refused_without_being_shown(tmp_path: Path) -> None:
    """White space does not make it longer."""
    file = tmp_path / "key"
    file.write_text("canary" + " " * 40)
    for load in (lambda: keys.load(file), lambda: keys.load(None, {"UNDERSTUDY_KEY": "canary" * 5})):
        with pytest.raises(KeyTooShort) as raised:
            load()
        assert raised.value.exit_code == 4
        assert "canary" not in str(raised.value)


def test_a_key_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Missing, or a folder: exit 4, and the variable does not step in."""
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(KeyMissing) as raised:
            keys.load(path, {"UNDERSTUDY_KEY": "x" * 40})
        assert raised.value.exit_code == 4
