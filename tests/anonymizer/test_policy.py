"""The policy: what it may say, and what it may not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from anonymizer import policy
from anonymizer.errors import PolicyError
from anonymizer.identifiers import TableName
from anonymizer.maskers import Mask

USERS = TableName("public", "users")


def test_a_policy_says_what_happens_to_each_column() -> None:
    """A mask by its name, or with options; "*" for all others; nothing for a column that nobody named."""
    rules = policy.parse(
        """
        version = 1
        locale = "it_IT"
        [tables."public.users"]
        id = "keep"
        full_name = { mask = "name", domain = "people" }
        [tables."public.genre"]
        "*" = "keep"
        [tables."public.log"]
        "*" = "drop-rows"
        """
    )
    assert rules.locale == "it_IT"
    assert rules.tables[USERS].mask_of("full_name") == Mask("name", {"domain": "people"})
    assert rules.tables[USERS].mask_of("added_last_week") is None
    assert rules.tables[TableName("public", "genre")].mask_of("anything") == Mask("keep")
    assert rules.tables[TableName("public", "log")].drops_rows
    assert not rules.tables[USERS].drops_rows


def test_there_is_no_default() -> None:
    """A policy without tables lets nothing leave."""
    assert not policy.parse("version = 1").tables


def test_a_table_is_named_as_sql_would_write_it() -> None:
    """Quoted parts as they are, others in lower case."""
    text = """version = 1\n[tables.'"Sales 24"."Orders"']\n"*" = "keep"\n[tables."PUBLIC.Users"]\n"*" = "keep\""""
    assert set(policy.parse(text).tables) == {TableName("Sales 24", "Orders"), USERS}


def test_the_digest_is_of_the_file_to_the_byte(policy_file: Callable[[str], Path]) -> None:
    """The attestation names the policy by the SHA-256 that sha256sum would print."""
    text = 'version = 1\n# Zoë decided\n[tables."public.users"]\nid = "keep"\n'
    path = policy_file(text)
    assert policy.load(path).digest == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = ", "not TOML"),
        ('version = 1\n[tables."public.t"]\na = "keep"\na = "keep"', "not TOML"),
        ("", "does not say its version"),
        ("version = 2", "version 2"),
        ("version = true", "version True"),
        ("version = 1.0", "version 1.0"),
        ('version = "1"', "version '1'"),
        ("version = 1\ntabels = 1", "unknown key 'tabels'"),
        ("version = 1\nlocale = 1", "locale must be a text"),
        ('version = 1\nlocale = "xx_XX"', "no locale 'xx_XX'"),
        ('version = 1\nlocale = "../pools/it_IT"', "no locale"),
        ("version = 1\ntables = 1", "tables a table"),
        ('version = 1\n[tables]\n"public.t" = "keep"', "not a table"),
        ('version = 1\n[tables.users]\nid = "keep"', "names no table"),
        ('version = 1\n[tables."a.b.c"]\nid = "keep"', "names no table"),
        ('version = 1\n[tables."public.t"]\na="keep"\n[tables.\'public."t"\']\na="keep"', "named twice"),
        ('version = 1\n[tables."public.t"]\na = "emial"', "no mask 'emial'"),
        ('version = 1\n[tables."public.t"]\na = 1', "a mask is a name"),
        ('version = 1\n[tables."public.t"]\na = { options = 1 }', "a mask is a name"),
        ('version = 1\n[tables."public.t"]\na = { mask = "email", lenght = 3 }', "no option 'lenght'"),
        ('version = 1\n[tables."public.t"]\na = { mask = "email", unique = 1 }', "wrong type"),
        ('version = 1\n[tables."public.t"]\na = "constant"', "needs the option 'value'"),
        ('version = 1\n[tables."public.t"]\na = { mask = "keep", unique = true }', "keep has no options"),
        ('version = 1\n[tables."public.t"]\na = { mask = "faker", provider = "jbo" }', "cannot make 'jbo'"),
        ('version = 1\n[tables."public.t"]\na = "drop-rows"', "about whole tables"),
        ('version = 1\n[tables."public.t"]\n"*" = "drop-rows"\na = "keep"', "about whole tables"),
    ],
)
def test_what_means_nothing_is_refused(text: str, said: str) -> None:
    """Each with what is wrong, as usage: exit code 2."""
    with pytest.raises(PolicyError) as raised:
        policy.parse(text)
    assert said in str(raised.value)
    assert raised.value.exit_code == 2


def test_the_error_says_in_which_file_table_and_column(policy_file: Callable[[str], Path]) -> None:
    """And what was probably meant."""
    path = policy_file('version = 1\n[tables."public.users"]\nmail = "emial"')
    with pytest.raises(PolicyError) as raised:
        policy.load(path)
    assert raised.value.detail
    assert raised.value.detail.startswith(f"{path}: public.users, column 'mail'.")
    assert raised.value.hint == "Did you mean 'email'?"


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    """Is the same family of error, with the file's name."""
    (tmp_path / "latin1.toml").write_bytes(b"version = 1 # \xe9")
    for name in ("missing.toml", "latin1.toml"):
        with pytest.raises(PolicyError, match="cannot be read") as raised:
            policy.load(tmp_path / name)
        assert name in str(raised.value)
