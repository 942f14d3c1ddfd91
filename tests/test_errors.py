"""The shape of an error."""

from __future__ import annotations

import pytest

from anonymizer.errors import AnonymizerError, CloneRefused
from understudy.errors import RefusedError, UnderstudyError, UnsafeError, UsageError


class ReadyError(UnderstudyError):
    """it is not ready

    More words, which are no part of the message.
    """


class SilentError(RefusedError):  # noqa: D101 - that is what is tried
    pass


def test_the_default_message_is_the_first_line_of_the_docstring() -> None:
    """What is said at the raise comes first; a class without words of its own inherits."""
    assert ReadyError().message == "it is not ready"
    assert ReadyError("not yet").message == "not yet"
    assert SilentError().message == "refused, nothing was touched"


def test_the_three_parts_are_three_lines() -> None:
    """As psql prints them; parts that are not there take no line."""
    assert (
        str(ReadyError(detail="It sleeps.", hint="Wake it.")) == "it is not ready\ndetail: It sleeps.\nhint: Wake it."
    )
    assert str(ReadyError(hint="Wake it.")) == "it is not ready\nhint: Wake it."
    assert str(ReadyError()) == "it is not ready"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnderstudyError, 1),
        (UsageError, 2),
        (UnsafeError, 3),
        (RefusedError, 4),
        (AnonymizerError, 1),
        (CloneRefused, 4),
    ],
)
def test_exit_codes(error: type[UnderstudyError | AnonymizerError], code: int) -> None:
    """Failed 1, misunderstood 2, no 3, refused 4; the anonymizer's own family has the same."""
    assert error.exit_code == code
    assert str(error(detail="D.", hint="H.")).endswith("\ndetail: D.\nhint: H.")
