"""`ip`: an address that no host has."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from anonymizer.maskers import promises
from anonymizer.maskers.base import Mask, Masker, Setting, number
from anonymizer.maskers.prefixes import Prefixes
from anonymizer.maskers.promises import Promise


@functools.cache
def _halves() -> pl.Series:
    """Two octets as text, for each number of 16 bits: most columns hold plain IPv4 only, and this is quick."""
    return pl.Series([f"{half // 256}.{half % 256}" for half in range(65536)])


_LIKELY = r"^[0-9.]+(?:/[0-9]+)?$|^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:/[0-9]+)?$"


class Ip(Masker):
    """IPv4 becomes an address of 240.0.0.0/4, IPv6 one of 2001:db8::/32; a prefix length such as `/24` is kept.

    The first range is reserved and routed nowhere, the second is for documentation (RFC 3849). What is no address
    becomes an IPv4 address. In a cidr column the host bits are zero, as the type demands.

    With `prefix = true` two addresses that share their first n bits share the first n bits of what they become, and no
    two ever meet (as Crypto-PAn does). Those can be anybody's addresses: staging must not send to them.
    """

    name = "ip"
    searched = "always"
    folds = True
    kinds = frozenset({"text", "inet"})
    options: ClassVar[Mapping[str, type]] = {"prefix": bool}

    def __init__(self, mask: Mask, setting: Setting) -> None:
        """Derives the permutation's key."""
        super().__init__(mask, setting)
        self._prefixes = Prefixes(self.subkey("ip")) if mask.options.get("prefix") else None
        self.injective = self._prefixes is not None and setting.kind == "inet"
        self.outputs = None if self._prefixes else 2**28

    def mask(self, values: pl.Series) -> pl.Series:
        """An address of the same family for each value."""
        out = self._reserved(values)
        if self._prefixes is None:
            return out
        at = values.str.contains(_LIKELY).arg_true()
        images = self._prefixes.permute(values.gather(at), cidr=self.setting.cidr)
        return out.scatter(at, images.zip_with(images.is_not_null(), out.gather(at)))

    def _reserved(self, values: pl.Series) -> pl.Series:
        digests = self.digests.hexadecimal(values)
        if self.setting.cidr:
            return self._any(values, digests)
        address = number(digests, 0, 2**28) + 0xF0000000
        out = _halves().gather(address // 65536) + "." + _halves().gather(address % 65536)
        # few are more than four octets, and those take longer
        more = values.str.contains("[:/]").arg_true()
        return out.scatter(more, self._any(values.gather(more), digests.gather(more))) if len(more) else out

    def _any(self, values: pl.Series, digests: pl.Series) -> pl.Series:
        length = values.str.extract(r"/([0-9]{1,3})$").cast(pl.UInt8, strict=False)
        suffix = ("/" + length.cast(pl.String)).fill_null("")
        six = values.str.contains(":", literal=True)
        return self._six(digests, length).zip_with(six, self._four(digests, length)) + suffix

    def _four(self, digests: pl.Series, length: pl.Series) -> pl.Series:
        address = number(digests, 0, 2**28) + 0xF0000000
        if self.setting.cidr:
            shift = 32 - length.fill_null(32).clip(upper_bound=32).cast(pl.UInt64)
            address = (address // (shift * 0 + 2).pow(shift)) * (shift * 0 + 2).pow(shift)
        octets = [(address // 256**place % 256).cast(pl.String) for place in (3, 2, 1, 0)]
        return octets[0] + "." + octets[1] + "." + octets[2] + "." + octets[3]

    def _six(self, digests: pl.Series, length: pl.Series) -> pl.Series:
        """2001:db8 and 96 bits; in a cidr column 2001:db8::, of which every longer prefix leaves only zeros."""
        if self.setting.cidr:
            group = digests.str.slice(0, 4)
            whole = "2001:db8:" + group + "::"
            return whole.zip_with(length.fill_null(128) >= 48, pl.repeat("2001:db8::", len(digests), eager=True))
        groups = [digests.str.slice(4 * n, 4) for n in range(6)]
        text = pl.repeat("2001:db8", len(digests), eager=True)
        for group in groups:
            text = text + ":" + group
        return text

    def promises(self) -> tuple[Promise, ...]:
        """The family and the length of a prefix; with `prefix` which addresses share one."""
        if self.setting.kind != "inet":
            return ()
        shared = self._prefixes is not None and not self.setting.cidr
        return promises.FAMILY, *((promises.NETWORKS,) if shared else ())

    def chance(self, values: pl.Series) -> pl.Series | None:
        """Nobody can say. In a short prefix there is little to draw."""
        return None

    def could_be_ours(self, values: pl.Series) -> pl.Series:
        """Whether it is in one of the two ranges, or an eighth of all; with prefixes any of IPv4, so few."""
        if self._prefixes is not None:
            return ~values.str.contains(":", literal=True)
        return values.str.contains(r"^(24[0-9]|25[0-5])\.|^2001:0?db8:|/[0-3]$")
