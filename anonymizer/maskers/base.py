"""What a mask is: a vectorized function of strings under a key, and what it promises of its output.

A masker sees values as PostgreSQL holds them (not COPY's escapes), never NULL and never the empty string: the
pipeline keeps those apart. It has no state but its arguments, so the same values give the same output in any chunk,
any process and any order.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import polars as pl
import polars_hash as plh

from anonymizer.errors import PolicyError
from anonymizer.keys import Key
from anonymizer.odds import Spread
from anonymizer.subjects import Subject

if TYPE_CHECKING:
    from anonymizer.maskers.promises import Promise

TEXT = frozenset({"text"})
ANYTHING = frozenset(
    (
        "text",
        "json",
        "inet",
        "macaddr",
        "number",
        "time",
        "boolean",
        "uuid",
        "enum",
        "bytea",
        "xml",
        "tsvector",
        "hstore",
        "composite",
        "point",
        "other",
    )
)
INTEGERS: Mapping[str, int] = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1}
"""PostgreSQL's own names of the integer types, and the greatest number of each."""

TAG = 24
"""Hexadecimal digits that keep values apart: of 2**96 equally likely tags two of ten million meet once in 10**15."""


@dataclass(frozen=True)
class Mask:
    """A mask as a policy names it.

    Attributes:
        name: the mask's name.
        options: what the policy says beside the name.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Setting:
    """Where a mask works.

    Attributes:
        key: the secret.
        locale: Faker's name of a locale, such as `it_IT`.
        kind: what the column (or the array's element) holds: one of the words of `ANYTHING`.
        max_length: how many characters fit, None when it is not limited.
        codec: Python's name of the source's encoding; the output must be expressible in it.
        cidr: whether the column is of type cidr, whose host bits must be zero.
        base: PostgreSQL's own name of the type below any domain (int4, timestamptz, ...), empty where nobody knows.
        scale: how many digits a numeric(p, s) has behind the point, None where it does not say.
        precision: how many digits it has in all.
        fields: the names of a composite type's fields, in order.
    """

    key: Key
    locale: str = "en_US"
    kind: str = "text"
    max_length: int | None = None
    codec: str = "utf-8"
    cidr: bool = False
    base: str = ""
    precision: int | None = None
    scale: int | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """What a mask may see beside the values it masks: other columns of the same rows.

    Attributes:
        originals: the columns that the mask's `needs` names, as the source has them, null where NULL.
        masked: those that its `follows` names, as the clone will have them.
    """

    originals: Mapping[str, pl.Series] = field(default_factory=dict)
    masked: Mapping[str, pl.Series] = field(default_factory=dict)

    def gather(self, at: pl.Series) -> Row:
        """Some of the rows, in the order given."""
        return Row(
            {name: values.gather(at) for name, values in self.originals.items()},
            {name: values.gather(at) for name, values in self.masked.items()},
        )


class Digests:
    """The keyed digests of values in one join domain: what every choice of a mask is made from."""

    def __init__(self, key: Key, domain: str) -> None:
        """Derives the domain's own sub-key."""
        # polars-hash takes the key as text; 64 hexadecimal digits carry the same 32 bytes.
        self._key = key.subkey(f"domain/{domain}").hex()

    def hexadecimal(self, values: pl.Series) -> pl.Series:
        """HMAC-SHA256 of each value, as 64 hexadecimal digits."""
        name = values.name or "value"
        digest = plh.col(name).chash.hmac_sha256(key=self._key)
        return values.alias(name).to_frame().select(digest).to_series()


def number(digests: pl.Series, slot: int, below: int) -> pl.Series:
    """Numbers in [0, below) from one quarter of each digest; slot 0 to 3 are independent of each other.

    The bias of a 64-bit number taken modulo a few thousand is below 2**-50.
    """
    quarter = digests.str.slice(16 * slot, 16)
    if digests.null_count():
        return quarter.str.decode("hex").bin.reinterpret(dtype=pl.UInt64, endianness="big") % below
    # all of them at once: that takes a third of the time
    numbers = np.frombuffer(bytes.fromhex(quarter.str.join("").item() or ""), dtype=">u8").astype(np.uint64)
    return pl.Series(digests.name, numbers % np.uint64(below))


def digits(numbers: pl.Series, width: int) -> pl.Series:
    """Numbers as decimal text with leading zeros, `width` digits long."""
    return numbers.cast(pl.String).str.zfill(width)


class Masker(abc.ABC):
    """A mask made ready for one column.

    Class attributes:
        name: how policies name it.
        kinds: the kinds of column that it suits.
        options: the names of its options and the type each must have, beside `domain` and `unique`.
        required: the options that must be given.
        keeps_empty: whether the empty string stays empty; it tells nothing about anybody.
    """

    name: ClassVar[str]
    kinds: ClassVar[frozenset[str]] = TEXT
    options: ClassVar[Mapping[str, type]] = {}
    required: ClassVar[frozenset[str]] = frozenset()
    keeps_empty: ClassVar[bool] = True
    keeps_null: ClassVar[bool] = True
    """Whether NULL stays NULL, and nothing else becomes NULL."""
    never_empty: ClassVar[bool] = True
    """Whether no text that is not empty becomes empty."""
    aside: ClassVar[bool] = False
    """Whether it looks at other columns of the row: such a mask cannot stand inside a JSON document or the like."""
    searched: ClassVar[str] = "text"
    """How verification searches its originals in other columns: "always" if they are somebody's, "never" if they are
    nobody's (dates, amounts, places), "text" if each must tell by itself (docs/commands/verify.md)."""
    tagged: ClassVar[bool] = True
    """Whether its output means anything with a tag behind it, as `unique = true` adds one."""
    parted: ClassVar[bool] = False
    """Whether the masks of its parts do everything: it has no join domain of its own."""
    leaves_text: ClassVar[bool] = False
    """Whether it leaves some of a text as it is, so that an original found in its output was not made by chance."""
    injective: bool = False
    """Whether different values have different outputs: by a bijection, or by a digest in which nobody can find two that
    meet. Fit for a unique column."""
    folds: bool = False
    """Whether values that differ in more than case have outputs that do: fit for a unique index over lower(column)."""
    outputs: int | None = None
    """How many different outputs there are, all equally likely; None where that is not so. It tells the odds of a
    repetition."""
    keyless: ClassVar[bool] = False
    """Whether its output depends on no key, so that it can be counted how often it repeats itself."""
    needs: tuple[str, ...] = ()
    """Other columns of the row whose original values it needs."""
    follows: tuple[str, ...] = ()
    """Other columns of the row whose masked values it needs."""
    subjects: tuple[Subject, ...] = ()
    """Rows of other tables of which it needs columns; `needs` and `follows` have their `names` too."""

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Keeps the options and derives the digests of the join domain: the option `domain`, or the mask's name."""
        self.mask_options = mask.options
        self.setting = setting
        self.domain = str(mask.options.get("domain", self.name))
        self.digests = Digests(setting.key, self.domain)

    @abc.abstractmethod
    def mask(self, values: pl.Series) -> pl.Series:
        """The masked values, in the same order; each depends on its own input only."""

    def subkey(self, use: str) -> bytes:
        """32 bytes for a use of this mask's own, in its join domain."""
        return self.setting.key.subkey(f"{use}/{self.domain}")

    def mask_with(self, values: pl.Series, row: Row) -> pl.Series:
        """The same with other columns of the rows at hand; only masks that look aside differ."""
        return self.mask(values)

    def objection(self) -> str | None:
        """Why this mask does not suit its column although the kind is right; None where it does.

        It stands in a sentence behind "the mask NAME": "cannot shift an interval".
        """
        return None

    def parts(self, values: pl.Series) -> pl.Series:
        """What a value's output is drawn by, such as its shape: values of different parts never get one output."""
        return pl.repeat("", len(values), dtype=pl.String, eager=True)

    def spread(self, part: str = "") -> Spread | None:
        """The outputs that values of a part may get, by how likely they are; None where nobody can say.

        Empty for a part of which no two values ever get the same.
        """
        return None if self.outputs is None else {1: self.outputs}

    def promises(self) -> tuple[Promise, ...]:
        """What it leaves of the column's distribution, besides what `promises.of` says of all masks."""
        return ()

    def chance(self, values: pl.Series) -> pl.Series | None:
        """The most that the odds are, for each value, of being made of itself; None where nobody can say."""
        if self.mask_options.get("unique") or not self.draws:
            return None
        if not len(values):
            return pl.Series(dtype=pl.Float64)  # what replaces nothing leaves texts
        parts = self.parts(values)
        likeliest = {part: _likeliest(self.spread(part)) for part in parts.unique().to_list()}
        return parts.replace_strict(likeliest, return_dtype=pl.Float64)

    @property
    def draws(self) -> bool:
        """Whether every output is drawn from what can be counted."""
        return self.outputs is not None or type(self).spread is not Masker.spread

    def groups(self, values: pl.Series) -> list[tuple[Masker, pl.Series]]:
        """The parts of values that are masked, each with its mask: for most masks the values themselves.

        Verification compares the parts of the source's values with those of the clone's, group by group.
        """
        from anonymizer.maskers.forms import told_apart

        return [(self, told_apart(self.setting, values))]

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Which values this mask could have made without having seen them, as booleans.

        Verification asks for those that stand in the source as well: a fake name that somebody bears is a
        coincidence, anything else is a leak. The default knows of no coincidence.
        """
        return pl.repeat(False, len(values), dtype=pl.Boolean, eager=True)

    def fit(self, values: pl.Series) -> pl.Series:
        """Values cut to what the column holds."""
        limit = self.setting.max_length
        return values if limit is None else values.str.slice(0, limit)

    def unfit(self) -> str | None:
        """Why a document may not fit into its column, as `objection`: one that is cut is none."""
        limit = self.setting.max_length
        return None if limit is None else f"makes documents, which may not fit into {limit} characters"

    @classmethod
    def check(cls, mask: Mask, locale: str) -> None:  # noqa: ARG003 - some masks ask Faker
        """Refuse options that mean nothing.

        Raises:
            PolicyError: an option is unknown, missing, or of the wrong type.
        """
        known = {"domain": str, "unique": bool, **cls.options}
        if cls.parted:
            del known["domain"]
        for option, value in mask.options.items():
            if option not in known:
                raise PolicyError(
                    f"the mask {cls.name} has no option {option!r}",
                    detail=f"It knows {', '.join(sorted(known))}.",
                )
            wanted = (int, float) if known[option] is float else known[option]
            if not isinstance(value, wanted) or (isinstance(value, bool) and known[option] not in (bool, object)):
                raise PolicyError(
                    f"the option {option!r} of the mask {cls.name} has the wrong type",
                    detail=f"It must be {_TYPE_NAMES.get(known[option], known[option].__name__)}.",
                )
        if missing := sorted(cls.required - set(mask.options)):
            raise PolicyError(f"the mask {cls.name} needs the option {missing[0]!r}")


def _likeliest(spread: Spread | None) -> float:
    """How likely the likeliest output is; of outputs that nobody knows, any may be certain."""
    return max(spread) / sum(weight * count for weight, count in spread.items()) if spread else 1.0


_TYPE_NAMES = {
    str: "a text",
    bool: "true or false",
    dict: "a table",
    int: "a whole number",
    float: "a number",
    list: "a list",
}
