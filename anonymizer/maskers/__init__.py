"""The masks by name: parsed from a policy, checked, built for a column, applied.

A new mask is a file of this folder, a line in `_MODULES`, a page in docs/masks and a test module, all of one name.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping

import polars as pl

from anonymizer.errors import PolicyError
from anonymizer.maskers.base import TAG, Mask, Masker, Row, Setting
from anonymizer.maskers.forms import told_apart
from anonymizer.odds import Spread

KEEP = "keep"
DROP_ROWS = "drop-rows"
UNKNOWN = "?"
"""What `policy init` writes where it does not know. It refuses to clone."""

_MODULES = {
    "null": "null.Null",
    "constant": "constant.Constant",
    "email": "email.Email",
    "user_name": "user_name.UserName",
    "first_name": "first_name.FirstName",
    "last_name": "last_name.LastName",
    "name": "name.Name",
    "phone": "phone.Phone",
    "birth_date": "birth_date.BirthDate",
    "address": "address.Address",
    "street": "street.Street",
    "city": "city.City",
    "postcode": "postcode.Postcode",
    "country": "country.Country",
    "geo": "geo.Geo",
    "company": "company.Company",
    "job": "job.Job",
    "ip": "ip.Ip",
    "mac": "mac.Mac",
    "url": "url.Url",
    "user_agent": "user_agent.UserAgent",
    "uuid": "uuid.Uuid",
    "national_id": "national_id.NationalId",
    "iban": "iban.Iban",
    "card": "card.Card",
    "fpe": "fpe.Fpe",
    "password": "password.Password",
    "token": "token.Token",
    "date_shift": "date_shift.DateShift",
    "date_trunc": "date_trunc.DateTrunc",
    "noise": "noise.Noise",
    "bucket": "bucket.Bucket",
    "rank": "rank.Rank",
    "text": "text.Text",
    "redact": "redact.Redact",
    "entity": "entity.Entity",
    "json": "json.Json",
    "composite": "composite.Composite",
    "hstore": "hstore.Hstore",
    "tsvector": "tsvector.Tsvector",
    "bytea": "bytea.Bytea",
    "xml": "xml.Xml",
    "generalize": "generalize.Generalize",
    "faker": "faker.FakerProvider",
    "python": "python.Python",
}

NAMES = (KEEP, DROP_ROWS, *_MODULES)


def parse(spec: object) -> Mask:
    """A mask from what stands in a policy: a name, or a table with `mask` and options.

    Raises:
        PolicyError: it is neither.
    """
    if isinstance(spec, str):
        return Mask(spec)
    if isinstance(spec, Mapping) and isinstance(spec.get("mask"), str):
        return Mask(spec["mask"], {name: value for name, value in spec.items() if name != "mask"})
    raise PolicyError(
        "a mask is a name, or a table that says mask = its name",
        hint='Write email = "email", or full_name = { mask = "name" }.',
    )


def find(name: str) -> type[Masker]:
    """The class of a mask.

    Raises:
        PolicyError: there is none of that name.
    """
    if name not in _MODULES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        raise PolicyError(
            f"there is no mask {name!r}",
            detail=f"The masks are {', '.join(NAMES)}.",
            hint=f"Did you mean {near[0]!r}?" if near else None,
        )
    module, _, cls = _MODULES[name].partition(".")
    found: type[Masker] = getattr(importlib.import_module(f"anonymizer.maskers.{module}"), cls)
    return found


def check(mask: Mask, locale: str) -> None:
    """Refuse a mask that does not exist, or whose options mean nothing.

    Raises:
        PolicyError: with what it should be.
    """
    if mask.name in (KEEP, DROP_ROWS, UNKNOWN):
        if mask.options:
            raise PolicyError(f"{mask.name} has no options")
        return
    find(mask.name).check(mask, locale)


_PARTS = ("paths", "keys", "fields", "elements")
"""Options that hold masks."""


def undecided(mask: Mask) -> bool:
    """Whether a question mark stands in a mask, be it at a path, a key or a field inside."""
    specs = [spec for part in _PARTS for spec in mask.options.get(part, {}).values()]
    inner = [parse(spec) for spec in (*specs, mask.options.get("others")) if _is_spec(spec)]
    return mask.name == UNKNOWN or any(map(undecided, inner))


def _is_spec(spec: object) -> bool:
    return isinstance(spec, str) or (isinstance(spec, Mapping) and isinstance(spec.get("mask"), str))


def build(mask: Mask, setting: Setting) -> Masker | None:
    """A mask made ready for a column; None for `keep`, which does nothing."""
    return None if mask.name == KEEP else find(mask.name)(mask, setting)


def apply(masker: Masker, values: pl.Series, row: Row | None = None) -> pl.Series:
    """Mask a column's values: NULL stays NULL, the empty string stays empty, the result fits the column.

    Args:
        masker: the mask, made ready.
        values: strings as PostgreSQL holds them, null where NULL.
        row: the other columns that the mask looks at.

    Returns:
        As many strings, in the same order.
    """
    if not len(values):
        return values
    values = told_apart(masker.setting, values)
    touched = values.is_not_null()
    if masker.keeps_empty:
        touched &= values.fill_null("") != ""
    if touched.all():
        return _finish(masker, values, row).alias(values.name)
    at = touched.arg_true()
    if len(at) == 0:
        return values
    return values.clone().scatter(at, _finish(masker, values.gather(at), row.gather(at) if row else None))


_SAMPLE = 1000
"""How many values tell whether a column repeats itself; fewer are masked one by one."""


def _finish(masker: Masker, values: pl.Series, row: Row | None) -> pl.Series:
    if row or len(values) <= _SAMPLE or values.head(_SAMPLE).n_unique() > _SAMPLE // 2:
        return _each(masker, values, row)
    # a mask costs several times what it costs to find equal values, and gives them equal outputs
    unique = values.unique()
    pairs = pl.DataFrame({"value": unique, "masked": _each(masker, unique, None)})
    found = values.alias("value").to_frame().join(pairs, on="value", how="left", maintain_order="left")
    return found.get_column("masked")


def _each(masker: Masker, values: pl.Series, row: Row | None) -> pl.Series:
    masked = masker.mask_with(values, row) if row else masker.mask(values)
    if masker.mask_options.get("unique"):
        limit = masker.setting.max_length
        if limit is not None:
            masked = masked.str.slice(0, max(0, limit - _SUFFIX - 1))
        # 96 bits of another digest than the one that chose the value
        masked = masked + "-" + masker.digests.hexadecimal(values + "\0unique").str.slice(0, _SUFFIX)
    return masker.fit(masked)


_SUFFIX = TAG


def outputs(masker: Masker) -> int | None:
    """How many different values a mask can put into its column, None where that is enough or nobody can say."""
    if masker.mask_options.get("unique"):
        limit = masker.setting.max_length
        return None if limit is None or limit > _SUFFIX else int(16 ** max(0, limit - 1))
    return masker.outputs


def spread(masker: Masker, part: str = "") -> Spread | None:
    """The outputs that values of a part may get, by how likely they are, `unique = true` considered."""
    if masker.mask_options.get("unique"):
        found = outputs(masker)
        return None if found is None else {1: found}
    return masker.spread(part)


def never_repeats(masker: Masker) -> bool:
    """Whether different values have different outputs in the column as it is, `unique = true` considered."""
    if masker.mask_options.get("unique"):
        return outputs(masker) is None
    return masker.injective


def plainly_apart(masker: Masker) -> bool:
    """Whether outputs differ in letters and digits of ASCII, whatever a collation makes of case and accents."""
    return masker.name in ("null", "email", "user_name") or bool(masker.mask_options.get("unique"))


__all__ = [
    "DROP_ROWS",
    "KEEP",
    "NAMES",
    "UNKNOWN",
    "Mask",
    "Masker",
    "Row",
    "Setting",
    "apply",
    "build",
    "check",
    "never_repeats",
    "outputs",
    "parse",
    "plainly_apart",
    "spread",
    "undecided",
]
