"""`entity`: free text in which somebody's own name, e-mail or phone becomes that person's same fake one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import ClassVar

import polars as pl

from anonymizer import subjects
from anonymizer.errors import PolicyError
from anonymizer.maskers.base import Mask, Masker, Row, Setting

_SHORTEST = 3
_OTHERS = ("redact", "text")


class Entity(Masker):
    """`columns` lists columns of the same row, `subject` those of a row of another table that this one refers to.

    Wherever one's value stands in the text, its masked value stands after. Case does not matter. A name of several
    words is also found word by word, if its masked form has as many. What is left goes through `others`: `redact` (the
    default) takes out what looks personal, `text` leaves no word at all. People that are neither of the row nor
    referred to by it keep their names under `redact`.
    """

    name = "entity"
    leaves_text = True
    options: ClassVar[Mapping[str, type]] = {"columns": list, "subject": object, "others": str}
    aside = True

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Makes the mask of the others ready."""
        from anonymizer.maskers import build

        super().__init__(mask, setting)
        self.subjects = subjects.of(mask.options)
        names = [*mask.options.get("columns", ()), *(name for one in self.subjects for name in one.names)]
        self.needs = self.follows = tuple(dict.fromkeys(names))
        inner = build(Mask(mask.options.get("others", "redact"), {"domain": f"entity/{self.domain}"}), setting)
        assert inner is not None  # noqa: S101 - only `keep` has no masker
        self._others = inner

    def mask(self, values: pl.Series) -> pl.Series:
        """Without a row at hand: the others' mask alone."""
        return self._others.mask(values)

    def mask_with(self, values: pl.Series, row: Row) -> pl.Series:
        """Texts in which the row's own values are replaced."""
        originals = [row.originals[column].to_list() for column in self.needs]
        masked = [row.masked[column].to_list() for column in self.follows]
        pieces: list[list[tuple[str, bool]]] = []
        for number, text in enumerate(values.to_list()):
            fakes = _fakes((o[number], m[number]) for o, m in zip(originals, masked, strict=True))
            pieces.append(list(_pieces(text, fakes)))
        rest = pl.Series([text for row_ in pieces for text, ours in row_ if not ours], dtype=pl.String)
        rest_masked = iter(self._others.mask(rest).to_list()) if len(rest) else iter(())
        out = ["".join(text if ours else next(rest_masked) for text, ours in row_) for row_ in pieces]
        return pl.Series(values.name, out, dtype=pl.String)

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether the others' mask could have left it."""
        return self._others.could_be_ours(values)

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:
        """As every mask, and somebody is named."""
        super().check(mask, locale)
        columns = mask.options.get("columns", [])
        if not all(isinstance(column, str) for column in columns):
            raise PolicyError("the option 'columns' of the mask entity must be a list of columns")
        if not columns and not subjects.of(mask.options):
            raise PolicyError(
                "the mask entity needs the option 'columns' or 'subject'",
                hint='Write columns = ["full_name"], or subject = "user_id -> public.users(name, email)".',
            )
        if mask.options.get("others", "redact") not in _OTHERS:
            raise PolicyError(f"the option 'others' of the mask entity must be one of {', '.join(_OTHERS)}")


def _fakes(pairs: Iterable[tuple[str | None, str | None]]) -> dict[str, str]:
    """What to look for, in lower case, and what to put there."""
    found: dict[str, str] = {}
    for original, masked in pairs:
        if not original or not original.strip():
            continue
        found.setdefault(original.lower(), masked or "")
        words, fakes = original.split(), (masked or "").split()
        if len(words) > 1:
            for place, word in enumerate(words):
                if len(word) >= _SHORTEST:
                    found.setdefault(word.lower(), fakes[place] if len(fakes) == len(words) else "")
    return found


def _pieces(text: str, fakes: Mapping[str, str]) -> list[tuple[str, bool]]:
    """The text in pieces: what was put there, and what stands between."""
    if not fakes:
        return [(text, False)]
    longest = sorted(fakes, key=len, reverse=True)
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in longest), re.IGNORECASE)
    pieces, at = [], 0
    for match in pattern.finditer(text):
        pieces += [(text[at : match.start()], False), (fakes.get(match[0].lower(), ""), True)]
        at = match.end()
    return [piece for piece in (*pieces, (text[at:], False)) if piece[0]]
