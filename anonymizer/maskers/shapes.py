"""A keyed bijection on strings that keeps their shape: digits to digits, letters to letters, all else as it stands.

Only the letters and digits count: `12-34` and `1234` come out with the same four digits. The characters are cut in two
halves and go through a Feistel network whose addition is that of each character's own alphabet, so no range has to be
walked back into. A lane is what stands at one place in all values: the work is done lane by lane, not value by value.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from anonymizer.maskers.permutation import BATCH, BLOCK, ROUNDS, aes, from_bytes, numbers
from anonymizer.maskers.scripts import Scripts

_MANY_TEMPLATES = 64
_LONG = 64
"""From so many letters and digits on a value is worth a pass of its own."""
_NUMBER = 18
"""So many digits fit into 64 bits."""
_WORTH_CSV = 2000


@dataclass(frozen=True)
class Alphabet:
    """Classes of ASCII characters that are permuted among themselves; at most four, of at most 32 characters.

    A character's code is 64 times its class plus its number in it: two of a class added stay below the next class.
    Capitals, where they belong to it, have the codes of their small letters: what differs in more than case does so
    afterwards.
    """

    classes: tuple[bytes, ...]
    capitals: bool = False
    encode: bytes = field(init=False, repr=False)
    decode: bytes = field(init=False, repr=False)
    reduce: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Makes the tables for bytes.translate."""
        encode, decode, reduce = bytearray(256), bytearray(256), bytearray(256)
        for number, characters in enumerate(self.classes):
            for index, character in enumerate(characters):
                encode[character] = 64 * number + index
                if self.capitals:
                    encode[bytes((character,)).upper()[0]] = 64 * number + index
                decode[64 * number + index] = character
            for total in range(64):
                reduce[64 * number + total] = 64 * number + total % len(characters)
        for name, table in (("encode", encode), ("decode", decode), ("reduce", reduce)):
            object.__setattr__(self, name, bytes(table))

    @property
    def pattern(self) -> str:
        """A character of it, as a regular expression."""
        letters = "".join(characters.decode() for characters in self.classes)
        return "[" + "".join(dict.fromkeys(letters + letters.upper() if self.capitals else letters)) + "]"

    @functools.cached_property
    def both_cases(self) -> tuple[bytes, ...]:
        """The classes, capitals as classes of their own: a capital's number in its class is its small letter's."""
        return (*self.classes, *(c.upper() for c in self.classes if self.capitals and c.upper() != c))

    def wheel(self, number: int) -> bytes:
        """From a random byte to a number of the class. Not quite even; the bijection does not depend on it."""
        return bytes(byte * len(self.classes[number]) // 256 for byte in range(256))

    def where(self, number: int) -> bytes:
        """From a code to 0xFF if it is of the class, else 0."""
        return bytes(0xFF if code // 64 == number else 0 for code in range(256))


PLAIN = Alphabet((b"0123456789", b"abcdefghijklmnopqrstuvwxyz"), capitals=True)
_CAPITAL = bytes(0x20 if ord("A") <= byte <= ord("Z") else 0 for byte in range(256))
"""From a letter to the bit that makes it a capital."""
HEX = Alphabet((b"0123456789abcdef",))


class Shapes:
    """The bijection of one key and alphabet."""

    def __init__(self, key: bytes, alphabet: Alphabet = PLAIN, codec: str = "utf-8") -> None:
        """Takes the key; with the codec letters beyond ASCII stay expressible in it."""
        self._key = key
        self._alphabet = alphabet
        self._ciphers = [aes(key, f"shape/{number}") for number in range(ROUNDS)]
        self._scripts = Scripts(codec)

    def permute(self, values: pl.Series) -> pl.Series:
        """The image of each string; none is null."""
        values = values.rename("value")
        out = values.clone()
        ascii_only = values.str.len_bytes() == values.str.len_chars()
        other = self._alphabet.pattern
        length = values.str.replace_all(f"[^{other[1:]}", "").str.len_bytes()
        quick = ascii_only & (length <= _LONG)
        if len(slow := (~quick).arg_true()):
            out = out.scatter(slow, pl.Series([self._one(value) for value in values.gather(slow)], dtype=pl.String))
        frame = pl.DataFrame({"value": values, "at": pl.int_range(len(values), eager=True)}).filter(quick)
        for at, group in self._groups(frame):
            out = out.scatter(at, group)
        return out

    def _groups(self, frame: pl.DataFrame) -> Iterator[tuple[pl.Series, pl.Series]]:
        """Values of one template after another: where they stand, and their images."""
        template = frame["value"].str.replace_all(self._alphabet.pattern, "\0").alias("template")
        numeric = ~frame["value"].str.contains("[A-Za-z]") if self._alphabet is PLAIN else False
        frame = frame.with_columns(template, numeric=numeric)
        if template.n_unique() <= _MANY_TEMPLATES:
            for (text, digits), group in frame.group_by("template", "numeric", maintain_order=True):
                yield group["at"], self._of_template(str(text), group["value"], digits=bool(digits))
            return
        frame = frame.with_columns(count=template.str.count_matches("\0", literal=True))
        for (count, digits), group in frame.group_by("count", "numeric", maintain_order=True):
            bare = group["value"].str.replace_all(f"[^{self._alphabet.pattern[1:]}", "")
            images = self._of_template("\0" * int(str(count)), bare, digits=bool(digits)).to_list()
            merged = map(_merge, group["template"].to_list(), images)
            yield group["at"], pl.Series(list(merged), dtype=pl.String)

    def _of_template(self, template: str, values: pl.Series, *, digits: bool) -> pl.Series:
        """The images of values that all have their letters and digits where the template has NUL."""
        places = [place for place, character in enumerate(template) if character == "\0"]
        if not places:
            return values
        width, count = len(template), len(values)
        blob = str(values.str.join("").item()).encode()
        lanes = [blob[place::width].translate(self._alphabet.encode) for place in places]
        capitals = iter([blob[place::width].translate(_CAPITAL) for place in places])
        quick = digits and 2 <= len(lanes) <= _NUMBER
        images = iter(self._digits(lanes) if quick else self._lanes(lanes))
        out = [
            _cased(next(images).translate(self._alphabet.decode), next(capitals))
            if character == "\0"
            else character.encode() * count
            for character in template
        ]
        return strings(out, count)

    def _lanes(self, lanes: Sequence[bytes]) -> list[bytes]:
        """The images of values given as lanes of codes."""
        if len(lanes) == 1:
            return [lanes[0].translate(self._single())]
        batches = [
            self._batch([lane[start : start + BATCH] for lane in lanes]) for start in range(0, len(lanes[0]), BATCH)
        ]
        return [b"".join(parts) for parts in zip(*batches, strict=True)]

    def _batch(self, lanes: Sequence[bytes]) -> list[bytes]:
        middle = len(lanes) // 2
        halves = [list(lanes[:middle]), list(lanes[middle:])]
        classes = [[self._classes(lane) for lane in half] for half in halves]
        for number in range(ROUNDS):
            mine, other = number % 2, 1 - number % 2
            streams = self._streams(number, len(lanes), halves[other], len(halves[mine]))
            halves[mine] = [
                self._add(lane, stream, present)
                for lane, stream, present in zip(halves[mine], streams, classes[mine], strict=True)
            ]
        return [*halves[0], *halves[1]]

    def _digits(self, lanes: Sequence[bytes]) -> list[bytes]:
        """Digits alone are a number, and numbers are quicker."""
        total = pl.repeat(0, len(lanes[0]), dtype=pl.UInt64, eager=True)
        for lane in lanes:
            total = total * 10 + from_bytes(lane, pl.UInt8).cast(pl.UInt64)
        image = numbers(self._key, total, 10 ** len(lanes))
        out = []
        for power in reversed(range(len(lanes))):
            digit: bytes = (image // 10**power % 10).cast(pl.UInt8).implode().cast(pl.Binary).item()
            out.append(digit)
        return out

    def _single(self) -> bytes:
        """One character alone has no halves: each class is shuffled by the key."""
        table = bytearray(256)
        for number, characters in enumerate(self._alphabet.classes):
            order = sorted(
                range(len(characters)),
                key=lambda index, number=number: hashlib.sha256(self._key + bytes((number, index))).digest(),  # type: ignore[misc]
            )
            for index, image in enumerate(order):
                table[64 * number + index] = 64 * number + image
        return bytes(table)

    def _classes(self, lane: bytes) -> list[tuple[int, int]]:
        """The classes in a lane and where each of them is, as one number; only the class if it is alone."""
        present = {code // 64 for code in set(lane)}
        if len(present) == 1:
            return [(present.pop(), -1)]
        return [(number, int.from_bytes(lane.translate(self._alphabet.where(number)), "little")) for number in present]

    def _add(self, lane: bytes, stream: bytes, present: list[tuple[int, int]]) -> bytes:
        total = int.from_bytes(lane, "little")
        for number, where in present:
            added = int.from_bytes(stream.translate(self._alphabet.wheel(number)), "little")
            total += added if where == -1 else added & where
        return total.to_bytes(len(lane), "little").translate(self._alphabet.reduce)

    def _streams(self, number: int, length: int, half: Sequence[bytes], wanted: int) -> Iterator[bytes]:
        """Lanes of pseudo-random bytes that depend on the round, the length and all lanes of the other half.

        CBC-MAC over the half, whose header says how long it is; then a counter for more than 16 lanes.
        """
        cipher = self._ciphers[number]
        count = len(half[0])
        header = bytes((number,)) + length.to_bytes(3, "little")
        message: list[bytes | int] = [*header, *half]
        state = bytes(BLOCK * count)
        for start in range(0, len(message), BLOCK):
            block = bytearray(BLOCK * count)
            for place, lane in enumerate(message[start : start + BLOCK]):
                block[place::BLOCK] = lane if isinstance(lane, bytes) else bytes((lane,)) * count
            if start:
                mixed = int.from_bytes(block, "little") ^ int.from_bytes(state, "little")
                block = bytearray(mixed.to_bytes(len(block), "little"))
            state = cipher.encryptor().update(bytes(block))
        for start in range(0, wanted, BLOCK):
            out = state
            if start:
                counted = bytearray(state)
                counted[15::BLOCK] = state[15::BLOCK].translate(bytes(b ^ (start // BLOCK) for b in range(256)))
                out = cipher.encryptor().update(bytes(counted))
            yield from (out[place::BLOCK] for place in range(min(BLOCK, wanted - start)))

    def _one(self, value: str) -> str:
        """A long value, or one with letters beyond ASCII: the same network over a list of numbers."""
        sizes, codes, places = [], [], []
        for place, character in enumerate(value):
            found = self._scripts.find(character, self._alphabet.both_cases)
            if found is not None:
                places.append((place, found.alphabet))
                sizes.append(len(found.alphabet))
                codes.append(found.index)
        out = list(value)
        for image, (place, alphabet) in zip(self._network(codes, sizes), places, strict=True):
            out[place] = alphabet[image]
        return "".join(out)

    def _network(self, codes: list[int], sizes: list[int]) -> list[int]:
        middle = len(codes) // 2
        shape = b",".join(b"%d" % size for size in sizes)
        for number in range(ROUNDS):
            mine = range(middle) if number % 2 == 0 else range(middle, len(codes))
            other = codes[middle:] if number % 2 == 0 else codes[:middle]
            seen = b"%d/%b/%b" % (number, shape, b",".join(b"%d" % code for code in other))
            stream = hashlib.shake_128(self._key + seen).digest(8 * len(mine))
            for step, place in enumerate(mine):
                added = int.from_bytes(stream[8 * step : 8 * step + 8], "little")
                codes[place] = (codes[place] + added) % sizes[place]
        return codes


def strings(lanes: Sequence[bytes], count: int) -> pl.Series:
    """Strings from their lanes. A lane may have more bytes than one a value, if it is the same bytes in all."""
    widths = [len(lane) // count for lane in lanes]
    width = sum(widths) + 1
    blob = bytearray(width * count)
    blob[width - 1 :: width] = b"\n" * count
    at = 0
    for lane, size in zip(lanes, widths, strict=True):
        for part in range(size):
            blob[at + part :: width] = lane[part::size]
        at += size
    if count < _WORTH_CSV or any(control in lane[:64] for lane in lanes for control in (b"\n", b"\r", b"\1")):
        return pl.Series([blob[start : start + width - 1].decode() for start in range(0, len(blob), width)])
    read: Mapping[str, Any] = {
        "separator": "\1",
        "has_header": False,
        "quote_char": None,
        "empty_string_is_null": False,
    }
    return pl.read_csv(bytes(blob), schema={"value": pl.String}, **read).to_series()


def _cased(small: bytes, capitals: bytes) -> bytes:
    """Letters, some of them as capitals."""
    if not any(capitals):
        return small
    return (int.from_bytes(small, "little") ^ int.from_bytes(capitals, "little")).to_bytes(len(small), "little")


def _merge(template: str, image: str) -> str:
    characters = iter(image)
    return "".join(next(characters) if place == "\0" else place for place in template)
