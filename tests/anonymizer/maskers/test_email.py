"""The mask `email`."""

from __future__ import annotations

from collections.abc import Callable

from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["maria.rossi@acme.it", "g.verdi@studio-verdi.it"]
    expected = [
        "azecheletto.munasio.d89642745dd907ee11a8a0fb@example.org",
        "tarla.fagope.80ab43e96b6bcb1d67bb4d96@example.net",
    ]
    assert masked("email", values) == expected


def test_a_short_column_gets_what_fits(masked: Masked, masker: Made) -> None:
    """The names go first, then the tag is cut; what is left of it is the number of outputs, and it is said."""
    (short,) = masked("email", ["maria.rossi@acme.it"], max_length=38)
    assert short == "d89642745dd907ee11a8a0fb@example.com"
    assert masker("email", max_length=36).injective
    cut = masker("email", max_length=20)
    assert (cut.injective, cut.outputs) == (False, 16**8)


def test_nobody_gets_the_mail(masked: Masked) -> None:
    """All addresses are of RFC 2606's domains."""
    out = masked("email", [f"{n}@acme.it" for n in range(500)])
    assert {str(address).rpartition("@")[2] for address in out} == {"example.com", "example.net", "example.org"}
    assert len(set(out)) == 500
