"""How replicas are called, and the record in a database's comment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.replica import model
from understudy.replica.errors import ReplicaNameError


@pytest.mark.parametrize("name", ["mine", "a", "bug-1234", "x_y", "0", "a" * 44])
def test_names_that_will_do(name: str) -> None:
    """What fits into a database's name of 63 bytes and needs no quoting in a shell."""
    assert model.replica_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", "A", "a b", "ä", "a/b", "a" * 45, "a\n"])
def test_names_that_will_not(name: str) -> None:
    """Everything else is a usage error."""
    with pytest.raises(ReplicaNameError):
        model.replica_name(name)


@given(st.text(max_size=80))
def test_any_login_makes_a_name(login: str) -> None:
    """Whatever the operating system calls the user, their replica has a good name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model.getpass, "getuser", lambda: login)
        assert model.replica_name(model.default_name())


def test_a_user_id_without_a_name_still_makes_one() -> None:
    """In a container the user may have no entry in the list of users."""

    def nobody() -> str:
        raise OSError("no username")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model.getpass, "getuser", nobody)
        assert model.default_name() == "somebody"


def test_a_record_is_read_as_it_was_written() -> None:
    """Source, owner and time survive the comment."""
    record = model.Record.now("staging")
    assert model.Record.read(record.write()) == record
    assert record.created


@pytest.mark.parametrize(
    "comment", [None, "", "my own words", "{}", "[]", "3", '{"source": 1, "owner": 2, "created": 3}']
)
def test_a_comment_of_somebody_s_own_is_an_empty_record(comment: str | None) -> None:
    """A replica whose comment was changed is still a replica; only what it came from is forgotten."""
    assert model.Record.read(comment) == model.Record()
