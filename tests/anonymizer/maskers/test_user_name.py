"""The mask `user_name`."""

from __future__ import annotations

from collections.abc import Callable

from anonymizer.maskers import Masker

Masked = Callable[..., list[str | None]]
Made = Callable[..., Masker]


def test_golden_values(masked: Masked) -> None:
    """Pinned: the same key gives these on any machine, in any version."""
    values = ["mrossi85", "verdi"]
    expected = ["columbrandt_nileo_c211ccd8950a9e270879ec6c", "ezrano_gremezzano_dc4945e64db83b9f39896791"]
    assert masked("user_name", values) == expected


def test_the_tag_is_what_keeps_names_apart(masker: Made, masked: Masked) -> None:
    """With room for all of it the mask is injective; in a shorter column it is not, and says how many there are."""
    assert masker("user_name", max_length=25).injective
    short = masker("user_name", max_length=9)
    assert (short.injective, short.outputs) == (False, 16**8)
    assert masked("user_name", ["mrossi85"], max_length=9) == ["uc211ccd8"]
