"""The mask `url`."""

from __future__ import annotations

from collections.abc import Callable

Masked = Callable[..., list[str | None]]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["https://maria:pw@acme.it/u/rossi?id=7", "https://ACME.it/", "/profile/rossi"]
    expected = [
        "https://h1c4ae894747c6798.example.com/i/iargo?ce=4",
        "https://hdc2539611113ddcc.example.com/",
        "/yeoxhxk/atyzz",
    ]
    assert masked("url", values) == expected


def test_a_host_is_always_the_same(masked: Masked) -> None:
    """Whatever stands behind it; nothing of user, password or port is left."""
    one, other = masked("url", ["https://acme.it/a", "http://ACME.it/other?x=1"])
    assert str(one).split("/")[2] == str(other).split("/")[2]
    (out,) = masked("url", ["ftp://maria:secret@acme.it:2121/x"])
    assert "maria" not in str(out)
    assert "2121" not in str(out)
